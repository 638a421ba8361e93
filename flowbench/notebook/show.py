"""Show: one run's place in a notebook. Live while it runs, afterwards still; always the same output of the same cell.

A thread of its own refreshes it at most ten times a second. It writes only widget state and a display with an id,
never to stdout: text from another thread lands in whatever cell happens to run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from flowbench import blueprint as bp
from flowbench import graph
from flowbench.cancel import AbortReason
from flowbench.notebook import still
from flowbench.notebook.place import is_headless, kernel_of
from flowbench.notebook.tap import ABORT, Tap, tap
from flowbench.notebook.view import steps_total, view
from flowbench.runtime import Debugger, Run

INTERVAL = 0.1  # seconds between two refreshes: a browser paints 15-30 a second and must also do other things
WIDGET = "application/vnd.jupyter.widget-view+json"


class Handle(Protocol):
    """A display that can be replaced, as IPython.display.DisplayHandle."""

    def display(self, bundle: Any, **options: Any) -> None: ...

    def update(self, bundle: Any, **options: Any) -> None: ...


class Show:
    """A run's output where nobody can click: what is known at the start, and the whole at the end."""

    def __init__(self, run: Run, handle: Handle) -> None:
        self.run = run
        self._handle = handle
        self._news = threading.Event()
        self._lock = threading.Lock()  # refreshes come from the thread below, the last word also from the cell
        self._is_finished = False

    def begin(self) -> None:
        """Display it and keep it fresh until the run ends."""
        self._handle.display(self._first(), raw=True)
        threading.Thread(target=self._follow, name=f"flowbench-show-{self.run.id}", daemon=True).start()

    def begin_at_end(self) -> None:
        """Display the still output of a run that ended before anybody looked."""
        with self._lock:
            self._is_finished = True
            self._handle.display(still.of_run(self.run), raw=True)

    def finish(self) -> None:
        """Leave the still output; only the first call does. Call it when the run has ended."""
        with self._lock:
            if not self._is_finished:
                self._is_finished = True
                self._handle.update(still.of_run(self.run), raw=True)
                self._close()

    def hurry(self) -> None:
        """Refresh as soon as the rate allows."""
        self._news.set()

    def _follow(self) -> None:
        self._prepare()
        while not self.run.has_ended:
            with self._lock:
                self._refresh()
            time.sleep(INTERVAL / 2)
            self._news.wait(INTERVAL / 2)
            self._news.clear()
        self.finish()

    # -- what a live one does more

    def _first(self) -> dict[str, Any]:
        return {"text/plain": self.run.summary(), still.MIME: still.facts(self.run)}

    def _prepare(self) -> None:
        return

    def _refresh(self) -> None:
        return

    def _close(self) -> None:
        return


class LiveShow(Show):
    """A run's output with the panel and, for a debugger, the stepper."""

    def __init__(self, run: Run, handle: Handle, tap: Tap | None, debugger: Debugger | None = None) -> None:
        super().__init__(run, handle)
        from flowbench.notebook.panel import RunPanel  # widgets load slowly, and headless kernels need none
        from flowbench.notebook.stepper import Stepper

        self._total = steps_total(run.blueprint)
        first = self._view()
        self._sent = _lasting(first)
        self.panel = RunPanel(run.id, run.blueprint.id, first, abortable=debugger is None)
        self.panel.on_msg(self._on_click)
        self.stepper = None if debugger is None else Stepper(debugger, self.hurry)
        if debugger is not None:
            debugger.on_pause(lambda _: self.hurry())
        self._widgets = [self.panel, *([] if self.stepper is None else [self.stepper])]
        self._box = self.panel if self.stepper is None else _box(self._widgets)
        self._unwatch: list[Callable[[], None]] = []
        if tap is not None:
            self._unwatch = [tap.watch(widget.comm.comm_id, self._abort) for widget in self._widgets]

    def _first(self) -> dict[str, Any]:
        model = {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}
        return {WIDGET: model, **super()._first()}

    def _prepare(self) -> None:
        """Lay the graph out here: the first time in a process it takes a second, and the Abort button must not wait."""
        try:
            self.panel.svg = graph.svg(bp.draw(self.run.blueprint))
        except graph.GraphError as error:
            self.panel.view = {**self.panel.view, "note": f"No graph: {error}"}

    def _refresh(self) -> None:
        fresh = self._view()
        lasting = _lasting(fresh)
        if lasting != self._sent:  # the browser counts the seconds by itself
            self._sent = lasting
            self.panel.view = fresh
        if self.stepper is not None:
            self.stepper.refresh()

    def _close(self) -> None:
        for forget in self._unwatch:
            forget()
        for widget in {*self._widgets, self._box}:
            widget.close()

    def _view(self) -> dict[str, Any]:
        return view(self.run, self.run.progress(), self._total, time.time())

    def _on_click(self, _: Any, message: Any, __: Any) -> None:
        if message == ABORT:
            self._abort()

    def _abort(self) -> None:
        self.run.abort(AbortReason.USER, by="button")
        self.hurry()


def show(run: Run, shell: Any, debugger: Debugger | None = None) -> Show:
    """The right kind of Show for this shell; nothing is displayed yet."""
    from IPython.display import DisplayHandle

    kernel = kernel_of(shell)
    if kernel is None:
        return TerminalShow(run, DisplayHandle())
    if is_headless():
        return Show(run, DisplayHandle())
    return LiveShow(run, DisplayHandle(), tap(kernel), debugger)


class TerminalShow(Show):
    """A run's output in a terminal, where nothing that is printed can be replaced: one line at the end."""

    def begin(self) -> None:
        return

    def begin_at_end(self) -> None:
        self.finish()

    def finish(self) -> None:
        with self._lock:
            if not self._is_finished:
                self._is_finished = True
                print(self.run.summary())


def _lasting(view: dict[str, Any]) -> Any:
    """The view without what the browser counts on by itself."""
    running = [step[:2] for step in view["running"]]
    return {**view, "seconds": None, "running": running}


def _box(widgets: list[Any]) -> Any:
    from ipywidgets import VBox

    return VBox(widgets)
