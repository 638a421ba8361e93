"""Joins: what each makes of its branches, who wins, what becomes of losers, and how branches share tasks."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from flowbench.flow import SEED, DispatcherError, FlowError, InvalidPath, TypeMismatch, evaluate, evaluate_sync
from tests.flow.flows import Bodies, attempt, boom, evaluation, fan, go, inc, let, lit, loop, path, run, seq, step
from tests.flow.sinks import Memory

WAYS = ["sync", "inline", "workers", "waiting"]


def outcome(flow: Any, way: str, bodies: Bodies, ctx: Any = None, **more: Any) -> Any:
    """The end of a flow, run in one of the ways a fan-out can run."""
    if way == "waiting":
        bodies = {ref: _waiting(body) for ref, body in bodies.items()}
    made = evaluation(flow, bodies, **more)
    if way == "inline":
        made = evaluation(flow, bodies, quick=frozenset(range(len(made.bodies))), **more)
    return evaluate_sync(made, ctx or {}) if way == "sync" else go(made, ctx)


def _waiting(body: Any) -> Any:
    async def wait(value: Any) -> Any:
        await asyncio.sleep(0)
        return body(value)

    return wait


def odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError(f"{value} is even")
    return value * 10


ITEM = step("odd", "$.i", "$.o")
EVEN = "dispatcher error for ref 'odd': {} is even"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("join", "items", "result"),
    [
        ("all", [1, 3], [{"x": 0, "i": 1, "o": 10}, {"x": 0, "i": 3, "o": 30}]),
        ("any", [2, 3, 5], {"x": 0, "i": 3, "o": 30}),
        ("race", [3, 2], {"x": 0, "i": 3, "o": 30}),
        (
            "all_settled",
            [2, 1],
            [
                {"status": "rejected", "reason": EVEN.format(2)},
                {"status": "fulfilled", "value": {"x": 0, "i": 1, "o": 10}},
            ],
        ),
        ("all", [], []),
        ("all_settled", [], []),
    ],
)
def test_what_a_join_makes(way: str, join: str, items: list[int], result: Any) -> None:
    assert outcome(fan(ITEM, items, join), way, {"odd": odd}, {"x": 0}) == {"x": 0, "r": result}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("join", "items", "text", "causes"),
    [
        ("all", [1, 2, 4], EVEN.format(2), ("0.f1",)),
        ("any", [2, 4], EVEN.format(4), ("0.f0", "0.f1")),
        ("race", [2, 1], EVEN.format(2), ("0.f0",)),
    ],
)
def test_how_a_join_fails(way: str, join: str, items: list[int], text: str, causes: tuple[str, ...]) -> None:
    with pytest.raises(DispatcherError) as met:
        outcome(fan(ITEM, items, join), way, {"odd": odd}, {"x": 0})

    assert (str(met.value), met.value.causes) == (text, causes)


@pytest.mark.parametrize("way", WAYS)
def test_a_failing_join_writes_nothing(way: str) -> None:
    flow = attempt(fan(seq(let("$.inside", lit(1)), ITEM), [2]))

    assert outcome(flow, way, {"odd": odd}, {"x": 0}) == {"x": 0, "err": EVEN.format(2)}


@pytest.mark.parametrize("join", ["any", "race"])
def test_a_winner_needs_an_item_and_the_seed_makes_an_empty_array(join: str) -> None:
    with pytest.raises(TypeMismatch, match=rf"^type error in 'fanout\.{join}': requires at least one item$"):
        run(fan(ITEM, [], join), {"odd": odd})
    assert run(fan(ITEM, [], join), {"odd": odd}, compat=SEED) == {"r": []}


@pytest.mark.parametrize(
    ("compat", "text"),
    [
        (None, "type error in 'fanout.items': expected array, got Number(5)"),
        (SEED, "dispatcher error for ref 'fanout.items': expected array, got Number(5)"),
    ],
)
def test_items_must_be_an_array(compat: str | None, text: str) -> None:
    with pytest.raises(FlowError) as met:
        run(fan(ITEM) | {"items": lit(5)}, {"odd": odd}, compat=compat)

    assert str(met.value) == text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("join", ["all", "any", "race", "all_settled"])
@pytest.mark.parametrize(
    ("bind", "error", "compat"),
    [(lit(1), InvalidPath, None), (path("$.x.i"), TypeMismatch, None), (path("bad"), InvalidPath, SEED)],
    ids=["no path", "through a scalar", "malformed"],
)
def test_a_bind_that_fails_is_the_fan_outs_own_error(
    way: str, join: str, bind: Any, error: type[FlowError], compat: str | None
) -> None:
    calls: list[Any] = []

    with pytest.raises(error):
        outcome(fan(ITEM, join=join) | {"bind": bind}, way, {"odd": calls.append}, {"x": 0}, compat=compat)

    assert calls == []


@pytest.mark.parametrize("way", WAYS)
def test_branches_never_see_each_other(way: str) -> None:
    body = seq(step("inc", "$.deep.n", "$.deep.n"), step("inc", "$.deep.n", "$.deep.n"))

    end = outcome(fan(body, "ab"), way, {"inc": inc}, {"deep": {"n": 0}})

    assert end["deep"] == {"n": 0}
    assert [branch["deep"] for branch in end["r"]] == [{"n": 2}, {"n": 2}]


def test_an_early_first_branch_wins_before_the_second_starts() -> None:
    calls: list[int] = []

    async def body(value: int) -> int:
        calls.append(value)
        return value

    run(fan(step("a", "$.i", "$.o"), [1, 2, 3], "any"), {"a": body})

    assert calls == [1]


def test_the_first_in_time_wins() -> None:
    async def body(value: int) -> int:
        await asyncio.sleep(value / 1000)
        return value

    assert run(fan(step("a", "$.i", "$.o"), [60, 40, 1], "race"), {"a": body})["r"]["o"] == 1


def test_any_takes_the_error_that_came_last_in_time() -> None:
    async def body(value: int) -> int:
        await asyncio.sleep(value / 1000)
        raise ValueError(str(value))

    with pytest.raises(DispatcherError, match="40"):
        run(fan(step("a", "$.i", "$.o"), [40, 1, 20], "any"), {"a": body})


def test_losers_have_ended_before_the_join_writes() -> None:
    ended: list[int] = []

    async def body(value: int) -> int:
        try:
            await asyncio.sleep(0.001 if value == 2 else 30)
        finally:
            await asyncio.sleep(0.005)
            ended.append(value)
        return value

    flow = seq(fan(step("a", "$.i", "$.o"), join="any"), step("look", "$.r.o", "$.x"))
    sink = Memory()

    end = run(flow, {"a": body, "look": lambda value: sorted(ended)}, sink=sink)

    assert end["x"] == [1, 2, 3]
    assert [(t.address, t.facts["why"]) for t in sink.kinds("cancel")] == [("0.f0", "lost"), ("0.f2", "lost")]
    assert [(t.address, t.facts) for t in sink.kinds("join")] == [("0", {"won": 1, "ok": True})]


def test_a_loser_that_ignores_its_cancellation_goes_no_further() -> None:
    calls: list[str] = []

    async def stubborn(value: int) -> int:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.001 if value == 1 else 30)
        return value

    def after(value: int) -> int:
        calls.append(f"after {value}")
        return value

    body = seq(step("stubborn", "$.i", "$.o"), step("after", "$.o", "$.p"))
    sink = Memory()
    end = run(fan(body, [1, 2], "any"), {"stubborn": stubborn, "after": after}, sink=sink)

    assert end["r"] == {"i": 1, "o": 1, "p": 1}
    assert calls == ["after 1"]
    assert sink.addresses("done") == ["0.f0.0", "0.f0.1"]
    assert sink.addresses("cancel") == ["0.f1.0"]


def test_a_loser_that_fails_when_it_is_cancelled_has_lost_and_not_failed() -> None:
    async def sour(value: int) -> int:
        try:
            await asyncio.sleep(0.001 if value == 1 else 30)
        except asyncio.CancelledError:
            raise ValueError("sour") from None
        return value

    sink = Memory()
    end = run(fan(step("a", "$.i", "$.o"), [1, 2], "any"), {"a": sour}, sink=sink)

    assert end["r"]["o"] == 1
    assert [(t.address, t.facts["why"]) for t in sink.kinds("cancel", "fail")] == [("0.f1", "lost")]


def test_two_that_end_in_the_same_turn_of_the_loop_have_one_winner() -> None:
    async def body(value: int) -> int:
        await asyncio.sleep(0)
        return value

    sink = Memory()
    end = run(fan(step("a", "$.i", "$.o"), range(20), "race"), {"a": body}, sink=sink)

    assert end["r"]["o"] == 0
    assert len(sink.kinds("join")) == 1
    assert sink.addresses("done") == ["0.f0"]


def test_a_loser_gets_its_grace_and_is_then_left_and_listed() -> None:
    async def go_on() -> tuple[Any, int, float]:
        release = asyncio.Event()

        async def body(value: int) -> int:
            if value == 1:
                await asyncio.sleep(0.001)
                return value
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue
            return value

        made = evaluation(fan(step("a", "$.i", "$.o"), [1, 2], "race"), {"a": body}, sink, grace=0.02)
        loop_ = asyncio.get_running_loop()
        began = loop_.time()
        end = await evaluate(made, {})
        took, left = loop_.time() - began, list(made.orphans)
        release.set()
        await asyncio.wait(left)
        return end, len(left), took

    sink = Memory()
    end, left, took = asyncio.run(go_on())

    assert (end["r"]["o"], left) == (1, 1)
    assert took >= 0.02
    assert sink.told[-1].what == "join"  # the run is over: what the orphan does is told to nobody


def test_a_failed_all_cancels_the_others() -> None:
    cancelled: list[int] = []

    async def body(value: int) -> int:
        try:
            await asyncio.sleep(0.001 if value == 2 else 30)
        except asyncio.CancelledError:
            cancelled.append(value)
            raise
        raise ValueError("two")

    with pytest.raises(DispatcherError, match="two"):
        run(fan(step("a", "$.i", "$.o")), {"a": body})

    assert sorted(cancelled) == [1, 3]


def test_branches_of_nested_fan_outs_wait_side_by_side() -> None:
    waiting = 0
    together = asyncio.Event()

    async def body(value: int) -> int:
        nonlocal waiting
        waiting += 1
        if waiting == 20:
            together.set()
        await asyncio.wait_for(together.wait(), 20)
        return value

    inner = fan(step("a", "$.i", "$.o"), range(4))
    run(fan(inner, range(5)) | {"bind": path("$.outer")}, {"a": body})

    assert together.is_set()


def test_quick_bodies_share_a_task_and_waiting_ones_have_their_own() -> None:
    tasks: dict[str, set[Any]] = {"quick": set(), "waiting": set()}

    async def quick(value: int) -> int:
        tasks["quick"].add(asyncio.current_task())
        return value

    async def waiting(value: int) -> int:
        tasks["waiting"].add(asyncio.current_task())
        await asyncio.sleep(0.2)  # that long, or on a busy machine one has ended before another begins
        return value

    bodies = {"quick": quick, "waiting": waiting}
    run(fan(step("quick", "$.i", "$.o"), range(20)), bodies)
    run(fan(step("waiting", "$.i", "$.o"), range(20)), bodies)

    assert len(tasks["quick"]) == 1
    assert len(tasks["waiting"]) == 20


def test_a_timeout_inside_a_body_stays_inside() -> None:
    async def slow(value: int) -> str:
        try:
            async with asyncio.timeout(0.002):
                await asyncio.sleep(30)
        except TimeoutError:
            return "late"
        return "never"

    assert [branch["o"] for branch in run(fan(step("a", "$.i", "$.o")), {"a": slow})["r"]] == ["late"] * 3


def test_ten_thousand_items_keep_their_order() -> None:
    async def tick(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    for way, body in (("inline", inc), ("workers", tick)):
        end = outcome(fan(step("a", "$.i", "$.o"), range(10_000)), way, {"a": body})
        assert [branch["o"] for branch in end["r"]] == list(range(1, 10_001))


def test_thirty_two_nested_fan_outs_run_in_every_way() -> None:
    nested = step("inc")
    for _ in range(32):
        nested = fan(nested, (1,), "any")

    ends = [outcome(nested, way, {"inc": inc}, {"x": 1}) for way in WAYS]

    assert all(end == ends[0] for end in ends)


def test_a_fan_out_is_told_when_it_begins() -> None:
    sink = Memory()

    run(loop(fan(step("inc", "$.i", "$.o")), 2), {"inc": inc}, sink=sink)

    assert [(t.address, t.facts) for t in sink.kinds("fan")] == [("0.i0", {"items": 3}), ("0.i1", {"items": 3})]


def test_boom_in_one_branch_leaves_the_ctx_of_the_next_alone() -> None:
    body = seq(let("$.deep.y", lit(1)), step("boom", "$.i", "$.o"))

    end = run(fan(body, [1, 2], "all_settled"), {"boom": boom}, {"deep": {"x": 1}})

    assert end["deep"] == {"x": 1}
