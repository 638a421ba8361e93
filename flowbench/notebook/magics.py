"""Magics: `%%blueprint` and `%flowbench` (`%fb`): thin words over blueprint.load, launch, resume and debug."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import display

from flowbench import blueprint as bp
from flowbench.cancel import AbortReason
from flowbench.notebook import agents, arguments, still, tool_words
from flowbench.notebook.attendant import Attendant
from flowbench.notebook.completion import blueprint_names
from flowbench.notebook.errors import UsageError, did_you_mean
from flowbench.notebook.grid import grid
from flowbench.notebook.help import TEXT
from flowbench.notebook.own_lines import only_own_lines
from flowbench.notebook.place import is_headless, kernel_of
from flowbench.notebook.recent import Recent
from flowbench.notebook.show import Show, show
from flowbench.notebook.stepper import line as pause_line
from flowbench.notebook.stepper import write
from flowbench.notebook.terminals import terminal
from flowbench.notebook.tool_magics import ToolMagics
from flowbench.runtime import Debugger, PastRun, Pause, Run, debug, explain, launch, rerun, resume, runs, waiting

T = TypeVar("T")

QUICK_SECONDS = 0.1  # a run that ends within this shows its still output at once, without a panel that flashes by
LISTED = 20
FINDINGS = 5  # of lint, below a cell


class StillRunning(KeyboardInterrupt):
    """The second interrupt: the cell gives up waiting, although the run has not ended."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


