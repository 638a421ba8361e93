"""Leash: the owner's end of one keeper: start it, hear what becomes of the child, end it from any thread."""

from __future__ import annotations

import asyncio
import marshal
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from flowbench.cancel import GRACE_SECONDS
from flowbench.process import keeper
from flowbench.process.tagged import CHILD, RUN, kill_bearing

MARGIN = 1.0  # seconds for a keeper to force a tree, beyond the grace
CHUNK = 1 << 16  # bytes
# "-I" and "-S": nothing of the surroundings is imported. The folder comes first on the path of the keeper alone.
# It has nothing to tidy up when it is done, and an interpreter takes milliseconds for that.
BOOT = (
    "import os, sys; sys.path.insert(0, sys.argv[1]); import keeper; keeper.main(*map(int, sys.argv[2:])); os._exit(0)"
)

_held: dict[str, set[Leash]] = {}  # by tag: those whose tree is not gone


class Leash:
    """One keeper and the tree below it. Made on the loop that hears it.

    started: pid of the child; it raises OSError when the child could not be started. exited: its exit code, or minus
    the number of a signal; None if that was never told. gone: nothing of the tree is left. storm: processes there
    were when they became too many, else 0.
    """

    def __init__(self, request: Mapping[str, Any], tag: str, env: Mapping[str, str], files: Mapping[str, int]) -> None:
        """request: as keeper.main reads it. files: stdin, stdout, stderr, and answer for a body; still the caller's.

        A file whose name is a number is the program's under that number.

        Raises: OSError.
        """
        self.tag, self.word, self.storm = tag, secrets.token_hex(8), 0
        self._loop = asyncio.get_running_loop()
        self.started: asyncio.Future[int] = self._loop.create_future()
        self.exited: asyncio.Future[int | None] = self._loop.create_future()
        self.gone: Future[None] = Future()
        self._lock = threading.Lock()
        self._lines = b""
        self._is_tidy = self._is_silent = False
        self._patience = request.get("grace", GRACE_SECONDS) + MARGIN  # seconds
        bare = {} if not tag else {RUN: tag}
        self._start(request, {**os.environ, **env, **bare, CHILD: self.word}, files)
        _held.setdefault(tag, set()).add(self)

    def _start(self, request: Mapping[str, Any], env: Mapping[str, str], files: Mapping[str, int]) -> None:
        answer = files.get("answer", -1)
        more = [(fd, int(name)) for name, fd in files.items() if name.isdecimal()]
        asked = _file(marshal.dumps({**request, "files": more}))
        orders, self._orders = os.pipe()
        report, told = os.pipe()
        try:
            fds = [asked, orders, told, *([answer] if answer >= 0 else []), *(fd for fd, _ in more)]
            site = [] if answer >= 0 else ["-S"]  # a function may need what site-packages install
            self._process = subprocess.Popen(
                [sys.executable, "-I", *site, "-c", BOOT, str(Path(keeper.__file__).parent)]
                + [str(fd) for fd in (asked, orders, told, answer)],
                stdin=files["stdin"],
                stdout=files["stdout"],
                stderr=files["stderr"],
                pass_fds=fds,
                env=env,
                start_new_session=True,
            )
        except BaseException:
            os.close(report)
            os.close(self._orders)
            raise
        finally:
            for fd in (asked, orders, told):
                os.close(fd)
        read(self._loop, report, self._hear, self._end)

    def stop(self) -> None:
        """Ask the tree to end; what is left after the grace is forced. From any thread; at once, and more than once."""
        with self._lock:
            if self._orders < 0:
                return
            with suppress(OSError):  # the keeper has ended meanwhile
                os.write(self._orders, keeper.ASK)
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            self._loop.call_soon_threadsafe(self._loop.call_later, self._patience, self._give_up)

    def _give_up(self) -> None:
        """The keeper does not answer: whoever waits for the child goes on, and sees to the tree without it."""
        self._is_silent = True
        _set(self.started, 0)
        _set(self.exited, None)

    async def end(self) -> None:
        """Return when the tree is gone: asked, then forced, by its keeper or without it. Also when it is cancelled.

        Raises: Survivors; at the end CancelledError, if that was asked for meanwhile.
        """
        self.stop()
        try:
            await settled(self.gone, 0.0 if self._is_silent else self._patience)
        finally:
            if not self._is_tidy:  # the keeper was stopped or killed: the tree is found by the word that it bears
                await asyncio.to_thread(kill_bearing, CHILD, self.word)

    def _hear(self, chunk: bytes) -> None:
        *lines, self._lines = (self._lines + chunk).split(b"\n")
        for line in lines:
            word, _, number = line.partition(b" ")
            if word == b"started":
                _set(self.started, int(number))
            elif word == b"failed":
                self.started.set_exception(OSError(int(number), os.strerror(int(number))))
                self._is_tidy = True
            elif word == b"exit":
                _set(self.exited, os.waitstatus_to_exitcode(int(number)))
            elif word == b"storm":
                self.storm = int(number)
            elif word == b"gone":
                self._is_tidy = True

    def _end(self) -> None:
        """The keeper is gone."""
        with self._lock:
            os.close(self._orders)
            self._orders = -1
        self._give_up()
        leashes = _held.get(self.tag, set())
        leashes.discard(self)
        if not leashes:
            _held.pop(self.tag, None)
        self._process.wait()  # its pipe has ended because it has; this takes microseconds
        self.gone.set_result(None)


async def clear(tag: str) -> None:
    """End what children of this run have left behind, and wait for it. Costs nothing if there is nothing.

    Raises: Survivors.
    """
    left = list(_held.get(tag, ()))
    for leash in left:
        leash.stop()
    for leash in left:
        await leash.end()


async def end_all(seconds: float) -> None:
    """Ask all trees that are heard on this loop to end, and wait for that, at most so long."""
    loop = asyncio.get_running_loop()
    left = [leash for leashes in list(_held.values()) for leash in leashes if leash._loop is loop]
    for leash in left:
        leash.stop()
    if left:
        await asyncio.wait([asyncio.wrap_future(leash.gone) for leash in left], timeout=seconds)


def read(loop: asyncio.AbstractEventLoop, fd: int, take: Callable[[bytes], object], end: Callable[[], object]) -> None:
    """Call `take` for each chunk from `fd`, then `end`; `fd` is closed before that."""
    os.set_blocking(fd, False)

    def ready() -> None:
        try:
            chunk = os.read(fd, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if chunk:
            take(chunk)
            return
        loop.remove_reader(fd)
        os.close(fd)
        end()

    loop.add_reader(fd, ready)


async def settled(future: Future[Any] | asyncio.Future[Any], seconds: float) -> bool:
    """Wait for it, at most so long, and whatever asks this task to stop meanwhile; True if it is done.

    Raises: CancelledError, but only then.
    """
    until = time.monotonic() + seconds
    watched = asyncio.wrap_future(future) if isinstance(future, Future) else future
    cancelled: asyncio.CancelledError | None = None
    while not watched.done() and (left := until - time.monotonic()) > 0:
        try:
            await asyncio.wait([watched], timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return watched.done()


def _file(data: bytes) -> int:
    """A file without a name that holds `data`; in memory where that can be."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("flowbench", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _set(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)
