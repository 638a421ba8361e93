"""Shell tap: see a click in a busy kernel, by looking at shell messages as they arrive.

A busy cell keeps ordinary widget messages waiting (ipykernel 6 always, 7 on its main shell). The tap wraps the receive
callback of the kernel's shell stream: it looks at each message and always passes it on unchanged. Nothing is swallowed,
dispatched or reordered, so no cell can ever run inside another. The later ordinary delivery finds the click answered.
"""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

ABORT = {"event": "abort"}  # what the Abort buttons send
LOOK = "look"  # {"event": "look", "node": id, "open": [id]}: the panel wants to know more of a node, see folds
ANSWER = "answer"  # {"event": "answer", ...}: a person answers a question of the run, see notebook.questions
TERMINAL = "terminal"  # {"event": "terminal", ...}: keys and sizes of a terminal, see notebook.terminals
BOARD = "board"  # {"event": "board", ...}: a button of a task board, see notebook.boards
DELIMITER = b"<IDS|MSG>"
ATTRIBUTE = "_flowbench_tap"

Hear = Callable[[Mapping[str, Any]], object]
"""Gets the content of a message: ABORT, or one whose event is LOOK, ANSWER, TERMINAL or BOARD."""

log = logging.getLogger(__name__)


class Stream(Protocol):
    """What the tap uses of a zmq.eventloop.zmqstream.ZMQStream."""

    io_loop: Any

    def on_recv(self, callback: Callable[[list[Any]], Any], copy: bool = True) -> None: ...

    def flush(self, flag: int) -> int: ...


class Tap:
    """Watches comm ids on the shell stream of one kernel. One per kernel, for the kernel's life."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._stream: Stream = kernel.shell_stream
        self._watched: dict[str, Hear] = {}
        self._lock = threading.Lock()
        self._wrapped = False

    def watch(self, comm_id: str, hear: Hear) -> Callable[[], None]:
        """Call `hear` when ABORT, LOOK, ANSWER, TERMINAL or BOARD arrives on this comm, in the thread that reads it.

        It must be quick, and hears the message once more when it is delivered. Returns what ends the watch.
        """
        with self._lock:
            self._watched = {**self._watched, comm_id: hear}
            if not self._wrapped:
                # Not at load: a configured extension loads before Kernel.start, which sets the callback anew.
                self._wrapped = True
                self._wrap()
        return lambda: self.unwatch(comm_id)

    def unwatch(self, comm_id: str) -> None:
        """Forget the comm. Unknown ids are no error."""
        with self._lock:
            self._watched = {known: act for known, act in self._watched.items() if known != comm_id}

    def pump(self) -> None:
        """Read waiting shell messages into the kernel's queue, where the busy main thread is the reader (ipykernel 6).

        Dispatches nothing. Called between the slices of a wait in the main thread; elsewhere it does nothing.
        """
        if self._watched and self._read_by_main() and threading.current_thread() is threading.main_thread():
            import zmq

            self._stream.flush(zmq.POLLIN)

    def _read_by_main(self) -> bool:
        return self._stream.io_loop is self._kernel.io_loop

    def _wrap(self) -> None:
        if self._read_by_main():
            self._put_in_front()
        else:
            self._stream.io_loop.add_callback(self._put_in_front)  # a ZMQStream belongs to the thread of its loop

    def _put_in_front(self) -> None:
        # The callback in place, whoever set it: names of ipykernel's own handlers changed with 7.0 and may again.
        passed_on = self._stream._recv_callback  # type: ignore[attr-defined]

        def look_and_pass_on(frames: list[Any]) -> Any:
            if self._watched:
                try:
                    self._look(frames)
                except Exception:  # looking must never cost the kernel a message
                    log.debug("shell tap could not read a message", exc_info=True)
            return passed_on(frames)

        self._stream.on_recv(look_and_pass_on, copy=False)

    def _look(self, frames: Sequence[Any]) -> None:
        parts = [bytes(getattr(frame, "bytes", frame)) for frame in frames]
        start = parts.index(DELIMITER) + 1
        signature, signed = parts[start], parts[start + 1 : start + 5]
        session = self._kernel.session
        if session.unpack(signed[0]).get("msg_type") != "comm_msg":
            return
        content = session.unpack(signed[3])
        data = content.get("data") or {}
        hear, said = self._watched.get(content.get("comm_id")), data.get("content")
        if hear is None or data.get("method") != "custom" or not isinstance(said, dict):
            return
        if said != ABORT and said.get("event") not in (LOOK, ANSWER, TERMINAL, BOARD):
            return
        # The kernel refuses messages that are unsigned or seen before; so does the tap. It keeps no record of its
        # own, else the ordinary delivery would be refused as a duplicate.
        if session.auth is not None and (
            signature in session.digest_history or not hmac.compare_digest(signature, session.sign(signed))
        ):
            return
        hear(said)


def tap(kernel: Any) -> Tap | None:
    """The tap of this kernel, made on first use and kept on the kernel, so that %reload_ext finds it again.

    None where there is no shell stream we know how to read (in-process kernels, other kernels): there the ordinary
    widget message and the interrupt remain.
    """
    known = getattr(kernel, ATTRIBUTE, None)
    if known is not None:
        return known  # type: ignore[no-any-return]
    stream = getattr(kernel, "shell_stream", None)
    needed = ("on_recv", "flush", "io_loop", "_recv_callback")
    if stream is None or not all(hasattr(stream, name) for name in needed) or not hasattr(kernel, "session"):
        return None
    made = Tap(kernel)
    setattr(kernel, ATTRIBUTE, made)
    return made
