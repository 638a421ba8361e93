"""Answers that are more than a value: a step that does not apply, and named parts; recorded, replayed, shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

import flowbench as fb
from flowbench import blueprint as bp
from flowbench.engine import StepRecord
from flowbench.flow import NotJson, Output, Skip
from flowbench.runtime import Run, RunError

FLOW = fb.seq(
    fb.step("first", fb.lit(1), fb.ctx.a),
    fb.step("maybe", fb.ctx.a, fb.ctx.b),
    fb.step("last", fb.lit(3), fb.ctx.c),
)


@pytest.fixture
def functions() -> bp.Functions:
    return bp.Functions()


def run(functions: bp.Functions, flow: Any = FLOW, ctx: Any = None, **options: Any) -> Run:
    run = fb.launch(bp.load(flow), ctx or {}, functions=functions, **options)
    run.wait()
    return run


def three(functions: bp.Functions, maybe: Any, **how: Any) -> None:
    functions.register(lambda value: value, id="first", inline=True)
    functions.register(maybe, id="maybe", **how)
    functions.register(lambda value: value, id="last", inline=True)


def raises(value: Any) -> Any:
    raise Skip("nothing to do")


def returns(value: Any) -> Any:
    return Skip("nothing to do")


async def waits(value: Any) -> Any:
    return Skip("nothing to do")


@pytest.mark.parametrize(
    ("maybe", "how"),
    [(raises, {"inline": True}), (returns, {}), (waits, {}), (raises, {"isolation": "process"})],
    ids=["inline", "thread", "async", "process"],
)
def test_a_step_that_does_not_apply_is_skipped_and_the_flow_goes_on(
    functions: bp.Functions, maybe: Any, how: dict[str, Any]
) -> None:
    three(functions, maybe, **how)

    ended = run(functions, ctx={"b": "before"})

    assert ended.result() == {"a": 1, "b": "before", "c": 3}
    step = ended.steps[1]
    assert (step.status, step.output, step.error) == ("skipped", None, "nothing to do")
    assert ended.step_count == 3


def test_a_skipped_step_is_told_by_records_frames_counts_and_the_graph(functions: bp.Functions) -> None:
    three(functions, raises, inline=True)

    ended = run(functions)

    now, past = ended.progress(), fb.recall(ended.id)
    assert (now.done, now.skipped, now.ended) == (2, 1, 3)
    assert now.status() == {"start": "done", "0": "done", "1": "skipped", "2": "done", "end": "done"}
    assert past.progress().status() == now.status()
    assert list(ended.frame()["status"]) == list(past.frame()["status"]) == ["done", "skipped", "done"]
    assert past.ctx == ended.ctx == {"a": 1, "c": 3}
    assert ended.ctx_at("1") == past.ctx_at("1") == {"a": 1}
    assert fb.runs()[0].steps == 3


def test_a_catch_does_not_see_a_skip(functions: bp.Functions) -> None:
    three(functions, raises)

    ended = run(functions, fb.try_([FLOW.children[1]], catch=[FLOW.children[2]]), {"a": 0})

    assert ended.result() == {"a": 0}


def test_resume_answers_with_the_recorded_skip(functions: bp.Functions) -> None:
    calls: list[str] = []

    def maybe(value: Any) -> Any:
        calls.append("maybe")
        raise Skip

    def last(value: Any) -> Any:
        calls.append("last")
        if len(calls) == 2:
            raise ValueError("not yet")
        return value

    three(functions, maybe)
    functions.register(last, id="last")
    failed = run(functions)

    again = fb.resume(failed.id, functions=functions)

    assert again.result() == {"a": 1, "c": 3}
    assert calls == ["maybe", "last", "last"]
    assert [(step.status, step.recorded) for step in again.steps][:2] == [("done", True), ("skipped", True)]


def test_branches_of_a_fan_out_may_skip(functions: bp.Functions) -> None:
    def size(word: str) -> int:
        if word == "-":
            raise Skip("no word")
        return len(word)

    functions.register(size, id="size")
    flow = fb.fanout(fb.lit(["a", "-", "abc"]), fb.ctx.word, fb.step("size", fb.ctx.word, fb.ctx.n), out=fb.ctx.all)

    ended = run(functions, flow)

    assert [branch.get("n") for branch in ended.result()["all"]] == [1, None, 3]
    assert ended.progress().status()["0.f"] == "done"
    assert fb.recall(ended.id).ctx == ended.ctx


PARTS = {"report": "long", "score": 3}


def parted(value: Any) -> Any:
    return Output("pass", PARTS)


async def parted_later(value: Any) -> Any:
    return Output("pass", PARTS)


@pytest.mark.parametrize(
    ("maybe", "how"),
    [(parted, {"inline": True}), (parted, {}), (parted_later, {}), (parted, {"isolation": "process"})],
    ids=["inline", "thread", "async", "process"],
)
def test_parts_are_kept_in_the_record_beside_the_output(
    functions: bp.Functions, maybe: Any, how: dict[str, Any]
) -> None:
    three(functions, maybe, **how)

    ended = run(functions)

    assert ended.result()["b"] == "pass"
    past, again = fb.recall(ended.id), fb.resume(ended.id, functions=functions)
    again.wait()
    for steps in (ended.steps, past.steps, again.steps):
        assert (steps[1].output, steps[1].parts) == ("pass", PARTS)
    assert list(past.frame()["parts"]) == [None, PARTS, None]
    assert ended.step("maybe").parts == past.step("1").parts == PARTS
    with pytest.raises(RunError, match="no step 'nobody' so far"):
        ended.step("nobody")


def test_large_parts_lie_in_a_file_of_their_own(functions: bp.Functions) -> None:
    three(functions, lambda value: Output("pass", {"report": "x" * 100_000}))

    ended = run(functions)

    assert ended.path is not None
    assert len((ended.path / "journal.jsonl").read_text()) < 20_000
    assert len(fb.recall(ended.id).steps[1].parts["report"]) == 100_000


def test_parts_that_are_no_json_fail_the_step_with_their_name(functions: bp.Functions) -> None:
    three(functions, lambda value: Output("pass", {"when": {1, 2}}))

    ended = run(functions, durability="memory")

    assert "parts: $.when" in str(ended.error)
    with pytest.raises(fb.RunFailed) as raised:
        ended.result()
    assert isinstance(raised.value.body_error, NotJson)


def test_artifacts_of_a_program_are_the_parts_of_its_answer() -> None:
    events = [
        {"type": "artifact", "name": "report", "content": {"kind": "inline", "value": {"lines": 3}}},
        {"type": "final", "content": {"kind": "inline", "value": "pass"}, "ok": True},
    ]
    text = "\n".join(map(json.dumps, events))
    spec = {"program": "printf", "args": ["%s", text], "stream_mode": "ndjson_lines"}
    agents = [{"name": "gate", "kind": "subprocess", "spec": spec}]
    flow = {"kind": "step", "ref": "gate", "in": {"op": "lit", "value": 1}, "out": {"op": "path", "at": "$.v"}}

    ended = fb.launch({"schema_version": "0.1.0", "id": "p", "flow": flow, "agents": agents})

    assert ended.result() == {"v": "pass"}
    assert ended.steps[0].parts == {"report": {"lines": 3}}


def test_secrets_are_taken_out_of_parts_and_reasons(functions: bp.Functions) -> None:
    def told(value: Any) -> Any:
        return Output("ok", {"note": f"used {value}"})

    def refused(value: Any) -> Any:
        return Skip(f"no use for {value}")

    functions.register(told, id="told")
    functions.register(refused, id="refused")
    flow = fb.seq(fb.step("told", fb.lit("$secret:KEY"), fb.ctx.a), fb.step("refused", fb.lit("$secret:KEY"), fb.ctx.b))

    ended = run(functions, flow, secrets={"KEY": "open sesame"})

    first, second = ended.steps
    assert first.parts == {"note": "used $secret:KEY"}
    assert second.error == "no use for $secret:KEY"
    assert isinstance(first, StepRecord)


def test_wherever_a_journal_was_cut_resume_comes_to_the_same_end(functions: bp.Functions) -> None:
    def size(word: str) -> Any:
        return Skip("no word") if word == "-" else Output(len(word), {"word": word})

    functions.register(size, id="size")
    functions.register(lambda value: len(value), id="count")
    words = fb.fanout(fb.lit(["a", "-", "abc"]), fb.ctx.word, fb.step("size", fb.ctx.word, fb.ctx.n), out=fb.ctx.all)
    flow = fb.seq(words, fb.step("size", fb.lit("-"), fb.ctx.none), fb.step("count", fb.ctx.all, fb.ctx.total))
    whole = run(functions, flow)
    assert whole.path is not None
    journal = whole.path / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)

    for cut in range(1, len(lines)):
        journal.write_bytes(b"".join(lines[:cut]))
        again = fb.resume(whole.id, functions=functions)

        assert again.result() == whole.result()
        past = {
            step.address: (step.status, step.parts) for step in fb.recall(whole.id).steps if step.status != "unknown"
        }
        assert past == {step.address: (step.status, step.parts) for step in whole.steps}
