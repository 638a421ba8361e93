"""Questions to the person at a notebook: forms in the panel of a busy cell, and policies where nobody watches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowbench.notebook import CellFailed, NotebookRefused, run_notebook
from tests.notebook.conftest import Shell
from tests.notebook.kernel import Kernel
from tests.notebook.papers import paper, read, tagged, text

SETUP = """
%load_ext flowbench
import flowbench as fb
from flowbench.engine import NotebookOperator, NotebookHook
from flowbench.runtime import Faces

@fb.agent
def send(x):
    return x + 1

mail = fb.load({
    "id": "mail",
    "flow": {"kind": "step", "ref": "send", "in": "$.x", "out": "$.x"},
    "spawner_hints": {"layers": ["main_ai"]},
    "default_operator_kind": "main_ai",
})
ask = fb.load({
    "id": "ask",
    "flow": {"kind": "fanout", "items": "$.items", "bind": "$.i", "join": "all", "out": "$.r",
             "body": {"kind": "step", "ref": "send", "in": "$.i", "out": "$.o"}},
    "spawner_hints": {"layers": ["operator_delegate"]},
})
as_json = NotebookOperator("json", timeout=900, default=0)
"""
FAILS_ONCE = """
works = False

@fb.agent
def send(x):
    if not works:
        raise ValueError('not yet')
    return x + 1
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel("", tmp_path_factory.mktemp("kernel")) as started:
        assert started.run(SETUP).status == "ok"
        yield started


def waiting(kernel: Kernel, panel: str, count: int = 1) -> list[dict[str, Any]]:
    """The forms, as soon as there are so many."""
    return list(kernel.state(panel, "asks", lambda asks: asks and len(asks["open"]) == count)["open"])


def html(cell: Any) -> str:
    return str(cell.data[-1]["text/html"])


def test_a_click_in_a_busy_cell_approves_and_the_answer_stays_as_text(kernel: Kernel) -> None:
    cell = kernel.start("%fb run mail --ctx {'x': 1}\nprint(run.result())")
    panel = kernel.panel()
    [form] = waiting(kernel, panel)

    kernel.click(panel, "answer", id=form["id"], ok=True, reason="as always")
    kernel.finish(cell)

    assert (form["kind"], form["who"], form["prompt"], form["about"]) == ("approve", "send 0", "Run send?", "1")
    assert (form["until"], form["has_default"]) == (None, False)
    assert cell.status == "ok"
    assert "{'x': 2}" in cell.text
    assert "Run send? <b>approved by button after " in html(cell)
    assert " s: as always</b>" in html(cell)


def test_questions_queue_side_by_side_what_does_not_fit_is_told_beside_its_form(kernel: Kernel) -> None:
    cell = kernel.start("%fb run ask --ctx {'items': [1, 2]} --operator as_json\nprint([b['o'] for b in run.ctx['r']])")
    panel = kernel.panel()
    first, second = waiting(kernel, panel, 2)

    kernel.click(panel, "answer", id=second["id"], ok=True, value="{no json")
    wrong = kernel.state(panel, "asks", lambda asks: any(form["error"] for form in asks["open"]))
    kernel.click(panel, "answer", id=second["id"], ok=True, value='{"n": 2}')
    [left] = waiting(kernel, panel, 1)
    kernel.click(panel, "answer", id=first["id"], ok=True, value="[1]")
    kernel.finish(cell)

    assert [form["prompt"] for form in (first, second)] == ["1", "2"]
    assert first["default"] == "0"
    assert first["until"] - first["asked"] == pytest.approx(900_000)
    assert [form["error"].partition(":")[0] for form in wrong["open"]] == ["", "this is no JSON"]
    assert left["id"] == first["id"]
    assert "[[1], {'n': 2}]" in cell.text


def test_a_form_that_waits_holds_up_no_abort(kernel: Kernel) -> None:
    cell = kernel.start("%fb run mail --ctx {'x': 1}")
    panel = kernel.panel()
    waiting(kernel, panel)

    kernel.click(panel)
    kernel.finish(cell)

    assert cell.status == "error"
    assert "Aborted: User (by button)" in html(cell)
    assert "approved" not in html(cell)


def test_a_run_that_no_magic_shows_gets_a_panel_when_it_asks(kernel: Kernel) -> None:
    cell = kernel.start("run = fb.launch(mail, {'x': 1}, operator='people'); run.result()")
    panel = kernel.panel()
    [form] = waiting(kernel, panel)

    kernel.click(panel, "answer", id=form["id"], ok=False, reason="not today")
    kernel.finish(cell)

    assert "spawn rejected by middleware: rejected by button after " in cell.errors[0]["evalue"]
    assert cell.errors[0]["evalue"].endswith(": not today")


