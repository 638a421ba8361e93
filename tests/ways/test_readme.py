"""What the README tells is so: its cells run, its commands and exit codes exist, its picture is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from flowbench.cli.commands import COMMANDS
from flowbench.cli.exits import Exit
from flowbench.notebook import run_notebook

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_cells_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWBENCH_HOME", str(tmp_path / "home"))
    cells = re.findall(r"```(?:python|yaml)\n(.*?)```", README, re.DOTALL)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.rstrip()) for cell in cells])
    nbformat.write(notebook, tmp_path / "readme.ipynb")

    result = run_notebook(tmp_path / "readme.ipynb", tmp_path / "out.ipynb")

    ran = json.loads(result.notebook.read_text(encoding="utf-8"))["cells"]
    answers = [
        output["data"] for cell in ran for output in cell["outputs"] if output["output_type"] == "execute_result"
    ]
    frame, ctx = answers
    printed = "".join(
        "".join(output["text"]) for cell in ran for output in cell["outputs"] if output["output_type"] == "stream"
    )
    assert result.cells == len(cells) == 5
    assert "text/html" in frame
    assert "length" in "".join(frame["text/plain"])
    assert "'length': 3" in "".join(ctx["text/plain"])
    assert re.search(r"^__init__\.py \d+ def dump\(", printed, re.MULTILINE)
    assert "fast in /\n" in printed


def test_its_table_of_commands_is_complete() -> None:
    told = re.findall(r"^\| `flowbench (\w+)", README, re.MULTILINE)

    assert sorted(set(told)) == sorted(COMMANDS)


def test_its_table_of_exit_codes_is_complete() -> None:
    told = re.findall(r"^\| (\d+) \|", README, re.MULTILINE)

    assert [int(code) for code in told] == [int(code) for code in Exit]


def test_its_picture_and_links_are_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]

    assert [link for link in links if not (ROOT / link).exists()] == []
