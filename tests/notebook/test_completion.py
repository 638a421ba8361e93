from __future__ import annotations

from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter

from flowbench.blueprint import Functions, load
from flowbench.notebook.completion import OFFERED, complete
from flowbench.notebook.recent import Recent
from flowbench.runtime import launch, runs
from tests.flows import blueprint, step
from tests.notebook.conftest import Shell

DEMO = load(blueprint(step("double")))
NAMES: dict[str, Any] = {"demo": DEMO, "other": DEMO, "_1": DEMO, "data": {"x": 1}}

CASES = {
    "options of a tool": ("%fb glob x --la", ["--latest"]),
    "paths are left to IPython": ("%fb grep x sr", []),
    "all words": (
        "%fb ",
        [
            "abort",
            "agents",
            "ast",
            "ctx",
            "diff",
            "explain",
            "fuzzy",
            "glob",
            "graph",
            "grep",
            "help",
            "lint",
            "rerun",
            "resume",
            "run",
            "runs",
            "sh",
            "step",
            "terminal",
        ],
    ),
    "words": ("%fb r", ["rerun", "resume", "run", "runs"]),
    "Blueprints, not other variables": ("%fb run ", ["demo", "other"]),
    "Blueprints by letter": ("%flowbench graph d", ["demo"]),
    "flags": ("%fb run demo --o", ["--on-abort", "--operator", "--out"]),
    "every flag": ("%fb run demo --l", ["--limit"]),
    "choices": ("%fb run demo --on-abort ", ["continue", "stop"]),
    "variables for ctx": ("%fb run demo --ctx d", ["data", "demo"]),
    "steps": ("%fb step ", ["abort", "go", "next", "set"]),
    "nothing": ("%fb graph demo x", []),
}


@pytest.mark.parametrize(("before", "expected"), CASES.values(), ids=CASES.keys())
def test_candidates(before: str, expected: list[str]) -> None:
    assert complete(before, NAMES, Recent(NAMES)) == expected


def asked(shell: Shell, line: str) -> list[str]:
    """What the kernel would offer at the end of the line."""
    with provisionalcompleter():
        return [found.text for found in shell.ip.Completer.completions(line, len(line))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%fb run de", ["demo"]),
        ("  %flowbench run d", ["demo"]),
        ("%fb run ", ["demo"]),
        ("%fb run demo --d", ["--durability"]),
        ("%fb step set $.b", ["$.big", "$.big.inner"]),
        ("%fb step ", ["abort", "go", "next", "set"]),
    ],
)
def test_the_shell_offers_what_can_follow_and_nothing_of_python(line: str, expected: list[str], shell: Shell) -> None:
    shell("import flowbench as fb")
    shell("last = fb.launch({'id': 'd', 'flow': {'kind': 'seq', 'children': []}}, {'big': {'inner': 1}})")
    shell.names["demo"] = DEMO

    with provisionalcompleter():
        found = list(shell.ip.Completer.completions(line, len(line)))

    assert [line[: each.start] + each.text for each in found] == [
        line[: len(line) - len(line.split(" ")[-1])] + word for word in expected
    ]


def test_resume_offers_the_newest_recorded_runs_of_any_kernel(shell: Shell) -> None:
    functions = Functions()

    @functions.agent
    def double(x: Any) -> Any:
        return x

    made = [launch(DEMO, {"x": number}, functions=functions) for number in range(OFFERED + 1)]
    for run in made:
        run.wait(10)
    recorded = [info.id for info in runs()]

    offered = complete("%fb resume r-", {}, Recent({}))

    assert sorted(offered) == sorted(recorded[:OFFERED])
    assert set(offered) <= set(asked(shell, "%fb resume r-"))


def test_loading_again_does_not_answer_twice(shell: Shell) -> None:
    shell("%reload_ext flowbench")

    assert asked(shell, "%fb gra").count("graph") == 1
    known = [each.matcher_identifier for each in shell.ip.Completer.custom_matchers]
    assert len(known) == len(set(known))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%%blueprint b\nflow: {kind: step, ref: dou", "double"),
        ("%%blueprint b\nflow:\n  kind: fan", "fanout"),
        ("%%blueprint b\nflow: {kind: step, ref: double, in: $.big.in", "$.big.inner"),
        ('%%blueprint b\nstep("dou', "double"),
        ("%%blueprint b\n# $.written.here\nflow: {kind: step, in: $.wri", "$.written"),
    ],
    ids=["an agent", "a kind", "a path of the last ctx", "an agent in Python", "a path of the cell"],
)
def test_inside_a_blueprint_cell(cell: str, expected: str, shell: Shell) -> None:
    shell("import flowbench as fb\n@fb.agent\ndef double(x):\n    return x")
    shell("last = fb.launch({'id': 'd', 'flow': {'kind': 'seq', 'children': []}}, {'big': {'inner': 1}})")

    with provisionalcompleter():
        found = list(shell.ip.Completer.completions(cell, len(cell)))

    assert any((cell[: each.start] + each.text).endswith(expected) for each in found)


def test_other_cells_are_left_to_others(shell: Shell) -> None:
    assert asked(shell, "ref = {'ref: dou") == []


def test_steps_of_a_run_are_offered_where_one_is_looked_at(shell: Shell) -> None:
    shell("import flowbench as fb\n@fb.agent\ndef double(x):\n    return x")
    flow = {"kind": "seq", "children": [step("double")] * 12}
    shell.names["last"] = shell.names["fb"].launch(blueprint(flow), {"x": 1})
    shell.names["last"].wait(10)

    assert complete("%fb ctx 1", shell.names, Recent(shell.names)) == ["1", "10", "11"]
    assert complete(f"%fb diff {shell.names['last'].id} 0 en", shell.names, Recent(shell.names)) == ["end"]


def test_a_path_to_write_is_offered(shell: Shell) -> None:
    shell("import flowbench as fb")
    shell("last = fb.launch({'id': 'd', 'flow': {'kind': 'seq', 'children': []}}, {'big': {'inner': 1}})")

    assert complete("%fb step set $.b", shell.names, Recent(shell.names)) == ["$.big", "$.big.inner"]
