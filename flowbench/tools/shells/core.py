"""Core: carry one command after another out in a session, on the loop backstage; drop the session when it has to go."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from flowbench.cancel import AbortReason, CancelToken, Cause, profile_region
from flowbench.process import PROCESSES, Session, TooManyProcesses, living_below
from flowbench.tools.errors import ShellFailed
from flowbench.tools.minimizing.applying import minimized
from flowbench.tools.minimizing.result import MinimizerOptions
from flowbench.tools.shells.pump import Capture, Pump, Sink
from flowbench.tools.shells.result import ShellResult
from flowbench.tools.shells.speech import HERE, Speech, answer, check, inherited, speech, word

GRACE = 0.075  # seconds between TERM and KILL
QUIET = 0.25  # seconds without output after which nothing more is expected from jobs that have just begun
PATIENCE = 2.0  # seconds for such jobs to talk on, and for a slow listener when the session is gone


@dataclass
class Setup:
    """What holds for all sessions of one Shell. env: on top of this process's own. snapshot: a script that each session
    begins with. limit: processes at most, all that it starts included.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    snapshot: str | None = None
    limit: int = PROCESSES
    minimizer: MinimizerOptions | None = None


@dataclass
class Order:
    """One command. cwd: None: where the session is. env: for this command alone. tag: of its sample in the profile.

    caller: equal for two that wait for each other.
    """

    command: str
    token: CancelToken
    cwd: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    tag: str = "shell.run"
    caller: object = None


