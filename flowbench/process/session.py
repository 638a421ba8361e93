"""Session: a program that lives on between requests, under a keeper; its output is read as fast as it is wanted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from flowbench.process.child import PROCESSES
from flowbench.process.inlet import Inlet
from flowbench.process.keeper import LINUX, processes
from flowbench.process.leash import Leash, read

CHUNK = 1 << 16  # bytes of one read
PIPE = 1 << 18  # bytes that the system holds for us, where it lets us say so
IDLE_KEPT = 1 << 16  # bytes of what is written between two requests; of more, the last so many
IDLE_PAUSE = 0.05  # seconds between two looks at that: who writes without end does so at the speed of a slow disk


class Session:
    """Made and used on one loop. stdin is empty; stdout and stderr are one stream, `take`; requests go in by `say`.

    stirred: called when there may be something new: output, an answer, the end of the program. answers: what the
    program has written to its own pipe and nobody has taken yet.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str,
        talk: tuple[int, int],
        stirred: Callable[[], object],
        *,
        grace: float,
        limit: int = PROCESSES,
    ) -> None:
        """argv: with the whole path of the program. env: all of its environment. talk: file numbers, in the program, of
        requests and of answers. grace: seconds between asking the tree to end and forcing it. limit: of processes.

        Raises: OSError.
        """
        self._loop, self._stirred = asyncio.get_running_loop(), stirred
        self.answers, self.limit = bytearray(), limit
        self._idle: asyncio.TimerHandle | None = None
        self._unheard, self._lost = bytearray(), 0
        self._is_reading = self._is_idle = False
        ours: dict[str, int] = {}
        theirs: dict[str, int] = {}
        try:
            ours["out"], theirs["stdout"] = os.pipe()
            theirs["stderr"] = os.dup(theirs["stdout"])
            theirs["stdin"] = os.open(os.devnull, os.O_RDONLY)
            theirs[str(talk[0])], ours["say"] = os.pipe()
            ours["hear"], theirs[str(talk[1])] = os.pipe()
            request = {
                "argv": [os.fsencode(each) for each in argv],
                "env": {os.fsencode(name): os.fsencode(value) for name, value in env.items()},
                "cwd": os.fsencode(cwd),
                "limit": limit,
                "grace": grace,
            }
            self.leash = Leash(request, "", {}, theirs)
        except BaseException:
            for fd in ours.values():
                os.close(fd)
            raise
        finally:
            for fd in theirs.values():
                os.close(fd)
        self._out = ours["out"]
        os.set_blocking(self._out, False)
        _widen(self._out)
        self._inlet = Inlet()
        self._inlet.open(self._loop, ours["say"])
        read(self._loop, ours["hear"], self._hear, stirred)
        self.leash.exited.add_done_callback(lambda _: stirred())

    def say(self, request: bytes) -> None:
        """Nothing happens when the program has ended."""
        self._inlet.feed(request)

    def _hear(self, chunk: bytes) -> None:
        self.answers += chunk
        self._stirred()

    @property
    def is_over(self) -> bool:
        """The program has ended; what it has started may go on until `end`."""
        return self.leash.exited.done()

    def take(self, limit: int = CHUNK) -> bytes | None:
        """At most so many bytes of its output; None if there are none now, and a call of `stirred` will follow.

        b"": everybody who could write has ended, or has closed it.
        """
        if self._out < 0:
            return b""
        try:
            chunk = os.read(self._out, min(limit, CHUNK))
        except BlockingIOError:
            self._listen(True)
            return None
        if not chunk:
            self._listen(False)
            os.close(self._out)
            self._out = -1
        return chunk

    def pending(self) -> int:
        """Bytes that are written and not yet taken."""
        import fcntl
        import termios

        if self._out < 0:
            return 0
        return int.from_bytes(fcntl.ioctl(self._out, termios.FIONREAD, b"\0" * 4), "little")

    def _listen(self, wanted: bool) -> None:
        """To the next byte: a loop that went on listening would turn for ever while nobody takes."""
        if wanted and not self._is_reading:
            self._loop.add_reader(self._out, self._readable)
        elif not wanted and self._is_reading:
            self._loop.remove_reader(self._out)
        self._is_reading = wanted

    def _readable(self) -> None:
        self._listen(False)
        if not self._is_idle:
            self._stirred()
        elif self._idle is None:
            self._drain()

    def rest(self) -> None:
        """Nobody takes from now on: what is written meanwhile is kept as far as it goes, so that no job waits."""
        self._is_idle = True
        self._drain()

    def _drain(self) -> None:
        self._idle = None
        chunk = self.take(PIPE)
        if not chunk:
            return
        self._unheard += chunk
        if len(self._unheard) > IDLE_KEPT:
            self._lost += len(self._unheard) - IDLE_KEPT
            del self._unheard[:-IDLE_KEPT]
        self._idle = self._loop.call_later(IDLE_PAUSE, self._drain)

    def wake(self) -> tuple[bytes, int]:
        """Output is taken again. What was written since `rest`, and how many bytes of it, the first, are lost."""
        self._is_idle = False
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        unheard, lost = bytes(self._unheard), self._lost
        self._unheard.clear()
        self._lost = 0
        return unheard, lost

    async def end(self) -> None:
        """Return when everything it has started is gone. Its output can still be taken; `close` ends that.

        Raises: Survivors.
        """
        try:
            await self.leash.end()
        finally:
            self._inlet.close()

    def close(self) -> None:
        self.wake()
        self._inlet.close()
        if self._out >= 0:
            self._listen(False)
            os.close(self._out)
            self._out = -1


def living_below(parent: int, pids: frozenset[int]) -> frozenset[int]:
    """Those of `pids` that are children of `parent` and have not ended. Costs a look at all processes."""
    return pids & frozenset(processes().get(parent, ())) if pids else pids


def _widen(fd: int) -> None:
    """Fewer turns between who writes and who reads; a user with many pipes is not allowed to, and needs not."""
    if LINUX:
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE)
