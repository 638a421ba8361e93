"""Blocking: a shell session for callers that wait for each command."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from flowbench.cancel import AbortReason, CancelToken
from flowbench.process import carry
from flowbench.tools.minimizing.result import MinimizerOptions
from flowbench.tools.shells.core import Order
from flowbench.tools.shells.face import Face, Kept, order
from flowbench.tools.shells.result import ShellResult


class Shell(Face):
    """A bash session that is made when it is first used (sh where there is no bash) and keeps its state: folder,
    variables, functions, options, background jobs.

    It is lost, and the next command begins with a new one, after an abort, a timeout, an error, `exit`, and a `return`
    or `break` outside of everything; so are its background jobs. Commands of one Shell wait for their turn. Their stdin
    is empty, their stdout and stderr one stream. Whatever they start ends with the session, on Linux without exception.
    The session ends with this object, and with this process however that ends.

    session_env: on top of this process's environment, of which a shell's own variables and those that send git to
    another folder are left out. snapshot_path: a script that each session begins with. minimizer: makes a shorter
    text of what known programs write, as `minimized` of the result; what is heard stays as it is. limit: processes at
    most, all that the session starts included; when there are more, all are ended.
    Source: pi-natives 18.2, Shell.
    """

    def run(
        self,
        command: str,
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        token: CancelToken | None = None,
        timeout_ms: float | None = None,
        on_chunk: Callable[[str], object] | None = None,
    ) -> ShellResult:
        """Carry a command out, all it has started and does not leave in the background included. Abort returns flags:
        `cancelled`, or `timed_out` after `timeout_ms`, which counts from this call.

        cwd: changes the session's folder for good; relative to where it is. env: for this command alone. on_chunk:
        hears what is written, in this thread, in parts of at most 64 Ki characters; while it is busy the command waits.
        What it raises aborts the command. Without one, the text is the result's `output`.
        When jobs have begun in the background, what they write is heard until they are quiet for 250 ms.
        Raises: ShellFailed, TooManyProcesses, Survivors.
        """
        asked = order(self._tag, command, cwd, env, token, timeout_ms)
        if on_chunk is None:
            kept = Kept()
            return kept.within(_wait(carry(self.core.run(asked, kept)), asked))
        stream = ShellStream(self, asked)
        try:
            for text in stream:
                on_chunk(text)
        finally:
            stream.close()
        assert stream.result is not None
        return stream.result

    def stream(
        self,
        command: str,
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        token: CancelToken | None = None,
        timeout_ms: float | None = None,
    ) -> ShellStream:
        """`for text in shell.stream(command)`: as `run`; whoever leaves the loop early stops the command. Abort returns
        early, and then `result`, of what this returns, has the flags.

        Raises: ShellFailed, TooManyProcesses, Survivors, in the loop.
        """
        return ShellStream(self, order(self._tag, command, cwd, env, token, timeout_ms))

    def abort(self) -> bool:
        """Abort the command that is carried out now, from any thread; False if there is none. Does not wait."""
        return self.core.abort()

    def live_background_job_count(self) -> int:
        """Jobs that commands have left running in the background."""
        return self.core.jobs()

    def close(self) -> None:
        """Abort what is carried out and end the session with all it has started; return when that is gone."""
        carry(self.core.close()).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def execute_shell(
    command: str,
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    session_env: Mapping[str, str] | None = None,
    snapshot_path: str | os.PathLike[str] | None = None,
    minimizer: MinimizerOptions | None = None,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
    on_chunk: Callable[[str], object] | None = None,
) -> ShellResult:
    """One command in a session of its own, which ends with it, background jobs included. Abort returns flags.

    Arguments and errors: as of `Shell` and `Shell.run`.
    """
    with Shell(session_env=session_env, snapshot_path=snapshot_path, minimizer=minimizer) as shell:
        shell._tag = "shell.execute"
        return shell.run(command, cwd=cwd, env=env, token=token, timeout_ms=timeout_ms, on_chunk=on_chunk)


class ShellStream(Iterator[str]):
    """What a command writes, as it comes; it is put to the session when the first part is asked for.

    result: how it ended, once the loop is over.
    """

    def __init__(self, shell: Face, asked: Order) -> None:
        self.result: ShellResult | None = None
        self._shell, self._order = shell, asked  # a session ends with the last who knows its Shell
        self._future: Future[ShellResult] | None = None
        self._outflow = shell.outflow()

    def __next__(self) -> str:
        if self._future is None:
            outflow = self._outflow  # and not this object, which the loop backstage must not keep
            self._future = carry(self._shell.core.run(self._order, outflow))
            self._future.add_done_callback(lambda _: outflow.end())
        if (text := self._outflow.take()) is not None:
            return str(text)
        self.result = self._future.result()
        raise StopIteration

    def close(self) -> None:
        """Stop the command if it goes on, and return when it has ended."""
        if self._leave() and self._future is not None:
            self._future.result()

    def _leave(self) -> bool:
        if self._future is None or self._future.done():
            return False
        self._order.token.abort(AbortReason.SIGNAL, "left")
        self._outflow.leave()
        return True

    def __del__(self) -> None:
        self._leave()


def _wait(future: Future[ShellResult], asked: Order) -> ShellResult:
    try:
        return future.result()
    except BaseException:  # Ctrl-C, or forced: whatever it is, the caller does not wait any more
        asked.token.abort(AbortReason.SIGNAL, "left")
        raise
