"""Looking at runs by word: values, tables and runs of other kernels."""

from __future__ import annotations

import pytest

from flowbench.notebook import UsageError
from tests.notebook.conftest import Shell


def test_ctx_of_a_step_and_differences_are_tables(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 1} --out first")
    desk("%fb run twice --ctx {'x': 5}")

    of_step = desk("%fb ctx first 0").value.set_index("path")
    whole = desk("%fb diff --out kept").value.set_index("path")
    between = desk("%fb diff first 0 1").value
    runs = desk(f"%fb diff first {desk.names['run'].id}").value.set_index("path")

    assert of_step.loc["$.x", ["before", "after"]].tolist() == [1, 2]
    assert whole.loc["$.x", ["before", "after"]].tolist() == [5, 10]
    assert desk.names["kept"]["path"].tolist() == ["$.x", "$.y"]
    assert between["path"].tolist() == ["$.y"]
    assert runs.loc["$.y", ["before", "after"]].tolist() == [4, 20]


def test_a_run_of_another_kernel_is_looked_at_by_its_id(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 1}")
    id = desk.names.pop("run").id
    desk.ip.reset(new_session=False)
    desk("%reload_ext flowbench")

    assert desk(f"%fb ctx {id}").value == {"x": 2, "y": 4}
    assert "double at 0" in desk(f"%fb graph {id}").shown[0]["text/html"]


def test_values_are_left_in_variables(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 1}")

    desk("%fb ctx --out found")
    desk("%fb runs --out listed")

    assert desk.names["found"] == {"x": 2, "y": 4}
    assert desk.names["listed"][0].id == desk.names["run"].id


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%fb ctx start end", "`%fb diff start end` shows"),
        ("%fb diff 0 nope", "`nope` is no step"),
        ("%fb ctx run double", "`double` is no step"),
    ],
    ids=["two steps for ctx", "a step before its run", "an agent for a step"],
)
def test_words_in_a_wrong_order_are_one_tidy_line(line: str, said: str, desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 1}")

    ran = desk(line)

    assert isinstance(ran.error, UsageError)
    assert said in ran.out


ODD = """%%blueprint odd
id: odd
flow:
  kind: seq
  children:
    - {kind: step, ref: double, in: $.x, out: $.y}
    - {kind: step, ref: nobody_here, in: $.x, out: $.z}
"""


def test_what_is_likely_not_meant_is_said_below_the_cell_and_listed_by_lint(desk: Shell) -> None:
    below = desk(ODD).out.splitlines()

    listed = desk("%fb lint odd --out found")

    assert below[0] == "odd: 2 steps by 2 agents (double, nobody_here)"
    assert any("nobody_here" in line for line in below[1:])
    assert all(line.startswith(("error: ", "warning: ")) for line in below[1:])
    assert "nobody_here" in listed.shown[0]["text/plain"]
    assert {finding.level for finding in desk.names["found"]} <= {"error", "warning", "note"}


def test_rules_are_silenced_by_the_word_and_a_run_is_checked_first(desk: Shell) -> None:
    desk(ODD)

    refused = desk("%fb run odd --check fail")
    desk("%fb lint odd --allow unknown_agent --out quiet")

    assert "odd is not run, because its check found: error: $.flow.children[1].ref" in refused.out
    assert "run" not in desk.names
    assert "unknown_agent" not in {finding.code for finding in desk.names["quiet"]}


def test_explain_shows_what_each_agent_would_meet(desk: Shell) -> None:
    desk("%%blueprint fine\nstep(double, in_=ctx.x, out=ctx.x)")

    shown = desk("%fb explain fine --ctx {'x': 3} --out told").shown[0]

    assert "operator  automate (default)" in shown["text/plain"]
    assert "value: 3" in shown["text/plain"]
    assert "<table>" in shown["text/html"]
    assert desk.names["told"]["double"].steps[0].prompt == "3"


def test_lint_says_when_there_is_nothing(desk: Shell) -> None:
    desk("%%blueprint fine\nstep(double, in_=ctx.x, out=ctx.x)")

    assert desk("%fb lint fine").out == "nothing odd was found\n"


def test_what_is_not_there_is_said_and_null_is_null(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 1, 'n': None}")

    shown = desk("%fb diff").value.to_html(), desk("%fb ctx run 1").value.to_html()

    assert all("(not there)" in html and "NaN" not in html for html in shown)
    assert "None" in shown[1]


def test_a_traceback_in_the_log_names_the_cell(desk: Shell) -> None:
    desk("%fb run failing --ctx {'x': 1}")

    told = [line.text.strip() for line in desk.names["run"].log.lines()]

    assert any(text.startswith("Cell In[") and text.endswith("in fail") for text in told), told


def test_abort_finds_a_run_that_a_cell_has_launched_and_let_go(desk: Shell) -> None:
    desk("import flowbench as fb\nfb.launch(napping, {'x': 60}) and None")

    assert desk("%fb abort").out.startswith("asked r-")
