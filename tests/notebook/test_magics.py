"""The magics in a real IPython shell without a front end."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import pytest

from flowbench.blueprint import Blueprint
from flowbench.flow.nodes import NODES
from flowbench.notebook import UsageError, magics
from flowbench.notebook.arguments import USAGE
from flowbench.notebook.completion import FLAGS
from flowbench.runtime import Run, RunCancelled, RunFailed, waiting
from tests.notebook.conftest import TWICE, Ran, Shell


def assert_tidy(ran: Ran, *parts: str) -> None:
    """One block without our insides."""
    assert "Traceback" not in ran.out
    assert "magics.py" not in ran.out
    for part in parts:
        assert part in ran.out


def test_a_yaml_cell_becomes_a_blueprint_and_one_line(desk: Shell) -> None:
    ran = desk(TWICE)

    assert isinstance(desk.names["twice"], Blueprint)
    assert (ran.out, ran.shown) == ("twice: 2 steps by 1 agent (double)\n", [])


def test_a_json_cell_does_too(shell: Shell) -> None:
    shell("%%blueprint one\n" + json.dumps({"id": "one", "flow": {"kind": "seq", "children": []}}))

    assert shell.names["one"].id == "one"


@pytest.mark.parametrize("flag", ["", " --python"])
def test_a_python_cell_does_too(flag: str, desk: Shell) -> None:
    ran = desk(
        f"%%blueprint authored{flag}\nseq(step(double, in_=ctx.x, out=ctx.y),\n    step(double, in_=ctx.y, out=ctx.z))"
    )

    desk("%fb run authored --ctx {'x': 2}")
    assert ran.out == "authored: 2 steps by 1 agent (double)\n"
    assert desk.names["run"].ctx == {"x": 2, "y": 4, "z": 8}


def test_a_stop_while_the_panel_opens_aborts_the_run(desk: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def begin(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

        def finish(self) -> None: ...

    monkeypatch.setattr(magics, "show", lambda *_: Slow())
    desk("import asyncio, flowbench as fb\n@fb.agent\nasync def rest(x):\n    await asyncio.sleep(60)")
    desk("%%blueprint resting\nid: resting\nflow: {kind: step, ref: rest, in: $, out: $.y}")

    ran = desk("%fb run resting")

    assert_tidy(ran, "Aborted: Signal (by interrupt)")
    assert "StillRunning" not in ran.out


def test_a_flow_alone_takes_the_name_of_the_variable(shell: Shell) -> None:
    shell("%%blueprint alone\nkind: seq\nchildren: []")

    assert shell.names["alone"].id == "alone"


def test_an_error_in_a_python_cell_is_the_persons_own(desk: Shell) -> None:
    ran = desk("%%blueprint authored\nseq(step(double, in_=ctx.x, out=ctx.y),\n    stp(double))")

    assert isinstance(ran.error, NameError)
    assert "stp(double)" in ran.out
    assert "magics.py" not in ran.out
    assert "run_cell_magic" not in ran.out
    assert "hidden" not in ran.out
    assert "authored" not in desk.names


@pytest.mark.parametrize(
    ("line", "said"),
    [("%%blueprint", "usage: %%blueprint NAME"), ("%%blueprint a --pyton", "did you mean `--python`")],
    ids=["no name", "an unknown option"],
)
def test_a_wrong_first_line_is_said(line: str, said: str, shell: Shell) -> None:
    ran = shell(f"{line}\nkind: seq\nchildren: []")

    assert isinstance(ran.error, UsageError)
    assert said in ran.out


def test_braces_and_dollars_in_a_cell_are_left_alone(shell: Shell) -> None:
    shell.names["x"] = "EXPANDED"

    shell("%%blueprint one\nid: '{x} $x'\nflow: {kind: seq, children: []}")

    assert shell.names["one"].id == "{x} $x"


def test_a_cell_is_drawn_if_asked(shell: Shell) -> None:
    ran = shell(TWICE.replace("twice\n", "twice --show\n", 1))

    assert len(ran.shown) == 1
    assert "data:image/svg+xml;base64," in ran.shown[0]["text/html"]


BAD = {
    "a key twice": ("id: a\nflow:\n  kind: seq\n  kind: seq\n  children: []\n", ["line 5, column 3", "  kind: seq\n"]),
    "an unknown field": ("id: a\nflow:\n  kind: seq\n  childs: []\n", ["childs", "did you mean `children`"]),
    "no YAML": ("id: [a}\n", ["line 2, column"]),
    "JSON with a missing bracket": ('{"id": "a",\n "flow": {]}', ["line 3, column"]),
}


@pytest.mark.parametrize(("body", "parts"), BAD.values(), ids=BAD.keys())
def test_a_bad_cell_points_at_its_own_line(body: str, parts: list[str], shell: Shell) -> None:
    ran = shell("%%blueprint bad\n" + body)

    assert ran.error is not None
    assert "bad" not in shell.names
    assert_tidy(ran, "^", *parts)


def test_run_leaves_the_run_and_shows_it_once(desk: Shell) -> None:
    ran = desk("%fb run twice --ctx {'x': 2} --out mine")

    run = desk.names["run"]
    assert isinstance(run, Run)
    assert desk.names["mine"] is run
    assert run.ctx == {"x": 4, "y": 8}
    assert ran.value is None
    assert ran.out == run.summary() + "\n"


def test_flowbench_is_the_long_name(desk: Shell) -> None:
    desk("%flowbench run twice --ctx {'x': 1}")

    assert desk.names["run"].state == "done"


def test_a_failed_run_shows_the_persons_own_frames(desk: Shell) -> None:
    ran = desk("%fb run failing --ctx {'x': 1}")

    assert isinstance(ran.error, RunFailed)
    assert "no luck" in ran.out
    assert 'raise ValueError("no luck")' in ran.out
    assert "magics.py" not in ran.out


def test_a_run_out_of_time_is_one_line(desk: Shell) -> None:
    ran = desk("%fb run napping --ctx {'x': 30} --timeout 0.2")

    assert isinstance(ran.error, RunCancelled)
    assert_tidy(ran, "Aborted: Timeout")


def test_with_on_abort_continue_it_is_no_error(desk: Shell) -> None:
    ran = desk("%fb run napping --ctx {'x': 30} --timeout 0.2 --on-abort continue")

    assert ran.error is None
    assert desk.names["run"].state == "cancelled"


def test_a_background_run_returns_at_once_and_is_aborted_by_word(desk: Shell) -> None:
    started = time.monotonic()
    desk("%fb run napping --ctx {'x': 30} --bg")
    run = desk.names["run"]

    ran = desk("%fb abort")
    run.wait(5)

    assert time.monotonic() - started < 5
    assert ran.out == f"asked {run.id} to stop\n"
    assert (run.state, run.cause.by) == ("cancelled", "cell")
    assert desk("%fb abort").out == "no run is live\n"
    assert desk(f"%fb abort {run.id}").out == f"{run.id} is cancelled already\n"


def test_runs_started_in_python_can_be_aborted_too(desk: Shell) -> None:
    desk("other = fb.launch(napping, {'x': 30})")

    desk(f"%fb abort {desk.names['other'].id[-6:]}")
    desk.names["other"].wait(5)

    assert desk.names["other"].state == "cancelled"


@pytest.mark.parametrize("by", ["id", "variable"])
def test_a_cancelled_run_is_resumed(by: str, desk: Shell) -> None:
    desk("%fb run napping --ctx {'x': 0.3} --timeout 0.1 --on-abort continue")
    first = desk.names["run"]

    desk(f"%fb resume {first.id if by == 'id' else 'run'} --out again")

    assert desk.names["again"].id == first.id
    assert desk.names["again"].state == "done"


def test_runs_lists_what_is_recorded(desk: Shell) -> None:
    nothing = desk("%fb runs")
    desk("%fb run twice --ctx {'x': 1}")

    listed = desk("%fb runs")

    assert nothing.out == "no run is recorded yet\n"
    assert desk.names["run"].id in listed.out
    assert "done" in listed.out


def test_ctx_is_a_value(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 1}")

    assert desk("%fb ctx").value == {"x": 2, "y": 4}


def test_graph_draws(desk: Shell) -> None:
    ran = desk("%fb graph twice")

    assert sorted(ran.shown[0]) == ["text/html", "text/plain"]


def test_blueprints_and_runs_have_rich_reprs(desk: Shell) -> None:
    drawn = desk("display(twice)")
    desk("%fb run twice --ctx {'x': 1}")
    told = desk("display(run)")

    assert "data:image/svg+xml" in drawn.shown[0]["text/html"]
    assert "<table>" in told.shown[0]["text/html"]
    assert told.shown[0]["application/vnd.flowbench.run+json"]["id"] == desk.names["run"].id


def test_reprs_have_an_svg_and_a_step_shows_its_values(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 1}")

    blueprint, run, step = (desk(f"display({name})").shown[0] for name in ("twice", "run", "run.steps[0]"))

    assert blueprint["image/svg+xml"].startswith("<svg")
    assert "fb-done" in run["image/svg+xml"]
    assert step["text/plain"].startswith("double at 0: done in ")
    assert step["text/plain"].endswith("input 1, output 2")
    assert "<small>output</small>" in step["text/html"]


def test_graph_draws_a_run_by_variable_or_id(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 1} --out mine")
    by_id = desk(f"%fb graph {desk.names['run'].id}")

    by_name = desk("%fb graph mine")

    assert "double at 0" in by_name.shown[0]["text/html"]
    assert by_id.shown == by_name.shown


WRONG: dict[str, tuple[str, str]] = {
    "an unknown word": ("%fb rnu twice", "did you mean `run`"),
    "an unknown Blueprint": ("%fb run twise", "did you mean `twice`"),
    "something else": ("%fb graph fb", "something else is called `fb`"),
    "no run yet": ("%fb ctx", "there is no run"),
    "an unknown run": ("%fb abort nope", "no run `nope`"),
    "nothing is stepped": ("%fb step next", "nothing is stepped here"),
    "a bad ctx": ("%fb run twice --ctx nosuch", "no variable `nosuch`"),
}


@pytest.mark.parametrize(("line", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_line_is_one_tidy_usage_error(line: str, said: str, desk: Shell) -> None:
    ran = desk(line)

    assert isinstance(ran.error, UsageError)
    assert_tidy(ran, said)


def test_help_names_every_word(shell: Shell) -> None:
    told = shell("%fb help").out

    assert [word for word in USAGE if f"%fb {word}" not in told] == []


def test_help_explains_every_option_in_lines_that_fit_a_cell(shell: Shell) -> None:
    told = shell("%fb help").out

    flags = {flag for flags in FLAGS.values() for flag in flags}
    assert [flag for flag in sorted(flags) if f"\n  {flag}" not in told] == []
    assert max(len(line) for line in told.splitlines()) <= 96


def test_help_shows_a_blueprint_that_runs(shell: Shell) -> None:
    told = shell("%fb help").out
    cell = told[told.index("%%blueprint demo") :].partition("\n\n")[0]
    shell("import flowbench as fb\n\n@fb.agent\ndef my_function(x):\n    return x + 1")

    shell(cell)
    shell("%fb run demo --ctx {'x': 1}")

    assert len(cell.splitlines()) == 3
    assert shell.names["run"].ctx == {"x": 1, "y": 2}


def test_help_names_every_node_with_its_fields(shell: Shell) -> None:
    told = shell("%fb help").out.partition("Nodes: ")[2]
    nodes = {words[0]: words[1].split("/") for words in (node.split() for node in told.split(","))}

    kinds = {str(kind.__struct_config__.tag): set(kind.__struct_encode_fields__) for kind in NODES}

    assert {name: set(fields) for name, fields in nodes.items()} | {"let": kinds["let"]} == kinds


def test_one_step_is_one_step(desk: Shell) -> None:
    desk("%fb run napping --ctx {'x': 0}")

    listed = desk("%fb runs").out

    assert " 1 step " in listed
    assert "1 steps" not in listed


def test_stepping_by_word(desk: Shell) -> None:
    lines = [
        desk(line).out.strip()
        for line in (
            "%fb run twice --ctx {'x': 2} --step",
            "%fb step set $.x 21",
            "%fb step next",
            "%fb step",
        )
    ]

    assert lines[:3] == [
        "paused before double at 0 <- 2",
        "paused before double at 0 <- 21",
        "paused before double at 1 <- 42",
    ]
    assert lines[3] == desk.names["run"].summary()
    assert desk.names["run"].ctx == {"x": 42, "y": 84}


def test_ctx_of_a_paused_run_is_that_of_the_pause(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 2} --step")
    desk("%fb step next")

    assert desk("%fb ctx").value == {"x": 4}
    desk("%fb step abort")


def test_stepping_goes_on_or_stops_when_told(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 2} --step")
    went_on = desk("%fb step go")
    desk("%fb run twice --ctx {'x': 2} --step")
    desk("%fb step abort")

    assert "done, 2 steps" in went_on.out
    assert desk.names["run"].state == "cancelled"
    assert_tidy(desk("%fb step next"), "the stepped run has ended")


@pytest.mark.parametrize("value", ["{bad", "nope"])
def test_a_value_that_is_no_json_is_said(value: str, desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 2} --step")

    ran = desk(f"%fb step set $.x {value}")

    assert isinstance(ran.error, UsageError)
    desk("%fb step abort")


def test_headless_stepping_tells_each_pause_and_goes_on(desk: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWBENCH_HEADLESS", "1")

    ran = desk("%fb run twice --ctx {'x': 2} --step")

    assert ran.out.splitlines()[:2] == ["paused before double at 0 <- 2", "paused before double at 1 <- 4"]
    assert desk.names["run"].state == "done"


def test_unloading_takes_everything_out(bare: Shell) -> None:
    pumps, hooks = list(waiting.pumps), dict(bare.ip.display_formatter.mimebundle_formatter.type_printers)

    bare("%load_ext flowbench")
    bare("%unload_ext flowbench")

    magics: Any = bare.ip.magics_manager.magics
    assert {"fb", "flowbench"} & set(magics["line"]) == set()
    assert "blueprint" not in magics["cell"]
    assert (waiting.pumps, bare.ip.display_formatter.mimebundle_formatter.type_printers) == (pumps, hooks)
