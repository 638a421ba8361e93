"""Guarded: a program whose output is read here, and that ends with this process, however this process ends.

A search that finds nothing writes nothing, so a broken pipe alone would not end it. A small shell stands between: it
starts the program and waits on a pipe that ends with its owner. That costs 1.5 ms, a keeper of room `process` 15 ms;
those programs start no others, so that a process group is all there is to kill. Elsewhere than on POSIX there is no
shell, and nothing but the pipe.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from flowbench.cancel import CancelToken

CHUNK = 1 << 18  # bytes
MEMORY = 2 << 20  # KiB that the program may hold; it breaks off before the machine is out of memory
LOOK_MS = 20  # between two looks at the token, while it writes nothing
ERRORS = 1 << 16  # bytes of stderr that are kept

# Descriptor 3 ends with the owner. The program does not hold it, and only the program holds the output.
GUARD = """
exec 3<&0 </dev/null
ulimit -d "$1" 2>/dev/null
shift
"$@" 3<&- &
program=$!
(exec >/dev/null 2>&1; read -r _ <&3; kill -9 $program) &
guard=$!
exec >/dev/null 2>&1 3<&-
wait $program
code=$?
kill -9 $guard
exit $code
"""


class Guarded:
    """A program that runs. As a context: whatever happens, it is gone at the end.

    folder: where it works. code: its exit code, above 128 when a signal ended it; None until it has ended.
    """

    def __init__(self, argv: Sequence[str | bytes], folder: str | None, token: CancelToken) -> None:
        """Raises: OSError, it cannot be started; ValueError, an argument cannot be handed over."""
        self._token = token
        self._lock = threading.Lock()
        self.code: int | None = None
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the program
        is_posix = os.name == "posix"
        shell = ["/bin/sh", "-c", GUARD, "sh", str(MEMORY)] if is_posix else []
        try:
            self._process = subprocess.Popen(
                [*shell, *argv],
                stdin=subprocess.PIPE if is_posix else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                cwd=folder,
                bufsize=0,
                process_group=0 if is_posix else None,
            )
        except BaseException:
            self._stderr.close()
            raise
        self._forget = token.on_abort(lambda _: self.kill())
        self._timer = _timer(token, self.kill)

    def chunks(self) -> Iterator[bytes]:
        """What it writes, until it ends. Raises: Aborted."""
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        while chunk := self._next(fd):
            self._token.heartbeat()
            yield chunk
        self._reap()
        self._token.heartbeat()

    def _next(self, fd: int) -> bytes:
        """The abort comes from a listener; the looks in between are for reports of how long nobody looked."""
        if os.name == "posix":
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            while not poll.poll(LOOK_MS):
                self._token.heartbeat()
        return os.read(fd, CHUNK)

    def errors(self) -> str:
        """The beginning of what it has written to stderr."""
        self._stderr.seek(0)
        return self._stderr.read(ERRORS).decode("utf-8", "replace")

    def stderr(self) -> IO[bytes]:
        """What it has written to stderr, line by line."""
        self._stderr.seek(0)
        return self._stderr

    def kill(self) -> None:
        """From any thread, and more than once."""
        with self._lock:
            if self.code is not None:
                return
            with suppress(ProcessLookupError, PermissionError):  # it has ended, and nobody has waited for it yet
                if os.name == "posix":
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()

    def _reap(self) -> None:
        """Wait for its end. Its id is given back only under the lock, so that nobody else is killed by it."""
        if os.name == "posix" and self.code is None:
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            code = self._process.wait()
            self.code = 128 - code if code < 0 else code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._forget()
        if self._timer is not None:
            self._timer.cancel()
        self.kill()
        self._reap()
        for file in (self._process.stdin, self._process.stdout, self._stderr):
            if file is not None:
                file.close()


def _timer(token: CancelToken, act: Callable[[], None]) -> threading.Timer | None:
    """What kills the program at the token's deadline, of which listeners do not hear."""
    if token.deadline is None:
        return None
    timer = threading.Timer(max(token.deadline - time.monotonic(), 0.0), act)
    timer.daemon = True
    timer.start()
    return timer
