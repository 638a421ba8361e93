"""What a body can ask of its site: the visit as a task of the engine, who stands behind it, answers that are kept."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import OperatorKind
from flowbench.engine.tokens import decode
from flowbench.runtime import journal
from tests.flows import attempt, fan, seq, step
from tests.runtime.probes import Probe, asks_and_dies, install, probed, seat

Install = Callable[..., None]


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> Install:
    return lambda **probes: install(monkeypatch.setattr, **probes)


def run_of(flow: Any, ctx: Any, *names: str, **more: Any) -> fb.Run:
    run = fb.launch(probed(flow, *names), ctx, **more)
    run.wait(30)
    return run


def test_a_step_that_asks_for_nothing_is_no_task(probes: Install) -> None:
    seen: list[str] = []
    desk = engine.Engine()
    probes(plain=lambda site, value: seen.append(site.visit().address) or value)

    run_of(step("plain"), {"x": 1}, "plain", seat=engine.Seat(desk, desk.attach("op")))

    assert seen == ["0"] or seen == [""]
    assert [type(news).__name__ for news in desk.wire.tail()] == ["SessionAttached"]


async def _blocks(site: engine.Site, value: Any) -> Any:
    site.task()
    raise engine.Blocked({"got": value}, "no", "")


async def _fails(site: engine.Site, value: Any) -> Any:
    site.task()
    raise ValueError("boom")


async def _passes(site: engine.Site, value: Any) -> Any:
    site.task()
    return value + 1


@pytest.mark.parametrize(
    ("probe", "status", "result", "last"),
    [
        (_passes, "pass", 2, "TaskPass"),
        (_blocks, "blocked", {"got": 1}, "TaskBlocked"),
        (_fails, "blocked", {"error": "boom"}, "TaskBlocked"),
    ],
)
def test_a_task_ends_as_its_step_does_and_says_so(
    probes: Install, probe: Probe, status: str, result: Any, last: str
) -> None:
    tasks: list[engine.Task] = []
    desk = engine.Engine()

    async def body(site: engine.Site, value: Any) -> Any:
        tasks.append(site.task())
        assert site.task() is tasks[0]
        assert tasks[0].state.status == "running"
        return await probe(site, value)

    probes(agent=body)
    run = run_of(step("agent"), {"x": 1}, "agent", seat=engine.Seat(desk, desk.attach("op")))

    [task] = tasks
    assert (task.id, task.attempt) == (engine.ids.visit_id(run.id, run.steps[0].address), 1)
    assert (task.state.status, task.state.last_result) == (status, result)
    names = [type(news).__name__ for news in desk.wire.tail()]
    assert names == ["SessionAttached", "TaskCreated", "TaskAttemptCompleted", last]


def test_a_loser_of_a_race_is_a_cancelled_task(probes: Install) -> None:
    tasks: dict[Any, engine.Task] = {}

    async def body(site: engine.Site, value: Any) -> Any:
        tasks[value] = site.task()
        await asyncio.sleep(0 if value == 1 else 600)
        return value

    probes(agent=body)
    run_of(fan(step("agent", "$.i", "$.o"), (1, 2), join="race"), {}, "agent")

    assert [tasks[value].state.status for value in (1, 2)] == ["pass", "cancelled"]


@pytest.mark.parametrize("swallows", [False, True], ids=["ends", "swallows"])
def test_cancelling_a_task_stops_its_step_and_nothing_else(probes: Install, swallows: bool) -> None:
    began, tasks = threading.Event(), []

    async def body(site: engine.Site, value: Any) -> Any:
        tasks.append(site.task())
        began.set()
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            if not swallows:
                raise
        return "late"

    probes(agent=body, after=lambda site, value: "went on")
    run = fb.launch(probed(seq(attempt(step("agent")), step("after")), "agent", "after"), {"x": 1})
    assert began.wait(30)

    tasks[0].cancel()

    ctx = run.result(30)
    assert ctx == {"x": "went on", "err": "dispatcher error for ref 'agent': cancelled"}
    assert tasks[0].state.status == "cancelled"


def test_a_layer_that_waits_first_takes_the_visit_with_it(probes: Install) -> None:
    async def inner(site: engine.Site, value: Any) -> Any:
        await asyncio.sleep(0)
        return [site.visit().address, site.ctx()["i"], site.task().state.spec.agent]

    def layered(site: engine.Site, value: Any) -> Any:
        here = site.here()

        async def go() -> Any:
            await asyncio.sleep(0.001 * (4 - value))  # others are called meanwhile
            with here:
                return await inner(site, value)

        return go()

    probes(agent=layered)
    run = run_of(fan(step("agent", "$.i", "$.o")), {}, "agent")

    told = {step.address: step.output for step in run.steps}
    assert len(told) == 3
    assert told == {at: [at, int(at.split(".f")[1][0]) + 1, "agent"] for at in told}


def test_who_stands_behind_an_agent_is_looked_up_when_it_is_asked_for(probes: Install) -> None:
    desk = engine.Engine()
    token = desk.attach_with_ids(
        "me", engine.Role.OPERATOR, None, engine.Attachment(engine.Tiers(launch=OperatorKind.MAIN_AI), hook_id="h")
    )
    found: list[engine.OperatorInfo] = []

    class Hook:
        def before(self, ctx: engine.SpawnCtx) -> None: ...

        def after(self, ctx: engine.SpawnCtx, value: Any) -> None: ...

    hook = Hook()

    def body(site: engine.Site, value: Any) -> Any:
        found.append(site.operator("agent"))
        desk.register_spawn_hook("h", hook)
        return value

    probes(agent=body)
    run_of(seq(step("agent"), step("agent")), {"x": 1}, "agent", seat=engine.Seat(desk, token))

    assert [(info.kind, info.id, info.hook) for info in found] == [
        (OperatorKind.MAIN_AI, "me", None),
        (OperatorKind.MAIN_AI, "me", hook),
    ]


def test_a_resume_in_another_process_never_asks_twice(
    probes: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    monkeypatch.setenv("ASKED", str(asked))
    victim = subprocess.run(
        [sys.executable, "-m", "tests.runtime.probes", "asker"], env={**os.environ, "DIES": "1"}, timeout=120
    )
    assert victim.returncode == -signal.SIGKILL
    [info] = fb.runs()
    probes(asker=asks_and_dies)

    run = fb.resume(info.id)

    assert run.result(30) == {"x": "yes to 1"}
    assert len(asked.read_text().splitlines()) == 1
    assert run.steps[0].attempt == 1  # it had not waited yet: no start was written


def test_a_token_opens_its_own_task_only_and_nothing_after_a_resume_in_another_process(
    probes: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    victim = subprocess.run([sys.executable, "-m", "tests.runtime.probes", "teller"], timeout=120)
    assert victim.returncode == -signal.SIGKILL
    old = decode((tmp_path / "told").read_text())
    [info] = fb.runs()
    refused: list[str] = []
    place = seat()
    other = place.engine.start_task(place.token, engine.TaskSpec("other"))

    def body(site: engine.Site, value: Any) -> Any:
        task, desk = site.task(), place.engine
        assert task.agent_id == old.agent_id  # the same task as before
        for opener, token, asked in (
            (desk, task.token(), other),
            (desk, old, task.id),
            (desk, old, other),
            (engine.Engine(), old, task.id),
        ):
            with pytest.raises(engine.TokenError) as raised:
                opener.fetch_prompt(token, asked)
            refused.append(raised.typename)
        return desk.fetch_prompt(task.token(), task.id)

    probes(teller=body)
    run = fb.resume(info.id, seat=place)

    assert run.result(30) == {"x": "1"}
    assert refused == ["TokenTaskMismatch", "TokenNotFound", "TokenNotFound", "BadSignature"]


def test_answers_count_by_face_ordinal_and_question(probes: Install) -> None:
    asked: list[Any] = []
    fail = [True]

    async def body(site: engine.Site, value: Any) -> Any:
        async def ask(what: str) -> Any:
            asked.append(what)
            return what.upper()

        said = [
            await site.answer("hook", lambda: ask("a"), "same"),
            await site.answer("hook", lambda: ask("b"), "same"),
            await site.answer("bridge", lambda: ask("c"), "first" if fail[0] else "another"),
        ]
        if fail[0]:
            raise ValueError("not yet")
        return said

    probes(agent=body)
    run = run_of(step("agent"), {"x": 1}, "agent")
    assert (run.state, asked) == ("failed", ["a", "b", "c"])
    fail[0] = False

    again = fb.resume(run.id)

    assert again.result(30) == {"x": ["A", "B", "C"]}
    assert asked == ["a", "b", "c", "c"]


def test_an_answer_is_on_disk_before_it_is_heard_and_large_ones_lie_in_a_file(probes: Install) -> None:
    found: list[Any] = []

    async def body(site: engine.Site, value: Any) -> Any:
        async def ask() -> Any:
            return "x" * 100_000

        said = await site.answer("hook", ask)
        assert site.folder is not None
        found.extend(line for line in journal.read(site.folder) if type(line).__name__ == "Answer")
        return len(said)

    probes(agent=body)
    run = run_of(step("agent"), {"x": 1}, "agent")

    assert run.ctx == {"x": 100_000}
    assert [(line.face, line.n, bool(line.blob)) for line in found] == [("hook", 1, True)]


def test_a_refusal_is_no_answer(probes: Install) -> None:
    asked: list[int] = []

    async def body(site: engine.Site, value: Any) -> Any:
        async def ask() -> Any:
            asked.append(1)
            if len(asked) == 1:
                raise PermissionError("no")
            return "yes"

        return await site.answer("hook", ask)

    probes(agent=body)
    run = run_of(step("agent"), {"x": 1}, "agent")
    assert run.state == "failed"

    assert fb.resume(run.id).result(30) == {"x": "yes"}
    assert len(asked) == 2


def test_a_face_may_be_plain_or_async_and_is_left_by_an_abort(probes: Install) -> None:
    inside, freed = threading.Event(), threading.Event()

    async def later(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    def waits(value: int) -> None:
        inside.set()
        freed.wait(60)

    async def body(site: engine.Site, value: Any) -> Any:
        here = site.here()
        with here:
            value = await engine.call(site, later, value)
            value = await engine.call(site, lambda given: given + threading.get_ident() * 0 + 1, value)
            assert value == 3
            await engine.call(site, waits, value)

    probes(agent=body)
    run = fb.launch(probed(step("agent"), "agent"), {"x": 1})
    assert inside.wait(30)

    run.abort()

    assert run.wait(30)
    assert run.state == "cancelled"
    freed.set()
