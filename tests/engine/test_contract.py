"""Contracts: an answer outside the verdict fails its step, one of skip_on skips it; compiling looks at conditions."""

from __future__ import annotations

from typing import Any

import pytest

import flowbench as fb
from flowbench import blueprint as bp
from flowbench.engine import UnknownVerdict, VerdictNotAllowed
from flowbench.flow import Output
from flowbench.runtime import LintWarning, Run

ASK = fb.step("gate", fb.ctx.x, fb.ctx.v)


def run(answer: Any, flow: Any = ASK, *, is_async: bool = False, **contract: Any) -> Run:
    functions = bp.Functions()

    async def later(value: Any) -> Any:
        return answer

    functions.register(later if is_async else lambda value: answer, id="gate", **contract)
    run = fb.launch(bp.load(flow), {"x": 1}, functions=functions, durability="memory")
    run.wait()
    return run


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize(
    ("answer", "written"), [("pass", "pass"), (" Pass\n", "pass"), ("FAIL", "Fail")], ids=["as it is", "blanks", "case"]
)
def test_a_verdict_is_written_as_it_was_declared(answer: str, written: str, is_async: bool) -> None:
    assert run(answer, verdict=["pass", "Fail"], is_async=is_async).result()["v"] == written


def test_another_answer_fails_the_step_and_names_what_is_allowed() -> None:
    ended = run("pas", verdict=["pass", "fail"])

    assert "the verdict of 'gate' is not allowed: its answer says \"pas\"; allowed: pass, fail" in str(ended.error)
    with pytest.raises(fb.RunFailed) as raised:
        ended.result()
    assert isinstance(raised.value.body_error, UnknownVerdict)
    assert raised.value.body_error.diagnostic.stage == "run"


@pytest.mark.parametrize("answer", [{"v": "pass"}, None, 1, ["pass"]], ids=str)
def test_what_is_no_text_is_no_verdict(answer: Any) -> None:
    assert "is not allowed" in str(run(answer, verdict=["pass"]).error)


@pytest.mark.parametrize(
    ("answer", "skip_on"), [(" N/A ", ["n/a"]), (None, [None]), ({"skip": True}, [{"skip": True}])], ids=str
)
def test_an_answer_of_skip_on_skips_the_step(answer: Any, skip_on: list[Any]) -> None:
    ended = run(answer, skip_on=skip_on)

    assert (ended.result(), ended.steps[0].status) == ({"x": 1}, "skipped")


def test_true_is_no_one_and_other_answers_pass() -> None:
    assert run(True, skip_on=[1]).result()["v"] is True
    assert run("yes", skip_on=["no"], verdict=["yes"]).result()["v"] == "yes"


PART = bp.Verdict(("pass", "fail"), channel="verdict")


@pytest.mark.parametrize(
    "answer",
    [Output("long", {"verdict": "PASS"}), {"out": "long", "parts": {"verdict": " pass"}}],
    ids=["Output", "object"],
)
def test_the_verdict_may_be_a_part_and_is_then_in_the_ctx(answer: Any) -> None:
    flow = fb.seq(ASK, fb.branch(fb.ctx.v.parts.verdict == "pass", fb.assign(fb.ctx.ok, True)))

    ended = run(answer, flow, verdict=PART)

    assert ended.result()["ok"] is True
    assert ended.steps[0].output == {"out": "long", "parts": {"verdict": "pass"}}
    assert ended.steps[0].parts == {"verdict": "pass"}


def test_a_part_that_is_missing_fails_the_step() -> None:
    assert "its answer has no part 'verdict'; allowed: pass, fail" in str(run("long", verdict=PART).error)


def test_a_program_has_its_verdict_and_its_skips_in_the_blueprint() -> None:
    def outcome(text: str) -> tuple[str, Any]:
        agent = {"name": "gate", "kind": "subprocess", "spec": {"program": "printf", "args": ["%s", f'"{text}"']}}
        contract = {"verdict": {"values": ["pass"]}, "skip_on": ["n/a"]}
        plain = {"id": "x", "flow": bp.to_json(bp.load(ASK))["flow"], "agents": [{**agent, **contract}]}
        run = fb.launch(plain, {"x": 1}, durability="memory")
        run.wait()
        return run.steps[0].status, run.ctx.get("v")

    assert [outcome(text) for text in ("pass", "n/a", "no")] == [("done", "pass"), ("skipped", None), ("failed", None)]


TYPO = fb.seq(ASK, fb.branch(fb.ctx.v == "pas", fb.assign(fb.ctx.ok, True)))


def test_a_condition_that_asks_for_another_answer_is_refused_before_anything_runs() -> None:
    with pytest.raises(VerdictNotAllowed, match=r"never 'pas'.* - at `\$.flow.children\[1\].cond.rhs.value`") as raised:
        run("pass", TYPO, verdict=["pass", "fail"])

    told = raised.value.diagnostic
    assert (told.stage, told.kind, told.suggestion) == ("compile", "refusal", "did you mean 'pass'?")
    assert told.fix is not None
    assert told.fix.value == "pass"


def test_a_blueprint_may_allow_it() -> None:
    functions = bp.Functions()
    functions.register(lambda x: "pass", id="gate", verdict=["pass", "fail"])
    plain = {**bp.to_json(bp.load(TYPO)), "lint": {"unknown_verdict": "allow"}}

    assert fb.launch(plain, {"x": 1}, functions=functions).result() == {"x": 1, "v": "pass"}


def odd() -> bp.Blueprint:
    return bp.load(fb.seq(fb.branch(fb.lit(True), [], fb.step("nobody", fb.lit(1), fb.ctx.a))))


def test_a_launch_looks_first_if_it_is_asked_to() -> None:
    with pytest.raises(bp.LintRefused, match=r"is not run, because its check found: error: .*nobody") as refused:
        fb.launch(odd(), check="fail", functions=bp.Functions())
    assert refused.value.diagnostic.stage == "launch"
    assert refused.value.found.at("error")[0].code == "unknown_agent"
    with pytest.raises(fb.FlowbenchError, match='check is "off", "warn" or "fail"'):
        fb.launch(odd(), check="maybe", functions=bp.Functions())  # type: ignore[arg-type]


def test_warnings_of_a_check_are_python_warnings_and_the_run_goes_on() -> None:
    functions = bp.Functions()
    functions.register(lambda x: x, id="nobody")

    with pytest.warns(LintWarning, match="never runs"):
        run = fb.launch(odd(), check="warn", functions=functions, durability="memory")

    assert run.result() == {}
