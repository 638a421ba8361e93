"""Extension: what `%load_ext flowbench` puts into a shell, and how it is taken out again."""

from __future__ import annotations

from typing import Any

from flowbench import tools
from flowbench.blueprint import Blueprint
from flowbench.engine import StepRecord
from flowbench.notebook import farewell, picture, results, still, unattended, waking
from flowbench.notebook.attendant import Attendant
from flowbench.notebook.body import MAGIC, complete_body
from flowbench.notebook.completion import complete_line
from flowbench.notebook.flowctl_magic import FlowctlMagics, Verbs, completions
from flowbench.notebook.magics import FlowMagics
from flowbench.notebook.place import is_headless, kernel_of
from flowbench.notebook.recent import Recent
from flowbench.notebook.tap import tap
from flowbench.notebook.terminals import show_session
from flowbench.runtime import PastRun, Run, attendants, errors, launched, prints, waiting
from flowbench.tools import aio

LINE_MAGICS = ("fb", "flowbench", "flowctl")
REPRS: dict[type, Any] = {
    Blueprint: lambda value: still.of_blueprint(value) | picture.svg(value),
    PastRun: lambda value: still.of_run(value) | picture.svg(value.blueprint, value),
    Run: lambda value: still.of_run(value) | picture.svg(value.blueprint, value),
    StepRecord: still.of_step,
}
SESSIONS = (tools.PtySession, aio.PtySession)  # shown live
MATCHERS = LINE_MATCHER, BODY_MATCHER, FLOWCTL_MATCHER = "flowbench_line", "flowbench_body", "flowbench_flowctl"


def load_ipython_extension(shell: Any, verbs: Verbs | None = None) -> None:
    """Register magics, completion, rich reprs (Blueprint, Run, StepRecord, results of tools), the tap and `unattended`.

    verbs: of flowctl; without them there is no %flowctl. Loading again is harmless.
    """
    magics = FlowMagics(shell)
    shell.register_magics(magics)
    _forget_recent()
    launched.append(magics.recent.heard)
    _forget_matchers(shell)
    shell.Completer.custom_matchers += [_line_matcher(shell, magics), _body_matcher(magics)]
    if verbs is not None:
        shell.register_magics(FlowctlMagics(shell, verbs))
        shell.Completer.custom_matchers.append(_flowctl_matcher(verbs))
    reprs = shell.display_formatter.mimebundle_formatter
    for type, bundle in (REPRS | results.reprs()).items():
        reprs.for_type(type, lambda value, bundle=bundle, **_: bundle(value))
    for session in SESSIONS:
        shell.display_formatter.ipython_display_formatter.for_type(session, show_session)
    seen = tap(kernel_of(shell))
    if seen is not None and seen.pump not in waiting.pumps:
        waiting.pumps.append(seen.pump)
    if kernel_of(shell) is not None:
        waking.wake_by_signals()
        farewell.hush()
    # In a kernel the panel and the still output show what steps print; a terminal has only its own lines for that.
    prints.passes_on = kernel_of(shell) is None
    errors.cell_of = magics.cell_of
    _attend(magics.attendant)
    if is_headless():
        unattended.install(shell).shown = magics.recent.added


def unload_ipython_extension(shell: Any) -> None:
    """Take out what was put in. The tap stays on the kernel, where without a panel it looks at nothing."""
    for name in LINE_MAGICS:
        shell.magics_manager.magics["line"].pop(name, None)
    shell.magics_manager.magics["cell"].pop("blueprint", None)
    _forget_recent()
    _forget_matchers(shell)
    for type in REPRS | results.reprs():
        shell.display_formatter.mimebundle_formatter.pop(type, None)
    for session in SESSIONS:
        shell.display_formatter.ipython_display_formatter.pop(session, None)
    prints.passes_on = True
    errors.cell_of = lambda _: ""
    seen = tap(kernel_of(shell))
    if seen is not None and seen.pump in waiting.pumps:
        waiting.pumps.remove(seen.pump)
    _attend(None)
    waking.sleep_on()
    farewell.speak()
    unattended.uninstall()


def _attend(attendant: Attendant | None) -> None:
    """This one, and no other of a notebook."""
    attendants[:] = [each for each in attendants if not isinstance(each, Attendant)]
    if attendant is not None:
        attendants.append(attendant)


def _line_matcher(shell: Any, magics: FlowMagics) -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier=LINE_MATCHER)  # type: ignore[untyped-decorator]
    def complete_magic(context: Any) -> dict[str, Any]:
        fragment, words = complete_line(context.text_until_cursor, shell.user_ns, magics.recent)
        found = [SimpleCompletion(text=word, type="flowbench") for word in words]
        # The line is no Python, whose names would come first: `--dict` before `--durability`.
        return {"completions": found, "matched_fragment": fragment, "suppress": bool(found), "ordered": True}

    return complete_magic


def _body_matcher(magics: FlowMagics) -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier=BODY_MATCHER)  # type: ignore[untyped-decorator]
    def complete_cell(context: Any) -> dict[str, Any]:
        if not context.full_text.lstrip().startswith(MAGIC):
            return {"completions": []}
        fragment, words = complete_body(context.full_text, context.text_until_cursor, magics.recent.known_ctx())
        found = [SimpleCompletion(text=word, type="flowbench") for word in words]
        # A Python body also has names of Python's own; behind `$` and `ref:` there is nothing else to offer.
        return {"completions": found, "matched_fragment": fragment, "suppress": bool(found), "ordered": True}

    return complete_cell


def _flowctl_matcher(verbs: Verbs) -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier=FLOWCTL_MATCHER)  # type: ignore[untyped-decorator]
    def complete_verb(context: Any) -> dict[str, Any]:
        fragment, words = completions(verbs, context.text_until_cursor)
        found = [SimpleCompletion(text=word, type="flowctl") for word in words]
        return {"completions": found, "matched_fragment": fragment, "suppress": bool(found), "ordered": True}

    return complete_verb


def _forget_recent() -> None:
    launched[:] = [hear for hear in launched if getattr(hear, "__func__", None) is not Recent.heard]


def _forget_matchers(shell: Any) -> None:
    known = shell.Completer.custom_matchers
    known[:] = [each for each in known if getattr(each, "matcher_identifier", "") not in MATCHERS]
