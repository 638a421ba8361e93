"""The notebooks that teach one thing each: they run to their end and show what their text promises."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from flowbench.notebook import run_notebook
from tests.notebook.papers import read, text

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
LUA = (
    "{'longest': 'feathers', 'seconds': 9, 'words': 23}"
    if find_spec("lupa")
    else "kind lua needs the Python package lupa: pip install lupa"
)
MODEL = (
    "{'poet': 'Emily Dickinson'}"
    if find_spec("pydantic_ai")
    else "kind agent_block needs the Python package pydantic-ai-slim: pip install pydantic-ai-slim"
)
LESSONS = {
    "01_write_a_flow": [
        "True\nseq(\n",  # YAML and Python are one flow
        "'Although that way may not be obvious at …'",
        'in_={"words": ctx.words, "top": ctx.top}',
        "{'better': 8, 'although': 3, 'never': 3}",
        "'fetch': 'here you are'",
        "line 2: branch: the condition is False",
        "line 6, column 43: $.flow.children[0].outt: unknown field",
    ],
    "02_step_through": ["-1071.0", "('tax', ('$.amount',), {'amount': -900.0", "107.1", "$.total  changed -1071.0"],
    "03_stop_anything": [
        "('cancelled', 'Timeout', 'deadline')",
        "200 waiting steps ended",
        "User, by cell",
        "{'seconds': 60}",
        "0.f0  cancelled",
        "('cancelled', ('0',))",
        "('cancelled', ())",
        "[True, True, False]",
        "Aborted: User\n.",
    ],
    "04_headless": [
        "{'id': 'r-",
        "'state': 'done', 'steps': 6",
        "nightly: cancelled",
        "Timeout (by deadline)",
        "(True, True)",
    ],
    "05_operators": [
        "Nobody is here who could answer",
        "delete: Delete these files for good? approved by policy (answers.otherwise)",
        "failed at step 5: dispatcher error for ref 'put_away'",
        "['letter.txt', 'menu (1).txt', 'report.txt']",  # after a resume whose policy refuses every question
        "rejected by policy (answers.rules[2]): no deleting at night",
        "What is the shelf called?; no rule of answers answers",
        "delete 4  says ['menu.txt', 'report (1).txt']",
        "4       delete  [main_ai, senior_escalation]       main_ai  launch, per agent",
        "automate: said by launch, per agent",
        "double 0  outer: it begins\ndouble 0  inner: it begins\ndouble 0  the step itself\ndouble 0  inner: it says",
        "{'x': 21, 'double': 40}",
    ],
    "06_agents_of_every_kind": [
        "{'the': 4, 'and': 2}",
        "{'the': 3, 'and': 2, 'despair': 0}",
        LUA,
        MODEL,
        "['feathers', 'perches', 'without', 'never']",
        "'HTAA'",  # of a notebook
        "skipped   None          None",
        "['des: pass', 'canonical: pass', 'noop: pass', 'agent-ref: pass']",
        "Answer in one sentence.'",
        "0.1.0  asked for by a reader",
    ],
    "07_tools": [
        "errors.py:27: class PathNotFound(FlowError):",
        "('expressions.py', 'raise ParseError(')",
        "evaluate.py",
        "isinstance(agent, str)",
        "3 replacements in 2 files of",
        "+    if type(agent) is str:",
        "(True, 3, True)",
        "in flow\n",
        "more than a thousand lines",
        "timed out",
        "('/ 42\\n', 3)",
        "on a terminal",
        "100 % ####################",
        "(True, True, True)",
        "Aborted: Timeout\n",
        "1 step; no heartbeats; slowest abort",
        "mountain 🗻 of\n3776 m\nctrl+right ctrl+c",
        "Picture(150 x 18",
    ],
    "08_project": [
        "Epic fn-1-count-the-words-of created",
        "critical path fn-1-count-the-words-of.1 > fn-1-count-the-words-of.2 > fn-1-count-the-words-of.4",
        "## Done summary\nEmily Dickinson, without her dashes.",
        "Task fn-1-count-the-words-of.2 completed by r-",
        "- the: 4\n- and: 2",
        "To do: fn-1-count-the-words-of.3, fn-1-count-the-words-of.4",
        "waits for a decision: ap-1 Is `perches` an odd word?",
        "Approval ap-1 rejected",
        "('up_for_retry', 1)",
        "4     4       1.0        1",
        "Epic fn-1-count-the-words-of closed\n0 errors, 0 warnings",
        " .flow/tasks/fn-1-count-the-words-of.4.md",
        "'task_up_for_retry'",
    ],
}


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_stored_without_outputs_and_shows_what_it_promises(name: str, tmp_path: Path) -> None:
    source = NOTEBOOKS / f"{name}.ipynb"

    run_notebook(source, tmp_path / "out.ipynb")

    stored: list[Any] = [cell for cell in read(source).cells if cell.cell_type == "code"]
    told = "\n".join(text(cell) for cell in read(tmp_path / "out.ipynb").cells if cell.cell_type == "code")
    assert [cell.id for cell in stored if cell.outputs or cell.execution_count is not None] == []
    assert [promise for promise in LESSONS[name] if promise not in told] == []
