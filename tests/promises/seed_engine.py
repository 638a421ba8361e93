"""What the engine and its runs say in the seed's words: cases for test_seed_errors, by section of the specification."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import blueprint as bp
from flowbench import engine, runtime
from flowbench.engine.tokens import decode
from flowbench.errors import FlowbenchError
from tests.engine.desks import Desk, run
from tests.flows import blueprint, step

Case = tuple[type[FlowbenchError], str, Callable[[Path], Any]]


def agent(kind: str, spec: Any, name: str = "a", **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "spec": spec, **more}


def desk(use: Callable[[Desk], Any], **cfg: Any) -> Callable[[Path], Any]:
    """Use an engine; what is async is waited for."""

    def used(folder: Path) -> Any:
        made = use(Desk(**cfg))
        return run(made) if inspect.iscoroutine(made) else made

    return used


def worker_token(desk: Desk, work: Callable[[engine.CapToken, str], Any]) -> Any:
    """What a worker does with its own token, and an id of another task."""
    other = desk.start()
    return desk.dispatch(desk.start(), lambda site, value: work(site.task().token(), other))


def expired(desk: Desk) -> Any:
    short = desk.engine.attach("op", engine.Role.OPERATOR, 5)
    desk.clock.now += 5
    return desk.start(token=short)


def revoked(desk: Desk) -> Any:
    desk.engine.revoke(desk.token)
    return desk.start()


def cancelled(desk: Desk) -> Any:
    task = desk.start()
    desk.engine.cancel_task(desk.token, task)
    return desk.dispatch(task, lambda site, value: 1)


async def left(desk: Desk) -> Any:
    key = desk.engine.query_senior(desk.token, task := desk.start(), "?")
    waiting = asyncio.ensure_future(desk.engine.await_resume(key))
    await asyncio.sleep(0)
    desk.engine.cancel_task(desk.token, task)
    return await waiting


def fails(site: engine.Site, value: Any) -> Any:
    raise ValueError("intentional boom")


def nested(desk: Desk) -> Any:
    return desk.dispatch(desk.start(), lambda site, value: desk.start(token=site.task().token()))


ENGINE: dict[str, Case] = {
    "6.3 base64": (engine.TokenUnreadable, "base64 decode failed: ", lambda folder: decode("a")),
    "6.3 json": (engine.TokenUnreadable, "json parse failed: ", lambda folder: decode("aGFsbG8")),
    "6.8 signature": (
        engine.BadSignature,
        "token signature invalid",
        desk(lambda desk: desk.start(token=Desk().token)),
    ),
    "6.8 expired": (engine.TokenExpired, "token expired", desk(expired)),
    "6.8 uses": (engine.TokenUsesExhausted, "token uses exhausted", desk(revoked)),
    "6.8 store": (
        engine.TokenNotFound,
        "token not found in store (nonce=",
        desk(lambda desk: desk.start(token=decode(Desk(token_secret=b"x").token.encode())), token_secret=b"x"),
    ),
    "6.8 role": (
        engine.RoleViolation,
        "role violation: role=Observer verb=StartTask",
        desk(lambda desk: desk.start(token=desk.engine.attach("o", engine.Role.OBSERVER))),
    ),
    "6.8 task": (
        engine.TaskNotFound,
        "task not found: T-0",
        desk(lambda desk: desk.state("T-0")),
    ),
    "6.8 session": (
        engine.SessionNotFound,
        "session not found",
        desk(lambda desk: desk.engine.heartbeat(desk.engine.tokens.mint("o", engine.Role.OPERATOR, desk.clock()))),
    ),
    "6.8 resume key": (
        engine.ResumeKeyNotFound,
        "resume key not found",
        desk(lambda desk: desk.engine.resume("R-0", 1)),
    ),
    "6.8 resource": (
        engine.DispatchFailed,
        "dispatch failed: worker fn returned error: resource not found: x",
        desk(lambda desk: worker_token(desk, lambda token, other: desk.engine.fetch_data(token, "x"))),
    ),
    "6.8 transition": (engine.InvalidTransition, "invalid state transition: ", desk(cancelled)),
    "6.8 dispatch": (
        engine.DispatchFailed,
        "dispatch failed: worker fn returned error: intentional boom",
        desk(lambda desk: desk.dispatch(desk.start(), fails)),
    ),
    "6.8 poll": (
        engine.PollTimeout,
        "poll timeout",
        desk(lambda desk: desk.engine.await_resume(desk.engine.query_senior(desk.token, desk.start(), "?"), 0)),
    ),
    "6.8 cancelled": (engine.TaskCancelled, "cancelled", desk(left)),
    "6.8 depth": (
        engine.DispatchFailed,
        "dispatch failed: worker fn returned error: spawn depth exceeded: 1 >= max 1",
        desk(nested, max_spawn_depth=1),
    ),
    "6.8 mismatch": (
        engine.DispatchFailed,
        "dispatch failed: worker fn returned error: token task mismatch: token bound to T-",
        desk(lambda desk: worker_token(desk, desk.engine.fetch_prompt)),
    ),
    "6.6 final": (
        engine.DispatchFailed,
        "dispatch failed: no Final in output_tail",
        desk(lambda desk: desk.dispatch(desk.start(), lambda site, value: site.task().outcome())),
    ),
    "8.1 not registered": (
        engine.DispatchFailed,
        "dispatch failed: worker not registered: agent",
        desk(lambda desk: desk.engine.dispatch_attempt_with(desk.token, desk.start(), {})),
    ),
}


class Refuses:
    def before(self, ctx: Any) -> None:
        raise PermissionError("not today")

    def after(self, ctx: Any, value: Any) -> None: ...

    def execute(self, ctx: Any, system: Any, prompt: str, worker: Any, token: Any) -> Any:
        raise PermissionError("not today")


def ended(source: Any, **how: Any) -> BaseException:
    """The error of the body of a run that fails."""
    ran = fb.launch(source, {"x": "hi"}, **{"functions": bp.Functions(), "durability": "memory", **how})
    ran.wait(60)
    with pytest.raises(fb.RunFailed) as raised:
        ran.result()
    assert raised.value.body_error is not None
    return raised.value.body_error


def refused(folder: Path) -> Any:
    table = bp.Functions()
    table.register(lambda value: value, id="a")
    made = blueprint(step("a"), spawner_hints={"layers": ["main_ai"]})
    raise ended(made, functions=table, operator=runtime.Faces("main_ai", hook=Refuses()))


def untemplated(folder: Path) -> Any:
    profile = {"system_prompt": "Be {{ mood }}."}
    made = blueprint(
        step("a"), agents=[agent("operator", {"operator_ref": "o"}, profile=profile)], operators=[{"name": "o"}]
    )
    raise ended(made, operators={"o": Refuses()})


def nobody(folder: Path) -> Any:
    raise ended(blueprint(step("a"), strategy={"strict_refs": False, "strict_kind": True}))


def program(folder: Path) -> Any:
    raise ended(blueprint(step("a"), agents=[agent("subprocess", {"program": "false"})]))


RUNS: dict[str, Case] = {
    "8.1 registered": (engine.NotRegistered, "worker not registered: a", nobody),
    "8.1 rejected": (engine.SpawnRejected, "spawn rejected by middleware: not today", refused),
    "7.1 template": (engine.Internal, "internal: render system_prompt: template render failed: ", untemplated),
    "8.3 blocked": (engine.Blocked, "blocked: {", program),
}
