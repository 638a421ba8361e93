"""People who answer what a run asks: by a policy, by a function, or where it is watched; never asked twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.engine import NotebookBridge, NotebookHook, NotebookOperator, Question
from flowbench.runtime import Open, Run, attendants, journal
from flowbench.runtime.entries import Answer
from tests.flows import fan, step
from tests.runtime.asking import Attendant, asks
from tests.runtime.probes import install, probed

Attend = Callable[..., Attendant]


@pytest.fixture
def attend() -> Iterator[Attend]:
    def enter(act: Callable[[Run, Open], object] | None = None) -> Attendant:
        there.append(Attendant(act))
        attendants.append(there[-1])
        return there[-1]

    there: list[Attendant] = []
    yield enter
    for each in there:
        attendants.remove(each)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    monkeypatch.delenv("FLOWBENCH_ANSWERS", raising=False)

    def start(face: Any, flow: Any = None, **options: Any) -> Run:
        install(monkeypatch.setattr, asker=asks(face))
        return fb.launch(probed(flow or step("asker"), "asker"), {"x": 1}, **options)

    return start


def error_of(run: Run) -> str:
    run.wait(30)
    assert run.state == "failed"
    return str(run.error)


@pytest.mark.parametrize(
    ("face", "answers", "said"),
    [
        (NotebookOperator(), {"rules": [{"answer": "a text"}]}, "a text"),
        (NotebookOperator(choices=["a", "b"], default="b"), {"otherwise": "default"}, "b"),
        (NotebookOperator("json"), [{"agent": "asker", "face": "operator", "answer": {"n": 1}}], {"n": 1}),
        (NotebookOperator("json", by_agent={"asker": NotebookOperator()}), '[{"answer": "text"}]', "text"),
        (NotebookOperator("json"), lambda question: [question.prompt, question.note, question.about], None),
        (NotebookHook(), {"otherwise": "approve"}, None),
        (NotebookHook(agents=["other"]), None, None),
        (NotebookHook(), lambda question: True, None),
        (NotebookBridge(), [{"face": "bridge", "answer": 7}], 7),
        (NotebookBridge("approve"), {"otherwise": "approve"}, True),
    ],
)
def test_a_policy_or_a_function_answers_where_nobody_is_there(
    run: Callable[..., Run], face: Any, answers: Any, said: Any
) -> None:
    ended = run(face, answers=answers)

    assert ended.result()["x"] == (said if said is not None or "before" in dir(face) else ["What of 1?", "be brief", 1])


def test_an_async_function_may_leave_a_question_to_whoever_is_there(run: Callable[..., Run], attend: Attend) -> None:
    async def leaves(question: Question) -> Any:
        return NotImplemented

    attend(lambda run, asked: run.questions.answer(asked.id, "from a form", by="button"))

    assert run(NotebookOperator(), answers=leaves).result() == {"x": "from a form"}


def test_where_nobody_can_answer_the_step_fails_and_says_how_to(run: Callable[..., Run]) -> None:
    said = error_of(run(NotebookOperator()))

    assert "agent 'asker' at " in said
    assert said.endswith(
        " asks a person: What of 1?; nobody is there who could answer; "
        "give a policy: --answers FILE, answers={...} or FLOWBENCH_ANSWERS=FILE"
    )


def test_a_policy_that_does_not_answer_is_named(run: Callable[..., Run], attend: Attend) -> None:
    unanswered = error_of(run(NotebookHook(), answers=[{"agent": "else", "approve": True}]))
    attend()
    refused = error_of(run(NotebookHook(), answers={"otherwise": "refuse"}))

    assert "asks a person: Run asker?; no rule of answers answers, and nobody is there who could answer; " in unanswered
    assert "asks a person: Run asker?; no rule of answers answers; give a policy" in refused


def test_a_rejection_fails_the_step_with_its_reason(run: Callable[..., Run]) -> None:
    failed = run(NotebookHook(), answers=[{"reject": "too late for it"}])

    assert "rejected by policy (answers[0]): too late for it" in error_of(failed)
    [told] = failed.questions.told
    assert (told.question.prompt, told.question.about, told.text) == (
        "Run asker?",
        1,
        "rejected by policy (answers[0]): too late for it",
    )


def test_after_the_timeout_the_default_counts_and_is_recorded_as_such(run: Callable[..., Run], attend: Attend) -> None:
    attend()

    ended = run(NotebookOperator(default="nothing", timeout=0.05))

    assert ended.result() == {"x": "nothing"}
    assert ended.path is not None
    [answer] = [line for line in journal.read(ended.path) if isinstance(line, Answer)]
    assert (answer.by, answer.told) == ("timeout", "answered by default: nobody answered within 0.05 s")
    assert answer.d >= 0.05
    assert not ended.questions.open


def test_without_a_default_the_step_fails_after_the_timeout(run: Callable[..., Run], attend: Attend) -> None:
    attend()

    assert "asked a person: Run asker?; nobody answered within 0.05 s, and there is no default" in error_of(
        run(NotebookHook(timeout=0.05))
    )


def test_a_function_that_takes_too_long_is_left(run: Callable[..., Run]) -> None:
    is_over = threading.Event()

    def slow(question: Question) -> bool:
        return is_over.wait(30)

    said = error_of(run(NotebookHook(timeout=0.05), answers=slow))

    is_over.set()
    assert "nobody answered within 0.05 s" in said


def test_a_person_who_has_not_answered_holds_up_no_abort(run: Callable[..., Run], attend: Attend) -> None:
    attend(lambda run, asked: run.abort(by="button"))

    ended = run(NotebookHook())
    ended.wait(30)

    assert (ended.state, ended.questions.open, ended.questions.told) == ("cancelled", (), ())


def test_questions_of_branches_wait_side_by_side_and_are_answered_in_any_order(
    run: Callable[..., Run], attend: Attend
) -> None:
    def once_all_are_there(run: Run, _: Open) -> None:
        waiting = run.questions.open
        if len(waiting) == 3:
            for each in reversed(waiting):
                assert run.questions.answer(each.id, f"of {each.question.about}", by="button")
                assert not run.questions.answer(each.id, "again")

    attend(once_all_are_there)
    ended = run(NotebookOperator(), fan(step("asker", "$.i", "$.o"), (1, 2, 3)))

    assert [branch["o"] for branch in ended.result()["r"]] == ["of 1", "of 2", "of 3"]


def test_an_answer_that_does_not_fit_leaves_the_question_open(run: Callable[..., Run], attend: Attend) -> None:
    said: list[str] = []

    def act(run: Run, asked: Open) -> None:
        with pytest.raises(engine.BadAnswer) as raised:
            run.questions.answer(asked.id, "c")
        said.append(raised.value.message)
        run.questions.answer(asked.id, "b")

    attend(act)

    assert run(NotebookOperator(choices=["a", "b"])).result() == {"x": "b"}
    assert said == ["the answer 'c' is none of the choices; there are 'a', 'b'"]


def test_the_environment_has_a_policy_for_launches_that_have_none(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text("- agent: asker\n  answer: from the file\n")
    start = run
    monkeypatch.setenv("FLOWBENCH_ANSWERS", str(file))

    first, second = start(NotebookOperator()), start(NotebookOperator(), answers=[{"answer": "from the launch"}])

    assert first.result() == {"x": "from the file"}
    assert second.result() == {"x": "from the launch"}


@pytest.mark.parametrize("answers", [{"ruls": []}, "missing.yaml", 3])
def test_a_policy_that_cannot_be_read_stops_the_launch_before_anything_begins(
    run: Callable[..., Run], answers: Any
) -> None:
    before = len(fb.runs())

    with pytest.raises(fb.FlowbenchError, match="answers"):
        run(NotebookOperator(), answers=answers)

    assert len(fb.runs()) == before


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NotebookOperator("approve"), "a NotebookHook approves"),
        (lambda: NotebookOperator("choise"), "no kind 'choise'; did you mean 'choice'"),
        (lambda: NotebookOperator("choice"), "needs choices"),
        (lambda: NotebookOperator(choices=["a", "a"]), "choices are different texts"),
        (lambda: NotebookOperator(timeout=0), "timeout is a number of seconds above 0, not 0"),
        (lambda: NotebookOperator(choices=["a"], default="b"), "^the default 'b' is none of the choices"),
        (lambda: NotebookHook(default="maybe"), "^the default to an approval is true or false, not 'maybe'"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_when_it_is_made(make: Callable[[], Any], message: str) -> None:
    with pytest.raises((ValueError, engine.BadAnswer), match=message):
        make()


def test_a_killed_process_has_its_answer_and_a_resume_does_not_ask_again(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, attend: Attend
) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.runtime.asking"],
        env=os.environ | {"DIES": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert child.stdout.startswith("asked in")
    never = attend(lambda run, asked: run.questions.reject(asked.id, "asked twice"))
    install(monkeypatch.setattr, asker=asks(NotebookHook()))

    again = fb.resume(fb.runs()[0].id)

    assert again.result() == {"x": None}
    assert never.runs == []