def test_a_run_in_the_background_is_answered_by_ordinary_comms_and_in_python(kernel: Kernel) -> None:
    begun = kernel.start("%fb run ask --ctx {'items': [1, 2]} --operator as_json --bg")
    panel = kernel.panel()
    kernel.finish(begun)
    forms = waiting(kernel, panel, 2)

    kernel.click(panel, "answer", id=forms[0]["id"], ok=True, value="7")
    waiting(kernel, panel, 1)
    cell = kernel.run("run.questions.answer(run.questions.open[0].id, 8)\nprint([b['o'] for b in run.result()['r']])")

    assert "[7, 8]" in cell.text
    told = kernel.run("print([told.text.split(' after')[0] for told in run.questions.told])").text
    assert "['answered by button', 'answered by python']" in told


@pytest.mark.parametrize("subshell", [False, True], ids=["main", "subshell"])
def test_a_resume_of_a_run_whose_step_was_answered_does_not_ask_again(kernel: Kernel, subshell: bool) -> None:
    kernel.run(FAILS_ONCE)
    cell = kernel.start("%fb run mail --ctx {'x': 1}")
    panel = kernel.panel()
    [form] = waiting(kernel, panel)
    kernel.click(panel, "answer", subshell=kernel.subshell() if subshell else None, id=form["id"], ok=True)
    kernel.finish(cell)

    again = kernel.run("works = True\n%fb resume run\nprint(run.result())")

    assert "not yet" in str(cell.errors)
    assert "{'x': 2}" in again.text
    past = kernel.run("print([(a.face, a.by, a.prompt) for a in fb.recall(run.id).answers])").text
    assert "[('hook', 'button', 'Run send?')]" in past


def test_a_variable_json_or_a_file_answers_for_the_person(kernel: Kernel) -> None:
    kernel.run("rules = {'otherwise': 'approve'}")

    by_name = kernel.run("%fb run mail --ctx {'x': 1} --answers rules\nprint(run.questions.told[0].text)")
    by_text = kernel.run(
        '%fb run mail --ctx {\'x\': 1} --answers {"rules":[{"approve":"fine"}]}\nprint(run.questions.told[0].text)'
    )
    missing = kernel.run("%fb run mail --ctx {'x': 1} --answers nowhere.yaml")

    assert "approved by policy (answers.otherwise)" in by_name.text
    assert "approved by policy (answers.rules[0]): fine" in by_text.text
    assert missing.errors[0]["evalue"] == "answers: cannot read nowhere.yaml: No such file or directory"


HEADLESS = [SETUP, "answers = None", "%fb run mail --ctx {'x': 1} --answers answers\nprint(run.result())"]


def test_headless_without_a_policy_ends_with_its_message(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", *HEADLESS)

    with pytest.raises(
        CellFailed, match=r"cell 3 failed: NobodyToAsk: agent 'send' asks a person: Run send\?; nobody is"
    ):
        run_notebook(source, tmp_path / "out.ipynb")

    assert "give a policy: --answers FILE" in "".join(map(text, _code(tmp_path / "out.ipynb")))


def _code(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def test_headless_with_a_policy_by_parameter_and_by_option(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", *HEADLESS, "%fb run mail --ctx {'x': 5}")
    tagged(source, [], ["parameters"], [], [])
    file = tmp_path / "answers.yaml"
    file.write_text("otherwise: approve\n")
    rules = {"answers": {"rules": [{"approve": "by parameter"}]}}

    run_notebook(source, tmp_path / "out.ipynb", parameters=rules, answers=file)

    *_, by_parameter, by_option = _code(tmp_path / "out.ipynb")
    assert "{'x': 2}" in text(by_parameter)
    assert "approved by policy (answers.rules[0]): by parameter" in by_parameter.outputs[0]["data"]["text/html"]
    assert f"approved by policy ({file}.otherwise)" in by_option.outputs[0]["data"]["text/html"]


def test_a_policy_that_cannot_be_read_runs_nothing(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "1")

    with pytest.raises(NotebookRefused, match=r"answers\.otherwize: no such key; did you mean 'otherwise'"):
        run_notebook(source, tmp_path / "out.ipynb", answers={"otherwize": "approve"})

    assert not (tmp_path / "out.ipynb").exists()


def test_an_operator_that_is_no_variable_is_one_tidy_line(desk: Shell) -> None:
    ran = desk("%fb run twice --ctx {'x': 1} --operator nobody")

    assert "--operator: there is no variable `nobody`" in ran.out
