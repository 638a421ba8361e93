"""Every kind of bad Blueprint gives one clear error that names the place: loaded, checked and in a cell."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from flowbench.blueprint import BlueprintError, load
from flowbench.cli import main
from flowbench.cli.exits import Exit
from tests.notebook.conftest import Shell

STEP = "{kind: step, ref: a, in: $.x, out: $.y}"
JSON_STEP = '{"kind": "step", "ref": "a", "in": "$.x", "out": "$.y"}'
BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))

# name: (text, where the error points, what it says)
BAD: dict[str, tuple[str, str, str]] = {
    "wrong kind": ("id: x\nflow: {kind: stp}\n", "line 2, column 14: $.flow.kind", "did you mean `step`"),
    "wrong op": (
        "id: x\nflow: {kind: step, ref: a, in: {op: addd, lhs: $.x, rhs: $.y}, out: $.y}\n",
        "line 2, column 37: $.flow.in.op",
        "did you mean `add`",
    ),
    "unknown field": (f"id: x\nflow: {STEP}\nagent: []\n", "line 3, column 1: $.agent", 'did you mean "agents"'),
    "unknown field of a node": (
        "id: x\nflow:\n  kind: step\n  ref: a\n  inn: $.x\n  out: $.y\n",
        "line 5, column 3: $.flow.inn",
        "did you mean `in`",
    ),
    "bad path": (f"id: x\nflow: {STEP.replace('$.x', '$..x')}\n", "line 2, column 32: $.flow.in.at", "empty path"),
    "no path": (f"id: x\nflow: {STEP.replace('$.x', 'x')}\n", "line 2, column 32: $.flow.in", "a path starts with $"),
    "YAML's nan": (
        "id: x\nflow: {kind: let, at: $.x, value: {op: lit, value: .nan}}\n",
        "line 2, column 52",
        ".nan is no JSON number",
    ),
    "JSON's NaN": (
        '{"id": "x",\n "flow": {"kind": "let", "at": "$.x", "value": {"op": "lit", "value": NaN}}}',
        "line 2, column 71",
        "NaN is no JSON value",
    ),
    "1 MB string for a kind": (
        f"id: x\nflow: {{kind: {'k' * 2**20}}}\n",
        "line 2, column 14: $.flow.kind",
        "unknown kind",
    ),
    "1 MB path": (
        f"id: x\nflow: {{kind: let, at: $.{'k' * 2**20}., value: $.x}}\n",
        "line 2, column 23: $.flow.at",
        "empty path segment",
    ),
    "1 MB field": (
        f'{{"id": "x", "flow": {JSON_STEP}, "{"k" * 2**20}": 1}}',
        "line 1, column",
        "allowed here: schema_version",
    ),
    "1 MB field of a node": (
        f'{{"id": "x", "flow": {{"kind": "seq", "children": [], "{"k" * 2**20}": 1}}}}',
        "line 1, column",
        "its fields are `children`",
    ),
    "10,000 deep": (f"id: x\nflow: {'[' * 10_000}", "line 2, column", "nested more than 200 deep"),
    "10,000 deep in JSON": ('{"id": "x", "flow": ' + '{"a":' * 10_000, "line 1, column", "nested more than 200 deep"),
    "201 nodes deep": (
        f"id: x\nflow: {'{kind: loop, max: 1, counter: $.n, cond: $.x, body: ' * 201}{STEP}{'}' * 201}\n",
        "line 2, column",
        "nested more than 200 deep",
    ),
    "duplicate key": (f"id: x\nid: y\nflow: {STEP}\n", "line 2, column 1", 'duplicate key "id"'),
    "duplicate key in JSON": (f'{{"id": "x",\n "id": "y", "flow": {JSON_STEP}}}', "line 2, column 2", "duplicate key"),
    "YAML bomb": (f"id: x\n{BOMB}flow: {STEP}\n", "line 2, column 4", "anchors (&a) are not allowed"),
    "Python tag": ("id: !!python/object:os.system ls\nflow: {}\n", "line 1, column 5", "tags"),
    "null list": (f"id: x\nflow: {STEP}\nagents:\n", "line 3, column 1: $.agents", "expected a list"),
    "no id": (f"agents: []\nflow: {STEP}\nid: 5\n", "line 3, column 5: $.id", "expected a string"),
    "HTML for a kind": ("id: x\nflow: {kind: '<script>'}\n", "line 2, column 14: $.flow.kind", "<script>"),
    "missing reference": (
        f"id: x\nflow: {STEP}\nagents:\n  - $agent_md: none.md\n",
        "line 4, column 5: $.agents[0]",
        'ref expansion at "none.md": No such file',
    ),
}


def named(text: str) -> str:
    return "bad.json" if text.startswith("{") else "bad.yaml"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("text", "where", "why"), BAD.values(), ids=BAD.keys())
def test_loading_and_checking_name_the_place(desk: Path, text: str, where: str, why: str) -> None:
    (desk / named(text)).write_text(text)

    with pytest.raises(BlueprintError) as loaded:
        load(Path(named(text)))
    checked = CliRunner().invoke(main, ["check", named(text)])

    brief = loaded.value.brief
    assert brief.startswith(f"{named(text)}: {where}")
    assert why in brief
    assert "\n" not in brief
    assert len(brief) < 600
    assert checked.exit_code == Exit.USAGE
    assert checked.stderr == f"flowbench: {' '.join(brief.split())}\n"
    assert checked.stdout == ""


def test_a_cell_names_the_place_in_the_cell_and_shows_no_traceback(desk: Path, shell: Shell) -> None:
    faults = []
    for name, (text, where, why) in BAD.items():
        ran = shell(f"%%blueprint bad\n{text}")
        line, _, rest = where.removeprefix("line ").partition(",")
        inside = f"line {int(line) + 1},{rest}"  # the magic stands in line 1
        if inside not in ran.out or why not in ran.out or "Traceback" in ran.out or len(ran.out) > 1500:
            faults.append(f"{name}: {ran.out[:300]}")

    assert faults == []
    assert "bad" not in shell.names
