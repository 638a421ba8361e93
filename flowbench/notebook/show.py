"""Show: one run's place in a notebook. Live while it runs, afterwards still; always the same output of the same cell.

A thread of its own refreshes it at most ten times a second. It writes only widget state and a display with an id,
never to stdout: text from another thread lands in whatever cell happens to run.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from flowbench import blueprint as bp
from flowbench import flow, graph
from flowbench.cancel import AbortReason
from flowbench.notebook import still
from flowbench.notebook.folds import Folds, known
from flowbench.notebook.place import is_headless, kernel_of
from flowbench.notebook.questions import answer, questions
from flowbench.notebook.record import MIME, facts
from flowbench.notebook.tail import Tail, of_node, rows
from flowbench.notebook.tap import ABORT, ANSWER, LOOK, Tap, tap
from flowbench.notebook.view import steps_total, view
from flowbench.notebook.visits import Visits, look
from flowbench.runtime import Debugger, Run

INTERVAL = 0.1  # seconds between two refreshes: a browser paints 15-30 a second and must also do other things
PATIENCE = 0.3  # seconds that the still output of a quick run waits for its picture
KEPT = 4
"""Panels of ended runs that stay. A page that was loaded anew while the cell was busy hears of no end and no still
output; it asks the kernel for the widget as soon as that is free, and shows how the run has ended."""
WIDGET = "application/vnd.jupyter.widget-view+json"


_kept: deque[Any] = deque()


class Handle(Protocol):
    """A display that can be replaced, as IPython.display.DisplayHandle."""

    def display(self, obj: Any, **kwargs: Any) -> Any: ...

    def update(self, obj: Any, **kwargs: Any) -> Any: ...


class Show:
    """A run's output where nobody can click: what is known at the start, and the whole at the end."""

    def __init__(self, run: Run, handle: Handle) -> None:
        self.run = run
        self._handle = handle
        self._news = threading.Event()
        self._lock = threading.Lock()  # refreshes come from the thread below, the last word also from the cell
        self._is_finished = False
        self._is_whole = False  # the still output is out, picture included

    def begin(self) -> None:
        """Display it and keep it fresh until the run ends."""
        self._handle.display(self._first(), raw=True)
        _thread(self._follow, self.run)

    def begin_at_end(self) -> None:
        """Display only the still output, of a run that has ended before anybody could look."""
        self._is_finished = self._is_whole = True
        self._handle.display(still.of_run(self.run), raw=True)

    def finish(self) -> None:
        """Leave the still output and take the live one away. Call it when the run has ended; twice is harmless."""
        with self._lock:
            is_first, self._is_finished = not self._is_finished, True
            if not self._is_whole and (is_first or self._is_drawn()):
                self._is_whole = self._is_drawn()
                self._handle.update(still.of_run(self.run, with_graph=self._is_whole), raw=True)
            if is_first:
                self._close()

    def hurry(self) -> None:
        """Refresh as soon as the rate allows."""
        self._news.set()

    def _follow(self) -> None:
        self._redraw()  # also for a run that ends before this thread gets its turn: its still output waits for this
        while not self.run.has_ended:
            self._redraw()
            with self._lock:
                self._refresh()
            time.sleep(INTERVAL / 2)
            self._news.wait(INTERVAL / 2)
            self._news.clear()
        self.finish()

    def _first(self) -> dict[str, Any]:
        return {"text/plain": self.run.summary(), MIME: facts(self.run)}

    # -- what the live one does more

    def _redraw(self) -> None:
        return

    def _is_drawn(self) -> bool:
        return True

    def _refresh(self) -> None:
        return

    def _close(self) -> None:
        return


