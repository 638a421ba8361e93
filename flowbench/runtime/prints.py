"""Prints: what a body prints is heard by its step's voice; what anybody else prints goes where it always went.

While runs are live, an ear stands in for sys.stdout and sys.stderr. It asks the context it is called in who speaks:
an inline body in the task of its run, an async body and what it starts on the loop, a plain function on its thread
(and on threads that copy their context, as asyncio.to_thread does). A thread that a body starts by itself, and a
logging handler that took sys.stderr before, speak for nobody; of what the thread prints secrets are taken out, too.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TextIO, TypeVar, cast

from flowbench.engine import Voice, speaker
from flowbench.runtime.withheld import Decide, Withheld

T = TypeVar("T")

STREAMS = ("stdout", "stderr")

passes_on = True
"""Whether what bodies print also appears where it would without flowbench. A front end that shows the log sets it
False: in a notebook, text from another thread lands in whatever cell happens to run."""

KEPT = 64  # ears; as many streams may be swapped while one `print` is under way

_live = 0
_decides: list[Decide] = []  # of the live runs: what a thread of a body prints for nobody may hold their secrets
_withheld = Withheld()  # by (stream, thread)
_ears: deque[_Ear] = deque(maxlen=KEPT)
_lock = threading.RLock()


def enter(decide: Decide | None = None) -> None:
    """A run begins. decide: takes its secrets out of a text that comes in parts."""
    global _live
    with _lock:
        _live += 1
        if decide is not None:
            _decides.append(decide)
        for name in STREAMS:
            stream = getattr(sys, name)
            if stream is not None and type(stream) is not _Ear:
                setattr(sys, name, cast("TextIO", _ear(stream, name)))


def leave(decide: Decide | None = None) -> None:
    """A run has ended."""
    global _live
    with _lock:
        _live = max(_live - 1, 0)
        if decide in _decides:
            _decides.remove(decide)
        if not _decides:
            _release(lambda _: True)
        if not _live:
            _take_off()


async def heard(work: Awaitable[T], voice: Voice, decide: Decide | None = None) -> T:
    """Await `work`, between `enter` and `leave`; what it prints is said by `voice`. For a task of its own."""
    speaker.set(voice)
    try:
        return await work
    finally:
        leave(decide)


def pass_on(stream: str, text: str) -> None:
    """Write what a body said to the stream it wrote to. Never raises."""
    if stream not in STREAMS:
        return
    target = getattr(sys, stream)
    if type(target) is _Ear:
        target = target._stream
    before = speaker.set(None)  # what the target prints meanwhile is not the body's
    try:
        target.write(text)
    except Exception:  # closed, full, or not there: the log has it
        return
    finally:
        with suppress(ValueError):
            speaker.reset(before)


def _ear(stream: TextIO, name: str) -> _Ear:
    """An ear for this stream, kept alive when it is taken off: `print` of CPython 3.11 and 3.12 holds sys.stdout
    without a reference of its own, and would write to freed memory if a run ends between its two writes.
    """
    _ears.append(_Ear(stream, name))
    return _ears[-1]


class _Ear:
    """A stand-in for one text stream; in everything but writing it is that stream."""

    __slots__ = ("__dict__", "__weakref__", "_name", "_stream")

    def __init__(self, stream: TextIO, name: str) -> None:
        object.__setattr__(self, "_stream", stream)
        object.__setattr__(self, "_name", name)

    def write(self, text: str) -> int:
        voice = speaker.get() if _live else None
        if voice is None:
            return self._pass(text)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        voice(self._name, text)
        return len(text)

    def _pass(self, text: Any) -> int:
        """What nobody is known to say."""
        if not _decides or not isinstance(text, str):
            return cast(int, self._stream.write(text))
        if shown := _withheld.say((self._name, threading.get_ident()), text, _decided):
            self._stream.write(shown)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if _live and speaker.get() is not None:  # the log needs none, and a closed stream is not the body's fault
            with suppress(Exception):
                self._stream.flush()
        else:
            here = (self._name, threading.get_ident())
            _release(lambda who: who == here)
            self._stream.flush()

    @property
    def buffer(self) -> Any:
        return _Bytes(self)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # libraries ask by isinstance whether they may treat it as a text stream
        return type(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Who puts a function in front of `write`, as IPython does for each cell, calls the one before it: that is ours.
        # Were it put into the stream, each would call the other without end.
        if name in ("write", "writelines", "flush"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._stream, name, value)

    def __repr__(self) -> str:
        return repr(self._stream)


class _Bytes:
    """The bytes below an ear."""

    def __init__(self, ear: _Ear) -> None:
        self._ear = ear

    def write(self, data: Any) -> int:
        if not _live or speaker.get() is None:
            return cast(int, self._ear._stream.buffer.write(data))
        said = bytes(data)
        self._ear.write(said.decode("utf-8", "replace"))
        return len(said)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ear._stream.buffer, name)


def _decided(text: str) -> tuple[str, str]:
    end = ""
    for decide in tuple(_decides):
        text, more = decide(text)
        end = more + end
    return text, end


def _release(over: Callable[[Any], bool]) -> None:
    for (name, _), text in cast("list[tuple[tuple[str, int], str]]", _withheld.release(over)):
        stream = getattr(sys, name)
        with suppress(Exception):  # closed, or full
            (stream._stream if type(stream) is _Ear else stream).write(text)


def _take_off() -> None:
    """Unless somebody has put another stream there meanwhile; an ear that comes back so only passes on."""
    for name in STREAMS:
        stream = getattr(sys, name)
        if type(stream) is _Ear:
            setattr(sys, name, stream._stream)


def _forget() -> None:
    """In a forked child nothing of the runs is left."""
    global _live, _lock
    _live, _lock = 0, threading.RLock()
    _decides.clear()
    _take_off()


os.register_at_fork(after_in_child=_forget)