class Core:
    """The session of one Shell."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.stir = asyncio.Event()  # set when anything is new
        self._turn = asyncio.Lock()
        self._current: Order | None = None
        self._session: Session | None = None
        self._speech: Speech | None = None
        self._shell = 0  # process id
        self._folder = ""
        self._jobs: frozenset[int] = frozenset()
        self.owner = os.getpid()
        self._is_closed = False

    # From any thread

    def abort(self) -> bool:
        """Abort the command that is carried out now; False if there is none."""
        current = self._current
        return current is not None and current.token.abort(AbortReason.SIGNAL, "shell")

    def jobs(self) -> int:
        """How many jobs of the session go on in the background."""
        return 0 if self._session is None else len(living_below(self._shell, self._jobs))

    def let_go(self) -> None:
        """Nobody uses it any more: its session is asked to end, and nobody waits for that."""
        session = self._session
        if session is not None and self.owner == os.getpid():
            session.leash.stop()

    # Backstage

    async def close(self) -> None:
        """Abort what is carried out, end the session with all it has started, take no more commands."""
        self._is_closed = True
        self.abort()
        async with self._turn:
            await self._drop()

    async def run(self, order: Order, sink: Sink) -> ShellResult:
        """Wait for the turn, carry the command out, tell the sink what it writes; abort returns flags.

        Raises: ShellFailed, TooManyProcesses, Survivors.
        """
        check(order.command, order.env)
        now = self._current
        if now is not None and now.caller == order.caller and not now.token.aborted():
            why = (
                "its command still goes on, and its caller waits here; read its stream to the end, or use another Shell"
            )
            raise ShellFailed("Shell execution failed", why)
        if (cause := await self._take_turn(order.token)) is not None:
            return _stopped(cause)
        self._current = order
        try:
            with profile_region(order.tag):
                return await self._carry(order, sink)
        except BaseException:  # whatever it is, nobody knows what state the session is in
            await self._drop()
            raise
        finally:
            self._current = None
            self._turn.release()

    async def _take_turn(self, token: CancelToken) -> Cause | None:
        """Have the turn, or say why there was no waiting for it."""
        if self._turn.locked():
            taking = asyncio.ensure_future(self._turn.acquire())
            watch = asyncio.ensure_future(token.wait())
            await asyncio.wait({taking, watch}, return_when=asyncio.FIRST_COMPLETED)
            watch.cancel()
            if not taking.done():
                taking.cancel()
                with suppress(asyncio.CancelledError):
                    await taking
            if taking.cancelled():
                return token.cause
        else:
            await self._turn.acquire()
        if (cause := token.cause) is not None:
            self._turn.release()
        return cause

    async def _carry(self, order: Order, sink: Sink) -> ShellResult:
        if self._is_closed:
            raise ShellFailed("Shell execution failed", "this Shell is closed; make a new one")
        if self._session is not None and self._session.is_over:
            await self._drop()
        here = _current_folder() if self._session is None else self._folder
        folder = None if order.cwd is None else _whole(order.cwd, here)
        if self._session is None:
            self._session = await self._begin()
            if self._setup.snapshot is not None:
                await self._source(self._session, self._setup.snapshot, here)
            folder = folder or here
        options = self._setup.minimizer
        capture = None if options is None or not options.enabled else Capture(sink, options.max_capture_bytes)
        result = await self._put(self._session, order, folder or "", capture or sink)
        if result.working_dir is None:
            await self._drop()
        if capture is None or options is None or result.exit_code is None or capture.is_too_long:
            return result
        text = capture.heard.decode(errors="replace")
        shorter = minimized(options, order.command, text, result.exit_code)
        return msgspec.structs.replace(result, minimized=shorter)

    async def _begin(self) -> Session:
        env = inherited(os.environ, self._setup.env)
        self._speech = speech(env.get("PATH", ""))
        argv, talk, limit = self._speech.argv, self._speech.talk, self._setup.limit
        try:
            session = Session(argv, env, HERE, talk, self.stir.set, grace=GRACE, limit=limit)
            self._session, self._jobs = session, frozenset()
            self._shell = await session.leash.started
        except OSError as error:
            raise ShellFailed("Failed to initialize shell", error.strerror or str(error)) from None
        return session

    async def _source(self, session: Session, snapshot: str, folder: str) -> None:
        heard = Capture(None, 1 << 16)
        order = Order(f". {shlex.quote(snapshot)}", CancelToken())
        done = await self._put(session, order, folder, heard)
        if done.exit_code != 0 or session.is_over:
            lines = heard.heard.decode(errors="replace").strip().splitlines() or [f"exit code {done.exit_code}"]
            raise ShellFailed("Failed to source snapshot", lines[-1])

    async def _put(self, session: Session, order: Order, folder: str, sink: Sink) -> ShellResult:
        """Put the command to the session. A result without a folder means that the session is over."""
        assert self._speech is not None
        pump, token, secret = Pump(session, sink, self.stir), order.token, word()
        undo = self._listen(session, token)
        try:
            unheard, lost = session.wake()
            if unheard:
                sink.put((b"[%d bytes of background jobs left out]\n" % lost if lost else b"") + unheard)
            session.say(self._speech.put(secret, order.command, folder, order.env))
            reply = None
            while not token.aborted() and not session.is_over and reply is None:
                reply = answer(session.answers, secret)
                if reply is None:
                    await pump.turn()
            if reply is not None:
                if reply.status < 0:
                    raise ShellFailed("Failed to set cwd", f"the shell cannot enter it: {folder}")
                left = session.pending()  # all that it has written itself is there by now
                while left > 0 and not token.aborted():
                    left -= await pump.turn(left)
                if living_below(self._shell, reply.jobs - self._jobs):
                    await self._hear_out(session, pump, token)
            if (cause := token.cause) is not None:
                sink.cut(PATIENCE)
                await session.end()
                await pump.finish(PATIENCE)
                return _stopped(cause)
            if reply is None:
                return await self._ended(session, pump)
            session.rest()
            self._folder, self._jobs = reply.folder or self._folder, reply.jobs
            return ShellResult(exit_code=reply.status, cancelled=False, timed_out=False, working_dir=self._folder)
        finally:
            for each in undo:
                each()

    def _listen(self, session: Session, token: CancelToken) -> list[Callable[[], object]]:
        """Wire the token to the session: its tree is asked to end in whatever thread aborts. Returns the ways back."""
        loop = asyncio.get_running_loop()

        def stop(_: Cause) -> None:
            session.leash.stop()
            loop.call_soon_threadsafe(self.stir.set)

        undo: list[Callable[[], object]] = [token.on_abort(stop)]
        if token.deadline is not None:
            left = max(token.deadline - loop.time(), 0.0)
            undo.append(loop.call_later(left, token.abort, AbortReason.TIMEOUT, "deadline").cancel)
        return undo

    async def _hear_out(self, session: Session, pump: Pump, token: CancelToken) -> None:
        """Jobs have begun that hold the output open: return when they are quiet."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        until, spoken = now + PATIENCE, now
        while not token.aborted() and not session.is_over and (now := loop.time()) < min(until, spoken + QUIET):
            if await pump.turn(seconds=min(until, spoken + QUIET) - now):
                spoken = loop.time()

    async def _ended(self, session: Session, pump: Pump) -> ShellResult:
        """The shell has ended by itself."""
        code = await session.leash.exited
        await session.end()
        await pump.finish(PATIENCE)
        if session.leash.storm:
            raise TooManyProcesses("the shell", session.leash.storm, session.limit)
        if code is None:
            raise ShellFailed("Shell execution failed", "its keeper was killed; what it had started was ended")
        return ShellResult(exit_code=code if code >= 0 else 128 - code, cancelled=False, timed_out=False)

    async def _drop(self) -> None:
        session, self._session, self._jobs = self._session, None, frozenset()
        if session is None:
            return
        try:
            await session.end()
        finally:
            session.close()


def _stopped(cause: Cause) -> ShellResult:
    is_late = cause.reason is AbortReason.TIMEOUT
    return ShellResult(cancelled=not is_late, timed_out=is_late)


def _current_folder() -> str:
    try:
        return os.getcwd()
    except OSError as error:
        raise ShellFailed("Failed to set cwd", f"{error.strerror}: the current folder of this process") from None


def _whole(cwd: str, here: str) -> str:
    """The whole path of a folder. Raises: ShellFailed, for what is none, or may not be entered."""
    path = os.path.join(here, cwd)
    try:
        if not os.path.isdir(path):
            os.scandir(path).close()  # raises, and says why
        if not os.access(path, os.X_OK):
            raise PermissionError(13, "Permission denied")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ShellFailed("Failed to set cwd", f"{why}: {cwd}") from None
    return path
