"""One evaluation: the rules of each node, copies at the borders, errors with their addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from flowbench.flow import (
    SEED,
    DispatcherError,
    FlowError,
    InvalidPath,
    NonBoolCond,
    NotJson,
    PathNotFound,
    TypeMismatch,
    WouldWait,
    evaluate,
    evaluate_sync,
)
from tests.flow.flows import (
    attempt,
    boom,
    branch,
    call,
    evaluation,
    fan,
    go,
    inc,
    let,
    lit,
    loop,
    path,
    run,
    seq,
    step,
)
from tests.flow.sinks import Memory


async def soon(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


# -- nodes


def test_a_target_that_is_no_path_is_found_after_the_body_has_run() -> None:
    calls: list[int] = []

    with pytest.raises(InvalidPath, match="expected Path expr for write target"):
        run(step("a") | {"out": lit("x")}, {"a": calls.append}, {"x": 1})

    assert calls == [1]


def test_a_loop_writes_zero_first_and_looks_at_its_bound_before_its_condition() -> None:
    never = loop(step("boom"), 0, cond=path("$.missing"))

    assert run(never, {"boom": boom}) == {"n": 0}


def test_a_loop_s_own_count_is_authoritative() -> None:
    body = seq(let("$.seen", path("$.n")), let("$.n", lit(50)))

    assert run(loop(body, 3), {}) == {"seen": 2, "n": 3}


def test_a_loop_s_condition_is_read_by_truthiness() -> None:
    assert run(loop(seq(), 3, cond=lit(0)), {}) == {"n": 3}
    assert run(loop(seq(), 3, cond=lit(None)), {}) == {"n": 0}


@pytest.mark.parametrize(
    ("value", "shown"), [(1, "1"), (None, "null"), ({"b": [1, 2.5], "a": "é"}, '{"a":"é","b":[1,2.5]}')]
)
def test_a_branch_takes_booleans_only(value: Any, shown: str) -> None:
    with pytest.raises(NonBoolCond) as met:
        run(branch(lit(value), seq(), seq()), {})

    assert str(met.value) == f"branch cond must be boolean, got: {shown}"


def test_a_try_restores_the_whole_ctx_and_keeps_the_text() -> None:
    body = seq(let("$.x", lit({"deep": 1})), let("$.y", lit(2)), step("boom"))

    assert run(attempt(body), {"boom": boom}, {"x": 1}) == {"x": 1, "err": "dispatcher error for ref 'boom': boom"}


def test_a_try_restores_what_was_written_just_before_it() -> None:
    flow = seq(let("$.a.b", lit(1)), attempt(seq(let("$.a.b", lit(2)), step("boom"))))

    assert run(flow, {"boom": boom}, {"x": 1})["a"] == {"b": 1}


def test_an_error_inside_catch_goes_to_the_next_try() -> None:
    inner = attempt(step("boom"), step("boom", "$.err"), "$.err")

    assert run(attempt(inner, let("$.caught", lit(True)), "$.outer"), {"boom": boom}, {"x": 1}) == {
        "x": 1,
        "outer": "dispatcher error for ref 'boom': boom",
        "caught": True,
    }


def test_a_failing_err_at_is_an_error_of_the_try() -> None:
    broken = attempt(step("boom")) | {"err_at": lit("x")}

    end = run(attempt(broken, let("$.caught", lit(1)), "$.outer"), {"boom": boom}, {"x": 1})

    assert end == {"x": 1, "outer": "invalid path syntax: expected Path expr for write target", "caught": 1}


def test_a_try_leaves_loops_that_were_inside() -> None:
    body = loop(loop(step("boom"), 5, counter="$.m"), 5)

    assert run(seq(attempt(body), step("inc")), {"boom": boom, "inc": inc}, {"x": 1})["x"] == 2


def test_two_places_never_become_one() -> None:
    flow = seq(let("$.b", path("$.a")), let("$.b.c", lit(2)), let("$.a.d", lit(3)))

    assert run(flow, {}, {"a": {"c": 1}}) == {"a": {"c": 1, "d": 3}, "b": {"c": 2}}


def test_a_later_write_through_a_scalar_is_an_error_and_the_seed_replaces_it() -> None:
    flow = {"kind": "assign", "at": path("$.a.b"), "value": lit(1)}

    with pytest.raises(TypeMismatch):
        run(flow, {}, {"a": 5})
    assert run(flow, {}, {"a": 5}, compat=SEED) == {"a": {"b": 1}}


@pytest.mark.parametrize("ctx", [None, 5, [1], "text"], ids=repr)
def test_any_json_is_a_ctx(ctx: Any) -> None:
    assert go(evaluation(let("$", lit([1])), {}), {"wrapped": ctx}) == [1]
    assert asyncio.run(evaluate(evaluation(seq(), {}), ctx)) == ctx


def test_a_ctx_that_is_no_json_is_refused() -> None:
    with pytest.raises(NotJson, match=r"\$\.a: set"):
        run(seq(), {}, {"a": {1}})


# -- errors


def test_errors_know_where_they_happened() -> None:
    flow = seq(seq(), loop(branch(lit(True), step("boom"), seq()), 3))

    with pytest.raises(DispatcherError) as met:
        run(flow, {"boom": boom}, {"x": 1})

    error = met.value
    assert (error.address, error.causes, error.ref, error.message) == ("1.i0.t", ("1.i0.t",), "boom", "boom")
    assert isinstance(error.__cause__, ValueError)


@pytest.mark.parametrize(
    ("flow", "address"),
    [
        (seq(let("$.a", path("$.missing"))), "0"),
        (loop(seq(), 3, cond=call("lt", path("$.n"), path("$.missing"))), "0"),
        (seq(loop(let("$", lit({})), 3, cond=path("$.x"))), "0"),
        (loop(let("$", lit(5)), 3), "0.i0"),
        (seq(fan(seq(let("$.a", path("$.missing"))))), "0.f0.0"),
        (attempt(step("boom")) | {"err_at": lit(1)}, "0"),
    ],
    ids=["let", "first condition", "second condition", "counter", "branch", "err_at"],
)
def test_every_error_has_an_address(flow: Any, address: str) -> None:
    with pytest.raises(FlowError) as met:
        run(flow, {"boom": boom}, {"x": 1})

    assert met.value.address == address


def test_the_sink_gets_the_exception_itself() -> None:
    sink = Memory()

    with pytest.raises(DispatcherError):
        run(step("boom"), {"boom": boom}, {"x": 1}, sink=sink)

    (told,) = sink.told
    assert (told.what, told.address, told.facts["error"]) == ("fail", "0", "boom")
    assert told.facts["raised"].__traceback__.tb_next is not None


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("cannot say")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError(), "ValueError"),
        (Mute(), "Mute"),
        (ValueError("\ud800"), "\\ud800"),
        (KeyError("k"), "KeyError: 'k'"),
    ],
    ids=["says nothing", "cannot say", "surrogate", "key"],
)
def test_whatever_an_exception_says_becomes_text(error: Exception, text: str) -> None:
    def body(value: Any) -> Any:
        raise error

    assert run(attempt(step("a")), {"a": body}, {"x": 1})["err"] == f"dispatcher error for ref 'a': {text}"


@pytest.mark.parametrize(
    "answer",
    [float("nan"), (1, 2), {1: 2}, {1}, "\ud800", 2**64, object(), [b"x"]],
    ids=["NaN", "tuple", "int keys", "set", "surrogate", "big", "object", "bytes"],
)
@pytest.mark.parametrize("text", [False, True], ids=["memory", "text"])
def test_an_answer_that_is_no_json_fails_its_step(answer: Any, text: bool) -> None:
    end = run(attempt(step("a")), {"a": lambda value: answer}, {"x": 1}, sink=Memory(text=text))

    assert end["x"] == 1
    assert end["err"].startswith("dispatcher error for ref 'a': $")


# -- bodies


class Later:
    """An awaitable that is no coroutine."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.value


