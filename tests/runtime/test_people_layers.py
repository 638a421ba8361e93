"""People behind the layers of a Blueprint: they approve, work, and are asked when a step says no; or nothing runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flowbench as fb
from flowbench import blueprint as bp
from flowbench import engine
from flowbench.engine import NobodyToAsk, NotebookBridge, NotebookHook, NotebookOperator
from flowbench.runtime import Faces
from tests.flows import lit, seq, step

EITHER = {"kind": "branch", "cond": lit(False), "then": step("blocks"), "else": step("count")}
APPROVE = {"otherwise": "approve"}


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> bp.Functions:
    monkeypatch.delenv("FLOWBENCH_ANSWERS", raising=False)
    made = bp.Functions()
    made.register(lambda value: value + 1, id="count")
    made.register(_blocks, id="blocks")
    return made


def _blocks(value: int) -> int:
    raise engine.Blocked({"got": value}, "no", "")


def plan(flow: Any, *layers: str, **more: Any) -> dict[str, Any]:
    return {"id": "plan", "flow": flow, "spawner_hints": {"layers": list(layers)}, **more}


def test_answers_alone_put_people_behind_what_the_blueprint_asks_for(functions: bp.Functions) -> None:
    wanted = plan(step("count"), "main_ai", default_operator_kind="main_ai")

    run = fb.launch(wanted, {"x": 1}, functions=functions, answers=APPROVE)
    rejected = fb.launch(wanted, {"x": 1}, functions=functions, answers=[{"reject": "not today"}])
    rejected.wait()

    assert run.result() == {"x": 2}
    assert [told.text for told in run.questions.told] == ["approved by policy (answers.otherwise)"]
    assert "spawn rejected by middleware: rejected by policy (answers[0]): not today" in str(rejected.error)


def test_a_senior_is_asked_when_a_step_says_no_and_may_leave_it_so(functions: bp.Functions) -> None:
    wanted = plan(step("blocks"), "senior_escalation")

    answered = fb.launch(wanted, {"x": 1}, functions=functions, answers=[{"face": "bridge", "answer": 7}])
    declined = fb.launch(wanted, {"x": 1}, functions=functions, answers={"otherwise": "reject"})
    unasked = fb.launch(wanted, {"x": 1}, functions=functions, operator=NotebookBridge())
    for run in (declined, unasked):
        run.wait()

    assert answered.result() == {"x": {"original": {"got": 1}, "senior_answer": 7}}
    [told] = answered.questions.told
    assert (told.question.agent, told.question.about) == (
        "blocks",
        {"reason": "worker reported ok=false", "value": {"got": 1}},
    )
    assert (declined.state, unasked.state) == ("failed", "failed")
    assert any("nobody is there who could answer" in line.text for line in unasked.log.lines())


def test_a_delegate_does_the_work_whatever_the_agent(functions: bp.Functions) -> None:
    wanted = plan(step("count"), "operator_delegate")

    run = fb.launch(wanted, {"x": 1}, functions=functions, operator=NotebookOperator("json"), answers=[{"answer": 40}])

    assert run.result() == {"x": 40}
    assert run.questions.told[0].question.prompt == "1"


@pytest.mark.parametrize(
    ("flow", "layers", "operator"),
    [
        (step("count"), ["main_ai"], Faces("main_ai", hook=NotebookHook())),
        (step("count"), ["main_ai"], Faces(kinds={"count": "composite"}, hook=NotebookHook(agents=["count"]))),
        (step("count"), ["operator_delegate"], NotebookOperator()),
        (seq(step("count"), step("blocks")), ["main_ai"], Faces(kinds={"blocks": "main_ai"}, hook=NotebookHook())),
    ],
)
def test_a_launch_that_would_have_to_ask_is_refused_where_nobody_is(
    functions: bp.Functions, flow: Any, layers: list[str], operator: Any
) -> None:
    before = len(fb.runs())

    with pytest.raises(NobodyToAsk, match=r"nobody is there who could answer, so nothing has run; give a policy: --an"):
        fb.launch(plan(flow, *layers), {"x": 1}, functions=functions, operator=operator)

    assert len(fb.runs()) == before


def test_such_a_refusal_names_the_question_that_would_be_asked(functions: bp.Functions) -> None:
    sure = Faces("main_ai", hook=NotebookHook("Count once more?"))

    with pytest.raises(NobodyToAsk, match=r"^agent 'count' asks a person: Count once more\?; "):
        fb.launch(plan(step("count"), "main_ai"), {"x": 1}, functions=functions, operator=sure)


@pytest.mark.parametrize(
    ("flow", "layers", "operator"),
    [
        (step("count"), [], Faces("main_ai", hook=NotebookHook())),
        (step("count"), ["main_ai"], NotebookHook()),
        (step("count"), ["main_ai"], Faces("main_ai", hook=NotebookHook(agents=["blocks"]))),
        (step("count"), ["senior_escalation"], NotebookBridge()),
        (
            EITHER,
            ["main_ai"],
            Faces(kinds={"blocks": "main_ai"}, hook=NotebookHook()),
        ),
    ],
)
def test_one_that_may_get_by_without_is_launched(
    functions: bp.Functions, flow: Any, layers: list[str], operator: Any
) -> None:
    assert fb.launch(plan(flow, *layers), {"x": 1}, functions=functions, operator=operator).result() == {"x": 2}


def test_an_agent_of_kind_operator_is_answered_by_people_unless_somebody_is_registered(
    functions: bp.Functions,
) -> None:
    agents = [{"name": "write", "kind": "operator", "spec": {"operator_ref": "writer"}}]
    wanted = plan(step("write"), agents=agents, operators=[{"name": "writer"}])

    class Program:
        def execute(self, *given: Any) -> str:
            return "by a program"

    run = fb.launch(wanted, {"x": "rain"}, functions=functions, answers=[{"answer": "Dear rain"}])
    other = fb.launch(wanted, {"x": 1}, functions=functions, answers=APPROVE, operators={"writer": Program()})

    assert run.result() == {"x": "Dear rain"}
    assert other.result() == {"x": "by a program"}
    with pytest.raises(NobodyToAsk, match="agent 'write' asks a person: to do its work"):
        fb.launch(wanted, {"x": 1}, functions=functions, operator="people")
    with pytest.raises(NobodyToAsk):
        fb.launch(wanted, {"x": 1}, functions=functions, operators={"writer": NotebookOperator()})


def test_what_a_step_launches_is_answered_by_the_same_policy(functions: bp.Functions) -> None:
    inner = plan(step("count"), "main_ai", default_operator_kind="main_ai")
    seen: list[Callable[[], Any]] = []

    def outer(value: int) -> Any:
        run = fb.launch(inner, {"x": value}, functions=functions, operator="people")
        seen.append(lambda: run.questions.told)
        return run.result()["x"]

    functions.register(outer, id="outer")

    run = fb.launch(plan(step("outer")), {"x": 1}, functions=functions, answers=APPROVE)

    assert run.result() == {"x": 2}
    assert [told.text for told in seen[0]()] == ["approved by policy (answers.otherwise)"]
