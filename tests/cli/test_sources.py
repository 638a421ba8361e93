"""What a command is given by name: values, Python files, functions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from flowbench import blueprint as blueprints
from flowbench.cli import sources
from flowbench.cli.exits import Exit, Refusal


@pytest.fixture(autouse=True)
def _same_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)


def test_a_value_comes_from_the_line_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "ctx.json").write_text('{"é": [1, null]}', encoding="utf-8")

    assert sources.value('{"a": 1.5}') == {"a": 1.5}
    assert sources.value("@ctx.json") == {"é": [1, None]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": }', "--ctx: line 1, column 7"),
        ("[1,\n 2,,]", "--ctx: line 2, column 4"),
        ("NaN", "--ctx: line 1, column 1: NaN is no JSON value"),
        ("[" * 100_000, "--ctx: "),
        ("1" * 5000, "--ctx: "),
        ("@missing.json", "missing.json: No such file"),
        ("@latin.json", "latin.json: line 1, column 2: not UTF-8 text"),
        ("@broken.json", "broken.json: line 1, column 2"),
        ('{"a": 1, "a": 2}', '--ctx: line 1, column 10: duplicate key "a"'),
        ("@", "--ctx @: name a file"),
        ("@folder", "folder: Is a directory"),
    ],
    ids=lambda text: text[:12],
)
def test_a_bad_value_is_refused_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'"\xe9"')
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "folder").mkdir()

    with pytest.raises(Refusal) as refused:
        sources.value(text)

    assert refused.value.message.startswith(told)
    assert refused.value.exit_code == Exit.USAGE


def test_agents_of_a_file_register_and_may_import_their_neighbours(tmp_path: Path) -> None:
    (tmp_path / "neighbour_of_agents.py").write_text("FACTOR = 3\n")
    (tmp_path / "some agents.py").write_text(
        "import flowbench as fb\nfrom neighbour_of_agents import FACTOR\n"
        "@fb.agent(id='sources.triple')\ndef triple(x):\n    return x * FACTOR\n"
    )

    sources.agents(["some agents.py"])

    assert "sources.triple" in blueprints.functions.ids()


def test_agents_of_a_module_are_found_from_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "agents_as_module.py").write_text(
        "import flowbench as fb\n@fb.agent(id='sources.module')\ndef same(x):\n    return x\n"
    )

    sources.agents(["agents_as_module"])

    assert "sources.module" in blueprints.functions.ids()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("x = 1\ny = x / 0\n", "ZeroDivisionError: division by zero (bad.py, line 2)"),
        ("def half(:\n", "SyntaxError: invalid syntax (bad.py, line 1)"),
        ("import no_such_module_at_all\n", "No module named 'no_such_module_at_all' (bad.py, line 1)"),
        ("raise SystemExit(4)\n", "SystemExit: 4 (bad.py, line 1)"),
    ],
    ids=["an error", "bad syntax", "a missing module", "an exit"],
)
def test_a_file_that_fails_is_told_with_its_line(body: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(body)

    with pytest.raises(Refusal) as refused:
        sources.agents(["bad.py"])

    assert refused.value.message.startswith("bad.py cannot be imported: ")
    assert told in refused.value.message
    assert refused.value.exit_code == Exit.USAGE
    assert "flowbench_agents_bad" not in sys.modules


@pytest.mark.parametrize("name", ["missing.py", "no.such.module", "."])
def test_agents_that_are_not_there_are_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        sources.agents([name])

    assert refused.value.message.startswith(f"{name} cannot be imported: ")


def seq(*refs: str) -> dict[str, Any]:
    path = {"op": "path", "at": "$.x"}
    steps = [{"kind": "step", "ref": ref, "in": path, "out": path} for ref in refs]
    return {"kind": "seq", "children": steps}


def test_all_missing_functions_are_named_at_once() -> None:
    agents = [
        {"name": "defined", "kind": "python_fn", "spec": {"fn_id": "sources.nowhere"}},
        {"name": "other", "kind": "operator"},
    ]
    wanted = blueprints.load({"id": "b", "flow": seq("z", "a", "z", "defined", "other"), "agents": agents})

    assert sources.missing(wanted) == ["a", "sources.nowhere", "z"]


def test_a_function_that_the_loaded_files_lack_is_told_with_what_they_have(tmp_path: Path) -> None:
    (tmp_path / "near.py").write_text("import flowbench as fb\n@fb.agent\ndef sources_parse(x):\n    return x\n")
    sources.agents(["near.py"])

    with pytest.raises(Refusal) as refused:
        sources.require(blueprints.load({"id": "b", "flow": seq("sources_prase")}), ["near.py"])

    assert refused.value.exit_code == Exit.MISSING
    assert "'sources_prase' (did you mean 'sources_parse'?); near.py registered " in refused.value.message
    assert "--agents" not in refused.value.message


def test_missing_functions_have_their_own_exit_code() -> None:
    with pytest.raises(Refusal) as refused:
        sources.require(blueprints.load({"id": "b", "flow": seq("sources.lost")}))

    assert refused.value.exit_code == Exit.MISSING
    assert "sources.lost" in refused.value.message
    assert "--agents" in refused.value.message
