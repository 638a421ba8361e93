"""Tool step: one call of a tool, told what it writes meanwhile, and ended with its step."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any

import msgspec

from flowbench import flow, process
from flowbench.blueprint import ToolSpec, tool_call
from flowbench.cancel import GRACE_SECONDS, Aborted, AbortReason, CancelToken, stopper
from flowbench.engine.errors import Blocked, ToolTimedOut
from flowbench.engine.spawner import Body, Site, Uses
from flowbench.engine.workers.answer import tail
from flowbench.engine.workers.command import briefly
from flowbench.tools import Tool

RULE = "ok_from"  # the one option that is ours: which exit codes are a success
CODE = "exit_code"


class ToolSpawner:
    """One tool with its options."""

    quick, wants_secrets = False, False

    def __init__(self, spec: ToolSpec, tool: Tool) -> None:
        self._spec, self._tool = spec, tool
        self.uses: Uses = tool.uses
        self.digest = hashlib.sha256(flow.compact(msgspec.to_builtins(spec)).encode()).hexdigest()

    def body(self, site: Site) -> Body:
        async def at_once(value: Any) -> Any:
            return await self._tool.answer(self._told(site, value), site.token, _unheard)

        async def body(value: Any) -> Any:
            token, told = site.step_token(), self._told(site, value)
            rule = told.pop(RULE, "exit")
            written = _Written(site)
            before = stopper.set(lambda: token)
            try:
                answer = await _ended(asyncio.ensure_future(self._tool.answer(told, token, written.take)), token)
            except Aborted as aborted:
                raise self._late(aborted, told, token, "") from None
            finally:
                written.close()
                with suppress(ValueError):  # the interpreter takes a forgotten coroutine away in some other context
                    stopper.reset(before)
            if not isinstance(answer, dict) or not answer.keys() & {CODE, "timed_out"}:
                return answer
            if answer.get("timed_out") or answer.get("cancelled"):
                raise self._late(None, told, token, written.end())
            return self._judged({**answer, "output": written.text()}, rule, site.secrets.text)

        return at_once if self._tool.uses == "loop" else body

    def _told(self, site: Site, value: Any) -> dict[str, Any]:
        """The options for this visit, with the values of the secrets that the spec names. Raises: UnfitInput."""
        spec = self._spec
        fresh = {name: list(each) if isinstance(each, tuple) else deepcopy(each) for name, each in spec.options.items()}
        return tool_call(msgspec.structs.replace(spec, options=site.secrets.put_in(fresh)), value)

    def _late(self, aborted: Aborted | None, told: Mapping[str, Any], token: CancelToken, said: str) -> BaseException:
        """Its step was stopped, or it has taken longer than it may."""
        cause = token.cause
        if cause is not None:
            return aborted if aborted is not None else Aborted(cause)
        return ToolTimedOut(self._spec.tool, told.get("timeout_ms"), said)

    def _judged(self, answer: dict[str, Any], rule: Any, hide: Callable[[str], str]) -> Any:
        """Raises: Blocked, for an exit code that is no success."""
        for flag in ("cancelled", "timed_out"):
            answer.pop(flag, None)
        code = answer.get(CODE)
        if rule == "any" or code in ((0,) if rule == "exit" else rule):
            return answer
        shown = flow.compact({**answer, "output": tail(hide(answer["output"]))})
        raise Blocked(answer, shown, f" - it {process.ended(code or 0)}")


class _Written:
    """What a tool writes while it works: told as it comes, and kept."""

    def __init__(self, site: Site) -> None:
        visit = site.visit()
        self._hide = site.secrets.text if site.secrets.longest() else None
        self._say = briefly(site.voice(), site.secrets.text)
        name = f"{site.run_id}-{visit.address or 'root'}-{visit.attempt}"
        if len(name) > 120:
            name = hashlib.sha256(name.encode()).hexdigest()[:32]
        self._kept = process.Output(site.folder, f"{name}.out", self._hide)

    def take(self, text: str) -> None:
        self._kept.take(text.encode("utf-8", "surrogateescape"))
        self._say("stdout", text)

    def text(self) -> str:
        return self._kept.text()

    def end(self) -> str:
        return tail(self.text().strip() if self._hide is None else self._hide(self.text().strip()))

    def close(self) -> None:
        self._kept.close()


def _unheard(text: str) -> None:
    """What is over at once has written nothing."""


async def _ended(work: asyncio.Future[Any], token: CancelToken) -> Any:
    """What the tool answers. A step that is cancelled ends when its tool has: it is asked to stop and waited for."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        token.abort(AbortReason.SIGNAL, by="cancelled")
        work.add_done_callback(_forget)
        try:
            await asyncio.wait({work}, timeout=GRACE_SECONDS)
        finally:
            work.cancel()  # it would not end, or whoever waits was asked once more
        raise


def _forget(work: asyncio.Future[Any]) -> None:
    if not work.cancelled():
        work.exception()  # looked at, so that asyncio does not complain that nobody did