@magics_class
class FlowMagics(Magics):
    """The magics of one shell."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell
        self._variables: dict[str, Any] = shell.user_ns
        self.recent = Recent(self._variables)
        self._tools = ToolMagics(self._variables)
        self.attendant = Attendant(shell, lambda run: show(run, shell).begin())

    @no_var_expand
    @cell_magic
    def blueprint(self, line: str, cell: str) -> None:
        """%%blueprint NAME [--show]: leave the cell (YAML, JSON or Python) as a Blueprint in the variable NAME."""
        name, is_shown, language = arguments.blueprint_line(line)
        if language == "python" or (not language and bp.is_python(cell)):
            file = f"<blueprint {name}>"
            try:
                read = bp.run_body(cell, name, self._variables, file=file, line=2)
            except Exception as error:  # whatever the person's code raises; it is raised on
                only_own_lines(error, file, self._shell)
                raise
        else:
            text = "\n" + cell  # an empty line where the magic stands: errors then name the line that the person sees
            read = bp.load(text, format=language or ("json" if cell.lstrip().startswith("{") else "yaml"), name=name)
        self._variables[name] = read
        if is_shown:
            _put(still.of_blueprint(read))
        else:
            print(still.outline(read))
        told = [finding for finding in bp.lint(read) if finding.level != "note"]
        for finding in told[:FINDINGS]:
            print(finding)
        if len(told) > FINDINGS:
            print(f"and {len(told) - FINDINGS} more; `%fb lint {name}` lists them all")

    @no_var_expand
    @line_magic
    def flowbench(self, line: str) -> Any:
        """%flowbench, short %fb: run, step, graph, list, resume and abort. `%fb help` lists the words."""
        return self._do(line)

    @no_var_expand
    @line_magic
    def fb(self, line: str) -> Any:
        """Short for %flowbench."""
        return self._do(line)

    def _do(self, line: str) -> Any:
        name, given, text = arguments.command(line, tool_words.USAGE)
        if name in tool_words.USAGE:
            return self._tools.do(name, text)
        if name == "help":
            return print(TEXT)
        if name == "step":
            return self._step(text)
        if name == "terminal":
            return self._terminal(text)
        options = arguments.parse(name, given)
        return getattr(self, f"_{name}")(options)

    # -- the words

    def _run(self, options: Any) -> None:
        blueprint = self._blueprint(options.name)
        ctx = arguments.value(options.ctx, self._variables)
        how: Any = {"timeout": options.timeout, "limit": options.limit, "durability": options.durability}
        how |= {"check": options.check, **arguments.people(options, self._variables)}
        if options.step:
            with self.attendant.launching() as shows:
                debugger = debug(blueprint, ctx, **how)
                shows(debugger.run)
            self.recent.debugger = debugger
            self._keep(debugger.run, options.out)
            self._start_stepping(debugger, options.on_abort)
            return
        self._follow(lambda: launch(blueprint, ctx, **how), options)

    def _resume(self, options: Any) -> None:
        how: Any = {"timeout": options.timeout, "limit": options.limit}
        how |= arguments.people(options, self._variables)
        self._follow(lambda: resume(self._run_id(options.id), **how), options)

    def _rerun(self, options: Any) -> None:
        blueprint = None if options.name is None else self._blueprint(options.name)
        how: Any = {"blueprint": blueprint, "timeout": options.timeout, "limit": options.limit}
        how |= {"patch": dict(options.patch or ()), **arguments.people(options, self._variables)}
        self._follow(lambda: rerun(self._run_id(options.id), options.at, **how), options)

    def _follow(self, begin: Callable[[], Run], options: Any) -> None:
        with self.attendant.launching() as shows:
            run = begin()
            shows(run)
        self._keep(run, options.out)
        self._watch(run, options)

    def _run_id(self, name: str) -> str:
        """Of a run that is named by its id or by a variable."""
        held = self._variables.get(name)
        return held.id if isinstance(held, (Run, PastRun)) else name

    def _graph(self, options: Any) -> None:
        if self.recent.is_run(options.name) and not isinstance(self._variables.get(options.name), bp.Blueprint):
            _put(still.of_run(self.recent.look_up(options.name)))
        else:
            _put(still.of_blueprint(self._blueprint(options.name)))

    def _lint(self, options: Any) -> None:
        levels = {rule: level for level in arguments.LINT_LEVELS for rule in getattr(options, level)}
        found = self._leave(bp.lint(self._blueprint(options.name), levels=levels), options.out)
        if found:
            _put({"text/html": found._repr_html_(), "text/plain": str(found)})
        else:
            print("nothing odd was found")

    def _explain(self, options: Any) -> None:
        ctx = arguments.value(options.ctx, self._variables)
        how: Any = arguments.people(options, self._variables)
        told = self._leave(explain(self._blueprint(options.name), ctx, **how), options.out)
        _put({"text/html": told._repr_html_(), "text/plain": repr(told)})

    def _agents(self, options: Any) -> None:
        names = blueprint_names(self._variables) if options.name is None else [options.name]
        rows = agents.listing(bp.functions, {name: self._blueprint(name) for name in names}, self._place_of)
        if options.name is not None:
            rows = [row for row in rows if row.used_by]
        self._leave([row._asdict() for row in rows], options.out)
        if rows:
            _put(grid(("agent", "runs as", "takes", "defined", "used by"), rows))
        else:
            print("no agent is registered yet; put @fb.agent above a function")

    def _ctx(self, options: Any) -> Any:
        run, moments = self._looked_at(options.words)
        if len(moments) > 1:
            raise UsageError(f"one step at a time; `%fb diff {' '.join(moments)}` shows what changed between two")
        if moments:
            return self._leave(run.ctx_frame(moments[0]), options.out)
        return self._leave(run.ctx if options.words else self.recent.latest_ctx(), options.out)

    def _diff(self, options: Any) -> Any:
        run, moments = self._looked_at(options.words)
        return self._leave(run.diff(*moments), options.out)

    def _looked_at(self, words: list[str]) -> tuple[Run | PastRun, list[Any]]:
        """The run that the words are about, and its moments or the run to compare it with."""
        moments: list[Any] = []
        runs: list[Run | PastRun] = []
        for word in words:
            if arguments.is_moment(word) and not isinstance(self._variables.get(word), (Run, PastRun)):
                moments.append(word)
            elif moments or len(runs) == 2 or (runs and not self.recent.is_run(word)):
                raise UsageError(
                    f"`{word}` is no step; first the run, then steps by their address, such as 0 or 2.f1.0"
                )
            else:
                runs.append(self.recent.look_up(word))
        return (runs or [self.recent.latest()])[0], [*runs[1:], *moments]

    def _runs(self, options: Any) -> None:
        known = self._leave(runs(), options.out)
        for info in known[:LISTED]:
            started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(info.started))
            steps = f"{info.steps:>6} {'step ' if info.steps == 1 else 'steps'}"
            facts = f"{info.state:<11}  {steps}  {info.seconds:>8.2f} s"
            print(f"{info.id}  {started}  {facts}  {info.blueprint}")
        if len(known) > LISTED:
            print(f"and {len(known) - LISTED} older ones; `flowbench runs --all` in a terminal lists them")
        if not known:
            print("no run is recorded yet")

    def _abort(self, options: Any) -> None:
        run = self.recent.live() if options.id is None else self.recent.find(options.id)
        if run is None:
            print("no run is live")
        elif run.abort(AbortReason.USER, by="cell"):
            print(f"asked {run.id} to stop")
        else:
            print(f"{run.id} is {run.state if run.has_ended else 'stopping'} already")

    def _step(self, text: str) -> None:
        action, path, value = arguments.step_line(text)
        debugger = self.recent.debugger
        if debugger is None:
            raise UsageError("nothing is stepped here; start with `%fb run NAME --step`")
        if debugger.run.has_ended and action != "abort":
            raise UsageError(f"the stepped run has ended: {debugger.run.summary()}")
        if action == "next":
            self._tell(debugger, debugger.next())
        elif action == "go":
            debugger.go()
            debugger.run.wait()
            print(debugger.run.summary())
        elif action == "abort":
            debugger.abort(by="cell")
            debugger.run.wait()
            print(debugger.run.summary())
        else:
            try:
                print(pause_line(write(debugger, path, value)))
            except json.JSONDecodeError as error:
                raise UsageError(f"the value is no JSON: {error}") from None

    def _terminal(self, command: str) -> None:
        self._variables["terminal"] = terminal(command or None)

    # -- what they share

    def _blueprint(self, name: str) -> bp.Blueprint:
        found = self._variables.get(name)
        if isinstance(found, bp.Blueprint):
            return found
        if bp.is_stored(name):
            return bp.stored(name, bp.GitStore()).value
        known = blueprint_names(self._variables)
        what = "no Blueprint is called" if found is None else "no Blueprint but something else is called"
        raise UsageError(f"{what} `{name}`{did_you_mean(name, known) or '; write one with `%%blueprint NAME`'}")

    def _keep(self, run: Run, out: str | None) -> None:
        self.recent.add(run)
        self._variables["run"] = run
        self._leave(run, out)

    def _leave(self, value: T, out: str | None) -> T:
        """Put a value into the variable that --out names, if it names one."""
        if out is not None:
            self._variables[out] = value
        return value

    def cell_of(self, file: str) -> str:
        """`In[3]` for the code of a cell, else ""."""
        cells = getattr(self._shell.compile, "_filename_map", {})  # IPython has no public way to ask
        return f"In[{cells[file]}]" if file in cells else ""

    def _place_of(self, file: str) -> str:
        """Its cell, or a path in short."""
        return self.cell_of(file) or (
            os.path.relpath(file)
            if file.startswith(os.getcwd() + os.sep)
            else file.replace(os.path.expanduser("~"), "~")
        )

    def _watch(self, run: Run, options: Any) -> None:
        shown = show(run, self._shell)
        if options.bg:
            shown.begin()
        else:
            self._wait(run, shown, options.on_abort)

    def _wait(self, run: Run, shown: Show, on_abort: str) -> None:
        try:
            with waiting.interrupt_aborts(run.token):  # also while the panel opens, between the two waits
                if run.wait(QUICK_SECONDS):
                    shown.begin_at_end()
                else:
                    shown.begin()
                    run.wait()
                    shown.finish()
        except KeyboardInterrupt:
            raise StillRunning(f"no longer waiting for {run.id}, which is {run.state}") from None
        if run.state == "done" or (run.state == "cancelled" and on_abort == "continue"):
            return
        _raise_outcome(run)

    def _start_stepping(self, debugger: Debugger, on_abort: str) -> None:
        shown = show(debugger.run, self._shell, debugger)
        if is_headless():
            self._step_through(debugger)
            shown.begin_at_end()
            if not (debugger.run.state == "cancelled" and on_abort == "continue"):
                _raise_outcome(debugger.run)
        elif kernel_of(self._shell) is None:
            self._tell(debugger, debugger.wait())
        else:
            shown.begin()

    def _step_through(self, debugger: Debugger) -> None:
        pause = debugger.wait()
        while pause is not None:
            print(pause_line(pause))
            pause = debugger.next()

    def _tell(self, debugger: Debugger, pause: Pause | None) -> None:
        print(debugger.run.summary() if pause is None else pause_line(pause))


def _put(bundle: still.Bundle) -> None:
    display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _raise_outcome(run: Run) -> None:
    """RunFailed or RunCancelled, which a cell shows as one tidy line; nothing for a run that is done."""
    run.result()
