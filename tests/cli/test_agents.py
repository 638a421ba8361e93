"""Where functions come from: notebooks, pyproject.toml, and what a record says of those that are missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import blueprint as bp
from flowbench.cli import project, sources
from flowbench.cli.exits import Exit, Refusal
from tests.cli.conftest import AGENTS, DOUBLE, Command


def notebook(path: Path, *cells: str, tags: dict[int, list[str]] | None = None) -> Path:
    """A notebook with these code cells. tags: by number from 1."""
    made = [
        {"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": [], "execution_count": None,
         "metadata": {"tags": (tags or {}).get(number, [])}}
        for number, cell in enumerate(cells, start=1)
    ]  # fmt: skip
    made.insert(0, {"cell_type": "markdown", "source": "# Agents", "metadata": {}})
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}))
    return path


CELLS = (
    "%load_ext flowbench\nimport flowbench as fb\nimport math as m\n!ls\n",
    "BY: int = 2\nNAMES = ['a', 'b']\nsecond = open('ran', 'w')\n",
    "@fb.agent\ndef nb_double(number):\n    return number * BY\n\nnb_double(1 / 0)\nnb_double?",
    "%%blueprint doubling\nflow: {kind: step, ref: nb_double, in: $.x, out: $.x}\n",
    "%fb run doubling\nrun = fb.launch(doubling)\nx = !echo hi\n",
    "this is no Python",
)


def test_a_notebook_defines_functions_and_runs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook(tmp_path / "work.ipynb", *CELLS)

    sources.agents(["work.ipynb"])

    assert bp.functions.get("nb_double").fn(4) == 8
    assert not (tmp_path / "ran").exists()
    assert fb.runs() == []
    assert bp.origin(bp.functions.get("nb_double").fn) == str(tmp_path / "work.ipynb")


def test_cells_that_are_tagged_run_whole_and_no_other(tmp_path: Path) -> None:
    factor = "import flowbench as fb\nFACTOR = int('3')\n%matplotlib inline\n"
    agent = "@fb.agent\ndef nb_triple(number):\n    return number * FACTOR\n"
    tags = {1: ["agents"], 2: ["agents"]}
    notebook(tmp_path / "tagged.ipynb", factor, agent, "1 / 0\ndef nb_triple(): ...", tags=tags)

    sources.agents(["tagged.ipynb"], tmp_path)

    assert bp.functions.get("nb_triple").fn(4) == 12


def test_code_of_a_notebook_has_the_digest_it_had_in_the_notebook(tmp_path: Path) -> None:
    code = "import flowbench as fb\n@fb.agent(id='nb_same')\ndef same(number):\n    return [n for n in range(number)]\n"
    here: dict[str, Any] = {}
    exec(compile(code, "<cell>", "exec"), here)
    before = bp.functions.get("nb_same").hash
    notebook(tmp_path / "same.ipynb", "\n\n" + code)

    sources.agents(["same.ipynb"], tmp_path)

    assert bp.functions.get("nb_same").hash == before


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "is no notebook"), ('{"cells": 5}', "is no notebook"), ("[]", "is no notebook")],
)
def test_what_is_no_notebook_is_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text(text)

    with pytest.raises(Refusal, match=told) as refused:
        sources.agents(["bad.ipynb"], tmp_path)

    assert refused.value.exit_code == Exit.USAGE


def test_a_failing_cell_is_told_with_its_number(tmp_path: Path) -> None:
    notebook(tmp_path / "bad.ipynb", "x = 1", "import no_such_module_at_all")

    with pytest.raises(Refusal, match=r"no_such_module_at_all.*bad\.ipynb\[cell 2\], line 1"):
        sources.agents(["bad.ipynb"], tmp_path)


def test_a_flow_runs_with_the_functions_of_a_notebook(flowbench: Command, desk: Path) -> None:
    notebook(desk / "work.ipynb", "import flowbench as fb", "@fb.agent\ndef double(number):\n    return number * 2")

    told = flowbench("run", "doubling.yaml", "--agents", "work.ipynb", "--ctx", '{"number": 3}', "--json")

    assert json.loads(told.stdout)["ctx"] == {"number": 12}


def test_the_projects_pyproject_names_agents_for_every_folder_below(flowbench: Command, desk: Path) -> None:
    (desk / "pyproject.toml").write_text('[tool.flowbench]\nagents = ["mine.agents", "more.py"]\n')
    (desk / "mine").mkdir()
    (desk / "mine" / "agents.py").write_text(AGENTS)
    (desk / "more.py").write_text("")
    below = desk / "below"
    below.mkdir()
    (below / "doubling.yaml").write_text(DOUBLE)
    flowbench.folder = below

    told = flowbench("run", "doubling.yaml", "--ctx", '{"number": 3}', "--json")
    checked = flowbench("check", "doubling.yaml")

    assert json.loads(told.stdout)["ctx"] == {"number": 12}
    assert checked.returncode == Exit.DONE


def test_the_projects_agents_are_not_imported_when_nothing_is_missing(flowbench: Command, desk: Path) -> None:
    (desk / "pyproject.toml").write_text('[tool.flowbench]\nagents = ["bad"]\n')
    (desk / "bad.py").write_text("1 / 0")

    assert flowbench("check", "doubling.yaml", "--agents", "agents.py").returncode == Exit.DONE
    assert flowbench("check", "doubling.yaml").returncode == Exit.USAGE


@pytest.mark.parametrize(
    ("text", "told"),
    [("[tool.flowbench]\nagents = 'x'", "is a list of names"), ("[tool", "pyproject.toml")],
)
def test_a_pyproject_that_says_it_wrongly_is_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(Refusal, match=told):
        project.agents(tmp_path)


def test_without_a_word_in_pyproject_nothing_is_assumed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")

    assert project.agents(tmp_path) is None


def test_missing_functions_are_told_with_the_file_that_defined_them(flowbench: Command, desk: Path) -> None:
    notebook(desk / "my work.ipynb", "import flowbench as fb\n@fb.agent\ndef double(number):\n    return number * 2")
    first = flowbench("run", "doubling.yaml", "--agents", "my work.ipynb", "--ctx", '{"number": 3}', "--json")
    run_id = json.loads(first.stdout)["run_id"]

    for told in (flowbench("run", "doubling.yaml"), flowbench("resume", run_id)):
        assert told.returncode == Exit.MISSING
        assert f"'double' (defined in {desk}/my work.ipynb)" in told.stderr
        assert f"add --agents '{desk}/my work.ipynb'" in told.stderr


def test_a_cell_is_named_by_what_its_kernel_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    space: dict[str, Any] = {}
    exec(compile("def cell(x): return x", "/tmp/ipykernel_123/456.py", "exec"), space)
    for name in ("FLOWBENCH_NOTEBOOK", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)

    assert bp.origin(space["cell"]) == "a notebook"
    monkeypatch.setenv("JPY_SESSION_NAME", "/h/me/tour.ipynb")
    assert bp.origin(space["cell"]) == "/h/me/tour.ipynb"
    space["__vsc_ipynb_file__"] = "/h/code.ipynb"
    assert bp.origin(space["cell"]) == "/h/code.ipynb"
    assert bp.origin(len) == ""