class LiveShow(Show):
    """A run's output with the panel and, for a debugger, the stepper.

    The graph is laid out on a thread of its own: the first time in a process that takes a second, and neither the
    figures, nor the Abort button, nor the end of the cell wait for it.
    """

    def __init__(self, run: Run, handle: Handle, tap: Tap | None, debugger: Debugger | None = None) -> None:
        super().__init__(run, handle)
        self._tap = tap
        self._debugger = debugger
        self._drawn = threading.Event()
        self._widgets: list[Any] = []
        self._unwatch: list[Callable[[], None]] = []
        self._visits = Visits(run.steps)
        self._picked = ""
        self._opened: frozenset[str] = frozenset()  # folds
        self._drawn_with: frozenset[str] | None = None
        self._is_drawing = False
        self._folds: Folds | None = None
        self._tail = Tail(run.log)
        self._known: Any = None  # what facts and log were when they were sent
        self._wrong: dict[str, str] = {}  # id of a question: what its last answer lacks
        self._answers = 0
        self.panel: Any = None
        self.stepper: Any = None

    def begin(self) -> None:
        self._open()
        super().begin()

    def begin_at_end(self) -> None:
        self._is_finished = True
        is_shown = threading.Event()

        def complete() -> None:
            self._draw()
            is_shown.wait()
            self.finish()

        _thread(complete, self.run)
        self._drawn.wait(PATIENCE)
        self._is_whole = self._is_drawn()
        self._handle.display(still.of_run(self.run, with_graph=self._is_whole), raw=True)
        is_shown.set()

    def _open(self) -> None:
        from ipywidgets import VBox  # widgets load slowly, and headless kernels need none

        from flowbench.notebook.panel import RunPanel
        from flowbench.notebook.stepper import Stepper

        self._total = steps_total(self.run.blueprint)
        first = self._view()
        self._sent = _lasting(first)
        self.panel = RunPanel(self.run, first, abortable=self._debugger is None)
        self.panel.on_msg(self._on_click)
        clickable = [self.panel]
        if self._debugger is not None:
            self.stepper = Stepper(self._debugger, self.hurry)
            self._debugger.on_pause(lambda _: self.hurry())
            clickable.append(self.stepper)
        if self._tap is not None:
            self._unwatch = [self._tap.watch(widget.comm.comm_id, self._hear) for widget in clickable]
        # The stepper above the panel: its buttons stay in sight whatever the height of the graph.
        self._widgets = clickable if len(clickable) == 1 else [*clickable, VBox(clickable[::-1])]

    def _first(self) -> dict[str, Any]:
        model = {"version_major": 2, "version_minor": 0, "model_id": self._widgets[-1].model_id}
        return {WIDGET: model, **super()._first()}

    def _draw(self) -> None:
        wanted, picture = self._opened, ""  # without a picture, the still output says why there is none
        drawing = bp.draw(self.run.blueprint, wanted)
        with suppress(graph.GraphError):
            picture = graph.svg(drawing)
        with self._lock:
            self._folds, self._drawn_with = Folds(drawing), wanted
            if self.panel is not None:
                self._send_view()
                self.panel.svg = picture
        self._drawn.set()

    def _redraw(self) -> None:
        if self._opened != self._drawn_with and not self._is_drawing:
            self._is_drawing = True
            _thread(self._draw_aside, self.run)

    def _draw_aside(self) -> None:
        self._draw()
        self._is_drawing = False
        if self.run.has_ended:
            self.finish()

    def _is_drawn(self) -> bool:
        return self._drawn.is_set()

    def _refresh(self) -> None:
        if self._is_finished:
            return
        self._send_view()
        self._send_questions()
        now = self.run.progress()
        log = self._tail.shown()
        seen = (self._picked, len(self.run.steps), now.running, log)
        if seen != self._known:
            self._known = seen
            self.panel.log = log
            if self._picked:
                lines = rows(of_node(self.run.log, self._picked))
                self.panel.facts = look(self._picked, self._visits, now) | {"lines": lines}
        if self.stepper is not None:
            self.stepper.refresh()

    def _send_view(self) -> None:
        fresh = self._view()
        lasting = _lasting(fresh)
        if lasting != self._sent:  # the browser counts the seconds by itself
            self._sent = lasting
            self.panel.view = fresh

    def _send_questions(self) -> None:
        asks = questions(self.run, self._wrong, self._answers)
        if asks != self.panel.asks:
            self.panel.asks = asks

    def _close(self) -> None:
        for forget in self._unwatch:
            forget()
        if self.stepper is None and self.panel is not None:
            self._send_view()
            self._send_questions()
            self.panel.log = self._tail.shown()
            self.panel.on_msg(self._on_click, remove=True)  # which holds the run
            _kept.append(self.panel)
            if len(_kept) > KEPT:
                _kept.popleft().close()
        else:
            for widget in self._widgets:
                widget.close()

    def _view(self) -> dict[str, Any]:
        progress = self.run.progress()
        now = view(self.run, progress, self._total, time.time())
        if self._folds is not None:
            now["nodes"], now["counts"] = self._folds.tell(progress)
        pause = None if self._debugger is None else self._debugger.paused
        if pause is not None:  # the step that comes next stands out
            next_step = flow.shape(pause.address)
            now["nodes"][(self._folds and self._folds.of(next_step)) or next_step] = "running"
        return now

    def _on_click(self, _: Any, message: Any, __: Any) -> None:
        self._hear(message)

    def _hear(self, message: Mapping[str, Any]) -> None:
        """A click, which the tap sees first and the comm delivers once more: nothing here may mind that."""
        if message == ABORT:
            self.run.abort(AbortReason.USER, by="button")
        elif message.get("event") == LOOK:
            self._picked = str(message.get("node", ""))
            self._opened = known(message.get("open", ()))
        elif message.get("event") == ANSWER:
            self._answers += 1
            self._wrong[str(message.get("id", ""))] = answer(self.run, message)
        self.hurry()


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


def show(run: Run, shell: Any, debugger: Debugger | None = None) -> Show:
    """The right kind of Show for this shell; nothing is displayed yet."""
    from IPython.display import DisplayHandle

    handle: Handle = DisplayHandle()  # type: ignore[no-untyped-call]
    kernel = kernel_of(shell)
    if kernel is None:
        return TerminalShow(run, handle)
    if is_headless():
        return Show(run, handle)
    return LiveShow(run, handle, tap(kernel), debugger)


def _thread(act: Callable[[], None], run: Run) -> None:
    threading.Thread(target=act, name=f"flowbench-show-{run.id}", daemon=True).start()


def _lasting(view: dict[str, Any]) -> Any:
    """The view without what the browser counts on by itself."""
    running = [step[:2] for step in view["running"]]
    return {**view, "seconds": None, "running": running}
