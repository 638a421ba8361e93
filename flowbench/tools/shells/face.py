"""Face: what the blocking and the awaited Shell have in common; one session of their own behind each."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import weakref
from collections.abc import Mapping

from flowbench.cancel import CancelToken, bound
from flowbench.process import PROCESSES, Output, backstage
from flowbench.tools.minimizing.result import MinimizerOptions
from flowbench.tools.outflow import Outflow
from flowbench.tools.shells.core import Core, Order, Setup
from flowbench.tools.shells.result import ShellResult


class Face:
    """See Shell."""

    def __init__(
        self,
        *,
        session_env: Mapping[str, str] | None = None,
        snapshot_path: str | os.PathLike[str] | None = None,
        minimizer: MinimizerOptions | None = None,
        limit: int = PROCESSES,
    ) -> None:
        self._tag = "shell.run"
        snapshot = None if snapshot_path is None else os.path.abspath(snapshot_path)
        self._setup = Setup(dict(session_env or {}), snapshot, limit, minimizer)
        self._begin()

    def _begin(self) -> None:
        self._core = Core(self._setup)
        weakref.finalize(self, self._core.let_go)

    @property
    def core(self) -> Core:
        """That of this process: a forked child has a session of its own."""
        if self._core.owner != os.getpid():
            self._begin()
        return self._core

    def outflow(self) -> Outflow:
        loop, stir = backstage(), self.core.stir
        return Outflow(lambda: loop.call_soon_threadsafe(stir.set))


def order(
    tag: str,
    command: str,
    cwd: str | os.PathLike[str] | None,
    env: Mapping[str, str] | None,
    token: CancelToken | None,
    timeout_ms: float | None,
) -> Order:
    """In the context of the caller: what stops their step stops the command. The deadline counts from here."""
    own = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    return Order(command, own, None if cwd is None else os.fspath(cwd), dict(env or {}), tag, _caller())


def _caller() -> object:
    """The task that calls, or else the thread: who waits for a command cannot wait for another one meanwhile."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.get_ident() if task is None else id(task)


class Kept:
    """A sink for a command that nobody listens to: both ends of what it writes, and a file if it is long."""

    has_room = True

    def __init__(self) -> None:
        self._output = Output(None, f"shell-{secrets.token_hex(8)}")

    def put(self, chunk: bytes) -> None:
        self._output.take(chunk)

    def cut(self, seconds: float) -> None:
        """Everything is kept."""

    def within(self, result: ShellResult) -> ShellResult:
        import msgspec

        self._output.close()
        return msgspec.structs.replace(result, output=self._output.text())
