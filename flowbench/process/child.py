"""Child: attend one child from start to end: its pipes, its time, its abort, and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from flowbench.cancel import GRACE_SECONDS, Aborted, AbortReason, CancelToken
from flowbench.process.errors import NotStarted, TimedOut, TooManyProcesses
from flowbench.process.inlet import Inlet
from flowbench.process.leash import Leash, read, settled
from flowbench.process.output import Lines, Output

PROCESSES = 256  # of one child, all that it starts included
QUIET = 0.1  # seconds without output after which nothing more is expected from a daemon that holds a pipe
PATIENCE = 2.0  # seconds that such a daemon may go on talking

Voice = Callable[[str, str], object]
"""(stream, text): whole lines with their ends, or parts of one that is too long; on the loop that attends the child.

stream: stdout | stderr.
"""


class Terms(TypedDict, total=False):
    """What holds for any child.

    tag: the run it belongs to; what it leaves behind when it succeeds lives until `clear(tag)`, and without a tag it
    does not. token: its abort ends the child. voice: hears all that it writes. timeout: seconds. env: added to this
    process's own. cwd: folder, by default this process's. limit: processes at most, all that it starts included.
    folder, name: where output goes that is too long for memory; by default a private folder and a name nobody else has.
    hide: takes out of a text what must not be written down.
    """

    tag: str
    token: CancelToken | None
    voice: Voice | None
    timeout: float | None
    env: Mapping[str, str]
    cwd: str | None
    limit: int
    folder: Path | None
    name: str
    hide: Callable[[str], str] | None


@dataclass
class Ended:
    """What became of a child. code: exit code, or minus the number of the signal that killed it; None: nobody knows.

    seconds: monotonic.
    """

    stdout: Output
    stderr: Output
    code: int | None = None
    seconds: float = 0.0


@dataclass
class Pipes:
    """What a child is fed, and who hears it besides its voice. answer: bytes of a body's own pipe.

    stdin: all of it, or with talk: what is fed to it while the child lives.
    """

    stdin: bytes | None = None
    stdout: Callable[[bytes], object] | None = None
    answer: Callable[[bytes], object] | None = None
    talk: Inlet | None = None


async def attend(program: str, request: Mapping[str, Any], pipes: Pipes, terms: Terms) -> Ended:
    """Start a child and wait for its end; abort raises.

    A child that fails, is aborted or takes too long is gone with all it has started when this returns. The same holds
    when the task that awaits is cancelled.
    Raises: Aborted, NotStarted, TimedOut, TooManyProcesses, Survivors.
    """
    token, timeout = terms.get("token"), terms.get("timeout")
    if token is not None and (cause := token.cause) is not None:
        raise Aborted(cause)
    began = time.monotonic()
    limit, cwd = terms.get("limit", PROCESSES), terms.get("cwd")
    asked = {**request, "cwd": cwd and os.fsencode(cwd), "limit": limit, "grace": GRACE_SECONDS}
    child = _Child(program, asked, pipes, terms)
    late = _Late(token, timeout, child.leash)
    try:
        try:
            await child.leash.started
        except OSError as error:
            raise NotStarted(program, error.errno or 0, cwd) from None
        child.ended.code = await child.leash.exited
        if child.ended.code == 0 and terms.get("tag") and not late.happened and not child.leash.storm:
            await child.drained()
        else:
            await child.leash.end()
            await settled(child.silent, QUIET)
    except BaseException:  # cancelled, or it would not end: whatever it is, nobody waits any more
        await child.leash.end()
        raise
    finally:
        late.forget()
        child.close()
    child.ended.seconds = time.monotonic() - began
    if token is not None and (cause := token.cause) is not None:
        raise Aborted(cause)
    if child.leash.storm:
        raise TooManyProcesses(program, child.leash.storm, limit)
    if late.is_timeout:
        assert timeout is not None
        raise TimedOut(program, timeout)
    return child.ended


@dataclass
class _Late:
    """Reasons to end the tree early, wired to its leash: the token, its deadline, the child's own time."""

    token: CancelToken | None
    timeout: float | None
    leash: Leash
    is_timeout: bool = False
    undo: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        if self.timeout is not None:
            self.undo.append(loop.call_later(self.timeout, self._time_is_up).cancel)
        if self.token is None:
            return
        self.undo.append(self.token.on_abort(lambda _: self.leash.stop()))  # in whatever thread aborts
        if self.token.deadline is not None:
            left = max(self.token.deadline - time.monotonic(), 0.0)
            abort = loop.call_later(left, self.token.abort, AbortReason.TIMEOUT, "deadline")
            self.undo.append(abort.cancel)

    @property
    def happened(self) -> bool:
        return self.is_timeout or (self.token is not None and self.token.aborted())

    def _time_is_up(self) -> None:
        self.is_timeout = True
        self.leash.stop()

    def forget(self) -> None:
        for each in self.undo:
            each()


