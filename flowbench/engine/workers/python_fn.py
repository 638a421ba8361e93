"""Agents that are Python functions: inline, on the engine's loop, on a worker thread, or in a fresh process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from flowbench import flow, process
from flowbench.blueprint import AgentDef, Functions, PythonFunction, UnknownFunction
from flowbench.cancel import AbortReason, CancelToken, stopper
from flowbench.engine.handing import on_thread
from flowbench.engine.spawner import Body, Site, SpecError, Uses, speaker
from flowbench.engine.workers.prompt import text_form
from flowbench.engine.workers.terms import terms_of

Thunk = Callable[[], Any]


class PythonFactory:
    """Builds agents of kind `python_fn` (the function gets the JSON value) and `rust_fn` (it gets the prompt text).

    spec: {"fn_id": id of a registered function}.
    Source: mlua-swarm 0.2.1 `RustFnFactory`.
    """

    def __init__(self, functions: Functions, *, as_prompt: bool = False) -> None:
        self._functions, self._as_prompt = functions, as_prompt

    def build(self, agent: AgentDef) -> PythonSpawner:
        """Raises: SpecError."""
        fn_id = agent.spec.get("fn_id") if isinstance(agent.spec, dict) else None
        if not isinstance(fn_id, str):
            raise SpecError(f"{agent.kind.value} spec: 'fn_id' (string) required")
        try:
            return PythonSpawner(self._functions.get(fn_id), as_prompt=self._as_prompt)
        except UnknownFunction as error:
            raise SpecError(f"fn_id '{fn_id}' not registered in factory; {error}") from error


class PythonSpawner:
    """One registered function."""

    def __init__(self, function: PythonFunction, *, as_prompt: bool) -> None:
        self._function, self._as_prompt = function, as_prompt
        self.quick, self.digest = function.inline, function.hash
        self.uses: Uses = function.isolation or ("loop" if function.inline or function.is_async else "thread")
        self.wants_secrets = "secret" in function.wants

    def body(self, site: Site) -> Body:
        """Called on the engine's loop, for each visit."""
        function = self._function
        if function.isolation:
            return self._process_body(site)
        plain = function.takes == "value" and not function.wants and not function.value_name
        if plain:
            fn = _prompted(function.fn) if self._as_prompt else function.fn
            if function.inline:
                return fn
            return _heard(fn if function.is_async else lambda value: on_thread(fn, value, site), site)
        if function.inline:
            return lambda value: self._call(value, site, site.token)()
        return _heard(self._async_body(site) if function.is_async else self._thread_body(site), site)

    def _call(self, value: Any, site: Site, token: CancelToken) -> partial[Any]:
        """The function with all that it asked for, taken now: ctx is what the step sees at this moment."""
        text = text_form(value) if self._as_prompt or "prompt" in self._function.wants else ""
        ctx = site.ctx() if "ctx" in self._function.wants else None
        given = text if self._as_prompt else value
        secret = site.secrets.value
        args, named = self._function.arguments(given, ctx=ctx, token=token, prompt=text, secret=secret)
        return partial(self._function.fn, *args, **named)

    def _async_body(self, site: Site) -> Body:
        async def body(value: Any) -> Any:
            token = site.step_token()
            thunk = self._call(value, site, token)
            before = stopper.set(lambda: token)
            try:
                return await thunk()
            except asyncio.CancelledError:  # its branch lost, or the run stops: the token says so to what it started
                token.abort(AbortReason.SIGNAL, by="cancelled")
                raise
            finally:
                with suppress(ValueError):  # the interpreter takes a forgotten coroutine away in some other context
                    stopper.reset(before)

        return body

    def _process_body(self, site: Site) -> Body:
        async def body(value: Any) -> Any:
            holds = terms_of(site, site.voice())
            call = self._call(value, site, site.token)
            name = "token" if "token" in self._function.wants else ""
            call.keywords.pop(name, None)  # it stays here; the process makes one of its own
            out = await process.run_isolated(call, token_name=name, **holds)
            return flow.answer_of(out.plain) if isinstance(out, process.Answered) else out

        return body

    def _thread_body(self, site: Site) -> Body:
        def enter(thunk: Thunk) -> Any:  # one per body: the hand-off learns by function how long it usually takes
            return thunk()

        async def body(value: Any) -> Any:
            token = site.step_token()
            return await on_thread(enter, self._call(value, site, token), site, token)

        return body


def _heard(body: Body, site: Site) -> Body:
    """What the body prints is its own, also when the engine has gone on to other steps: its task keeps the context,
    and so do tasks and threads that it starts.
    """

    def speaking(value: Any) -> Any:
        speaker.set(site.voice())  # never taken back: see `Site.say` of the runtime for what the task calls next
        return body(value)

    return speaking


def _prompted(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: fn(text_form(value))
