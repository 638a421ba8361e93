"""Tool magics: a tool works on a thread of its own, the cell waits in slices, and its interrupt ends the tool alone."""

from __future__ import annotations

import concurrent.futures
import os
import queue
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec

from flowbench import tools
from flowbench.cancel import Aborted, CancelToken, blocking, bound
from flowbench.notebook.errors import ToolStopped
from flowbench.notebook.tool_words import Call, call
from flowbench.runtime import waiting

R = TypeVar("R")

CHUNKS = 64  # of what a command writes, that wait to be printed; then the command waits
SHOW_SECONDS = 0.25  # at most, of each turn of printing: the interrupt is looked at between the turns


class Printed(tools.ShellResult, frozen=True):
    """Of a command whose output was printed as it came: there is nothing to add to a plain success."""

    def _ipython_display_(self) -> None:
        if self.exit_code != 0:
            raise NotImplementedError  # IPython's word for: as if this method were not here


class ToolMagics:
    """The words of one shell for tools. Commands of `%fb sh` share one session, which ends with the kernel."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self._variables = variables
        self._session: tools.Shell | None = None

    def do(self, name: str, text: str) -> Any:
        """Carry a word out; the typed result. Raises: UsageError, ToolStopped, and the tool's own errors."""
        asked = call(name, text)
        result = self._command(asked) if name == "sh" else self._tool(asked)
        if asked.out is not None:
            self._variables[asked.out] = result
        return result

    def _tool(self, asked: Call) -> Any:
        what, path = asked.given
        place, room = self._place(path), cast(Any, tools)
        function = getattr(room, asked.tool)
        return attended(asked.tool, asked.timeout, lambda token: function(what, place, **asked.options, token=token))

    def _place(self, path: str) -> Any:
        """A path; or what the variable of that name holds, where there is no such path."""
        held = self._variables.get(path)
        return held if isinstance(held, (str, os.PathLike)) and not os.path.lexists(path) else path

    def _command(self, asked: Call) -> Any:
        if self._session is not None and asked.is_new:
            self._session.close()
            self._session = None
        [command] = asked.given
        if not command:
            return None
        session = self._session = self._session or tools.Shell()
        chunks: queue.Queue[str] = queue.Queue(CHUNKS)

        def run(token: CancelToken) -> tools.ShellResult:
            return session.run(command, token=token, on_chunk=lambda text: _hand_over(text, chunks, token))

        try:
            result = attended("sh", asked.timeout, run, _printer(chunks))
            return Printed(**msgspec.structs.asdict(result))
        except ToolStopped as stopped:
            raise ToolStopped(f"{stopped}; its session has ended with it, the next one begins anew") from None


def attended(
    tag: str,
    timeout: float | None,
    work: Callable[[CancelToken], R],
    meanwhile: Callable[[], object] = lambda: None,
) -> R:
    """Do `work` on a thread and wait in slices; an interrupt aborts its token, a second one gives up waiting.

    timeout: seconds. meanwhile: called in this thread in each slice, and once at the end.
    Raises: ToolStopped for an abort, KeyboardInterrupt, and what the work raises.
    """
    token = bound(None, timeout)
    job = blocking(tag, token, work)

    def look(seconds: float) -> bool:
        meanwhile()
        return bool(concurrent.futures.wait([job.future], seconds).done)

    waiting.wait_for(look, token, None)
    meanwhile()
    try:
        return job.future.result()
    except Aborted as aborted:
        raise ToolStopped(f"{tag} was stopped: {aborted} (by {aborted.by})") from None


def _hand_over(text: str, chunks: queue.Queue[str], token: CancelToken) -> None:
    """Wait for room, but not for ever: a cell that has given up prints no more."""
    while True:
        try:
            return chunks.put(text, timeout=waiting.SLICE)
        except queue.Full:
            token.heartbeat()


def _printer(chunks: queue.Queue[str]) -> Callable[[], None]:
    def print_them() -> None:
        until = time.monotonic() + SHOW_SECONDS
        while time.monotonic() < until:
            try:
                print(chunks.get_nowait(), end="", flush=True)
            except queue.Empty:
                return

    return print_them