class _Child:
    """The pipes of one child. silent: both its outputs have ended."""

    def __init__(self, program: str, request: Mapping[str, Any], pipes: Pipes, terms: Terms) -> None:
        self._loop = asyncio.get_running_loop()
        self._voice = terms.get("voice")
        self._spoke = time.monotonic()
        self._open = 3 if pipes.answer is not None else 2
        self.silent: asyncio.Future[None] = self._loop.create_future()
        name, folder = terms.get("name") or secrets.token_hex(8), terms.get("folder")
        stdout, stderr = (Output(folder, f"{name}.{stream}", terms.get("hide")) for stream in ("stdout", "stderr"))
        self.ended = Ended(stdout, stderr)
        theirs: dict[str, int] = {}
        ours: dict[str, int] = {}
        try:
            for stream in ("stdout", "stderr", *(["answer"] if pipes.answer is not None else [])):
                ours[stream], theirs[stream] = os.pipe()
            if pipes.stdin is None and pipes.talk is None:
                theirs["stdin"] = os.open(os.devnull, os.O_RDONLY)
            else:
                theirs["stdin"], ours["stdin"] = os.pipe()
            try:
                self.leash = Leash(request, terms.get("tag", ""), terms.get("env", {}), theirs)
            except OSError as error:
                raise NotStarted(program, error.errno or 0) from error
        except BaseException:
            _close(ours.values())
            raise
        finally:
            _close(theirs.values())
        self._hear(ours["stdout"], "stdout", self.ended.stdout, pipes.stdout)
        self._hear(ours["stderr"], "stderr", self.ended.stderr, None)
        if pipes.answer is not None:
            read(self._loop, ours["answer"], pipes.answer, self._has_answered)
        self._talk = pipes.talk
        if pipes.talk is not None:
            pipes.talk.open(self._loop, ours["stdin"])
        elif pipes.stdin is not None:
            inlet = Inlet()
            inlet.feed(pipes.stdin)
            inlet.end()
            inlet.open(self._loop, ours["stdin"])

    def _hear(self, fd: int, stream: str, output: Output, also: Callable[[bytes], object] | None) -> None:
        voice = self._voice
        lines = None if voice is None else Lines(lambda text: voice(stream, text))

        def take(chunk: bytes) -> None:
            self._spoke = time.monotonic()
            output.take(chunk)
            if also is not None:
                also(chunk)
            if lines is not None:
                lines.take(chunk)

        def end() -> None:
            if lines is not None:
                lines.end()
            self._one_has_ended()

        read(self._loop, fd, take, end)

    def _has_answered(self) -> None:
        """What its threads and exit functions still do has the grace, and then another one to be asked."""
        self._loop.call_later(GRACE_SECONDS, self.leash.stop)
        self._one_has_ended()

    def _one_has_ended(self) -> None:
        self._open -= 1
        if not self._open and not self.silent.done():
            self.silent.set_result(None)

    async def drained(self) -> None:
        """The child has ended: return when all it wrote is read. Its daemons may hold the pipes, and talk on."""
        until = time.monotonic() + PATIENCE
        self._spoke = time.monotonic()
        while not self.silent.done() and (now := time.monotonic()) < until and now < self._spoke + QUIET:
            await asyncio.wait([self.silent], timeout=QUIET / 4)

    def close(self) -> None:
        """What comes now, from daemons, goes to the voice alone."""
        self.ended.stdout.close()
        self.ended.stderr.close()
        if self._talk is not None:
            self._talk.close()


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)