@pytest.mark.parametrize(
    "body",
    [
        lambda value: value + 1,
        lambda value: Later(value + 1),
        lambda value: asyncio.ensure_future(soon(value + 1)),
        lambda value: soon(value + 1),
        lambda value: asyncio.gather(soon(value + 1)),
    ],
    ids=["plain", "awaitable", "task", "coroutine", "future of a list"],
)
def test_whatever_can_be_awaited_is_awaited(body: Any) -> None:
    assert run(step("a"), {"a": body}, {"x": 1})["x"] in (2, [2])


def test_a_synchronous_evaluation_runs_coroutines_that_do_not_wait() -> None:
    async def body(value: int) -> int:
        return value + 1

    assert evaluate_sync(evaluation(step("a"), {"a": body}), {"x": 1}) == {"x": 2}


def test_a_synchronous_evaluation_says_who_waits() -> None:
    sink = Memory()

    with pytest.raises(WouldWait, match=r"^1: this body waits"):
        evaluate_sync(
            evaluation(seq(step("inc"), step("a")), {"a": lambda value: Later(1), "inc": inc}, sink), {"x": 1}
        )

    assert sink.addresses("cancel") == ["1"]


def test_while_a_body_is_called_the_evaluation_knows_where_it_is() -> None:
    seen: list[Any] = []

    def look(value: Any) -> Any:
        assert made.here is not None
        seen.append((made.at, made.here.name, made.here.ctx["i"]))
        return value

    async def look_and_wait(value: Any) -> Any:
        look(value)
        return await soon(value)

    made = evaluation(fan(seq(step("a", "$.i"), step("b", "$.i")), "xy"), {"a": look, "b": look_and_wait})
    go(made)

    assert sorted(seen) == [
        ("0.f0.0", "0.f0", "x"),
        ("0.f0.1", "0.f0", "x"),
        ("0.f1.0", "0.f1", "y"),
        ("0.f1.1", "0.f1", "y"),
    ]


def test_the_sink_is_told_of_waits_only_and_of_outcomes_before_they_are_written() -> None:
    class Looking(Memory):
        def done(self, address: str, *facts: Any) -> None:
            made = facts[-1]
            self.tell("done", address, ctx=dict(made.root.ctx))

    sink = Looking()

    run(seq(step("inc"), step("soon")), {"inc": inc, "soon": soon}, {"x": 1}, sink=sink)

    assert [(told.what, told.address) for told in sink.told] == [("done", "0"), ("start", "1"), ("done", "1")]
    assert [told.facts["ctx"] for told in sink.kinds("done")] == [{"x": 1}, {"x": 2}]


def test_texts_are_those_of_input_and_output() -> None:
    sink = Memory(text=True)

    run(step("a"), {"a": lambda value: {"made": value}}, {"x": [1, "é"]}, sink=sink)

    facts = sink.told[0].facts
    assert facts["text"] == '[1,"é"]'.encode()
    assert facts["made"] == '{"made":[1,"é"]}'.encode()


def test_a_step_s_missing_input_calls_nothing() -> None:
    with pytest.raises(PathNotFound, match=r"^path not found: \$\.nope$"):
        run(step("boom", "$.nope"), {"boom": boom})
