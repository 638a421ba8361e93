"""Terminal: a program on a pseudo-terminal of its own, which is gone with all it has started when it is ended."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

from flowbench.process.errors import NotStarted, TooManyProcesses
from flowbench.process.inlet import Inlet
from flowbench.process.leash import Leash, settled

CHUNK = 1 << 16  # bytes that are handed over at once, at most
PROCESSES = 1024  # at most, all that it starts included: people compile in terminals


class Terminal:
    """Both ends of a pseudo-terminal, and what runs on it. Made on the loop that hears it, and used there alone.

    hung_up: all that was written to it was taken, and nobody holds it any more. spoke: monotonic seconds of the last
    output.
    """

    def __init__(self, columns: int, rows: int, take: Callable[[bytes], bool]) -> None:
        """take: gets what is written to the terminal; False from it holds the writers up until `resume`.

        Raises: OSError.
        """
        self._loop = asyncio.get_running_loop()
        self._take = take
        self._inlet = Inlet()
        self._leash: Leash | None = None
        self._is_started = self._is_reading = False
        self.hung_up: asyncio.Future[None] = self._loop.create_future()
        self.spoke = time.monotonic()
        self._ours, self._theirs = pty.openpty()
        try:
            self.resize(columns, rows)
            os.set_blocking(self._ours, False)
            self._inlet.open(self._loop, os.dup(self._ours))
        except BaseException:
            self._close()
            raise

    async def start(self, argv: Sequence[str], *, cwd: str | None = None, env: Mapping[str, str] | None = None) -> int:
        """Its process id. It leads a session of its own, whose terminal this is.

        env: added to this process's own. cwd: folder, by default this process's.
        Raises: NotStarted.
        """
        request = {
            "argv": [os.fsencode(each) for each in argv],
            "tty": os.ttyname(self._theirs),
            "cwd": cwd and os.fsencode(cwd),
            "limit": PROCESSES,
            "grace": 0.0,
        }
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            files = dict.fromkeys(("stdin", "stdout", "stderr"), nothing)
            self._leash = Leash(request, "", env or {}, files)
            pid = await self._leash.started
        except OSError as error:
            raise NotStarted(argv[0], error.errno or 0, cwd) from None
        finally:
            os.close(nothing)
        self._is_started = True
        self._let_go()  # else nobody would ever see it hang up
        self.resume()
        return pid

    @property
    def exited(self) -> asyncio.Future[int | None]:
        """Its exit code, or minus the number of the signal that killed it; None: nobody knows."""
        assert self._leash is not None, "it was not started"
        return self._leash.exited

    def write(self, data: bytes) -> None:
        """As if it were typed."""
        self._inlet.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        """Who works on the terminal is told by SIGWINCH."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resume(self) -> None:
        """Go on reading."""
        if not self._is_reading and self._ours >= 0 and not self.hung_up.done():
            self._is_reading = True
            self.spoke = time.monotonic()
            self._loop.add_reader(self._ours, self._read)

    @property
    def is_held_up(self) -> bool:
        return not self._is_reading and not self.hung_up.done()

    async def end(self, drain: float = 0.0) -> None:
        """Return when nothing of it is left: TERM to all, and KILL at once; then read what it had written.

        drain: seconds at most for that.
        Raises: Survivors, TooManyProcesses; at the end CancelledError, if that was asked for meanwhile.
        """
        until = time.monotonic() + drain
        leash = self._leash
        try:
            if leash is not None:
                self._let_go()  # of a program that could not be started
                await leash.end()
                if self._is_started:
                    await settled(self.hung_up, max(until - time.monotonic(), 0.0))
        finally:
            self._close()
        if leash is not None and leash.storm:
            raise TooManyProcesses("a terminal", leash.storm, PROCESSES)

    def _read(self) -> None:
        chunk = bytearray()
        is_over = False
        while len(chunk) < CHUNK:  # the system hands over 4 KiB at a time
            try:
                part = os.read(self._ours, CHUNK - len(chunk))
            except BlockingIOError:
                break
            except OSError:  # Linux says so when nobody holds the other end
                part = b""
            if not part:
                is_over = True
                break
            chunk += part
        if chunk:
            self.spoke = time.monotonic()
        if (chunk and not self._take(bytes(chunk))) or is_over:
            self._stop_reading()
        if is_over and not self.hung_up.done():
            self.hung_up.set_result(None)

    def _stop_reading(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._loop.remove_reader(self._ours)

    def _let_go(self) -> None:
        if self._theirs >= 0:
            os.close(self._theirs)
            self._theirs = -1

    def _close(self) -> None:
        self._stop_reading()
        self._inlet.close()
        self._let_go()
        os.close(self._ours)
        self._ours = -1
