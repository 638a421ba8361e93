"""Boards: a project's tasks by status in a notebook, with buttons; what others change is seen within two seconds.

A thread of its own looks and acts: neither a click nor a look at the files ever holds the kernel up, and clicks are
heard while a cell is busy, by the tap.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from flowbench.errors import FlowbenchError
from flowbench.notebook.board_view import detail, still, view
from flowbench.notebook.place import is_headless, kernel_of
from flowbench.notebook.show import WIDGET
from flowbench.notebook.tap import BOARD, tap
from flowbench.project import Project, Status
from flowbench.project.approvals import Approvals
from flowbench.project.files import scan, sign
from flowbench.project.tasks import skip
from flowbench.project.working import block, done, start

LOOK_SECONDS = 1.0  # between two looks at what others have changed
LIVE = 4  # boards at once; the oldest becomes still

_live: deque[Any] = deque()


class LiveBoard:
    """One board; displayed by being the value of a cell. epic: only its tasks. is_approvals: only the questions."""

    def __init__(self, project: Project, epic: str | None = None, *, is_approvals: bool = False) -> None:
        """Raises: NotFound, InvalidId."""
        self._project = project
        self._epic = None if epic is None else project.epic(epic).id
        self._is_approvals = is_approvals
        self._filter = ""
        self._opened = ""
        self._inbox: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self._numbers: dict[str, int] = {}  # of the last message of each view: the tap and the comm bring them twice
        self._lock = threading.Lock()
        self._handle: Any = None
        self._unwatch: Callable[[], None] | None = None
        self._seen: Any = None
        self._answers = 0
        self.panel: Any = None

    def __repr__(self) -> str:
        return str(still(self._view())["text/plain"])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return still(self._view())

    def _ipython_display_(self) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import DisplayHandle

        shell = get_ipython()
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        bundle = still(self._view())
        kernel = kernel_of(shell)
        if kernel is None or is_headless():
            self._handle.display(bundle, raw=True)
            return
        if self.panel is None:
            self._open(tap(kernel))
        model = {"version_major": 2, "version_minor": 0, "model_id": self.panel.model_id}
        self._handle.display({WIDGET: model, **bundle}, raw=True)

    def close(self) -> None:
        """It becomes still. Idempotent."""
        panel, self.panel = self.panel, None
        if panel is None:
            return
        self._inbox.put(None)
        if self._unwatch is not None:
            self._unwatch()
        if self._handle is not None:
            self._handle.update(still(self._view()), raw=True)
        panel.close()

    def _open(self, tapped: Any) -> None:
        from flowbench.notebook.board_panel import BoardPanel  # widgets load slowly

        about = {"approvals": self._is_approvals}
        self.panel = BoardPanel(about=about, view=self._view())
        self.panel.on_msg(lambda _panel, message, _buffers: self._on_message(message))
        if tapped is not None:
            self._unwatch = tapped.watch(self.panel.comm.comm_id, self._on_message)
        _live.append(self)
        while len(_live) > LIVE:
            _live.popleft().close()
        threading.Thread(target=self._work, args=(self.panel,), name="flowbench-board", daemon=True).start()

    def _view(self) -> dict[str, Any]:
        found = view(self._project, self._epic, self._filter)
        return {**found, "columns": []} if self._is_approvals else found

    def _on_message(self, message: Mapping[str, Any]) -> None:
        if message.get("event") != BOARD:
            return
        who, number = str(message.get("view")), message.get("n")
        with self._lock:
            if not isinstance(number, int) or number <= self._numbers.get(who, 0):
                return
            self._numbers[who] = number
        self._inbox.put(message)

    # On the thread

    def _work(self, panel: Any) -> None:
        failed = False
        while panel is self.panel:
            message: Mapping[str, Any] | None = {}
            with suppress(queue.Empty):
                message = self._inbox.get(timeout=LOOK_SECONDS)
            if message is None:
                return
            try:
                if message:
                    self._act(panel, message)
                self._look(panel, is_asked=bool(message))
                if failed and not message:
                    self._say(panel, "")
                failed = False
            except (FlowbenchError, OSError) as error:  # of the project or its disk: the next look may do better
                if message or not failed:
                    self._say(panel, str(error), is_bad=True)
                failed = True

    def _look(self, panel: Any, is_asked: bool) -> None:
        layout = self._project.layout
        state = self._project.state.path
        signs = [sign(state.with_name(state.name + ending)) for ending in ("", "-wal")]
        seen = (scan(layout.tasks), scan(layout.epics), signs)
        if seen == self._seen and not is_asked:
            return
        fresh = self._view()
        if fresh != panel.view:
            panel.view = fresh
        if self._opened:
            told = detail(self._project, self._opened)
            if told != panel.detail:
                panel.detail = told
        self._seen = seen  # at last: what could not be read is looked at again

    def _act(self, panel: Any, message: Mapping[str, Any]) -> None:
        act, id, text = (str(message.get(name, "")) for name in ("do", "id", "text"))
        if act == "filter":
            self._filter = text
        elif act == "open":
            self._opened = id
            panel.detail = detail(self._project, id) if id else {}
        else:
            try:
                self._say(panel, self._do(act, id, text))
            except FlowbenchError as error:
                self._say(panel, str(error), is_bad=True)

    def _say(self, panel: Any, text: str, *, is_bad: bool = False) -> None:
        self._answers += 1  # the same words once more are an answer, too
        panel.said = {"text": text, "bad": is_bad, "n": self._answers}

    def _do(self, act: str, id: str, text: str) -> str:
        """What a button says; the sentence that tells what came of it."""
        project = self._project
        if act == "start":
            is_blocked = project.task(id).status is Status.BLOCKED
            told = start(project, id, force=is_blocked)
        elif act == "done":
            told = done(project, id, summary=text)
        elif act == "block":
            told = block(project, id, reason=text)
        elif act == "skip":
            told = skip(project, id, reason=text)
        elif act in ("approved", "rejected"):
            told = Approvals(project).decide(id, "approved" if act == "approved" else "rejected", note=text)
        else:
            return ""
        return str(told["message"])
