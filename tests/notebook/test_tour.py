from __future__ import annotations

from pathlib import Path

import pytest

from flowbench.notebook import run_notebook
from tests.notebook.papers import read

TOUR = Path(__file__).resolve().parents[2] / "notebooks" / "00_tour.ipynb"


def test_the_tour_is_stored_without_outputs() -> None:
    cells = [cell for cell in read(TOUR).cells if cell.cell_type == "code"]

    assert [cell.id for cell in cells if cell.outputs or cell.execution_count is not None] == []


def test_the_tour_leaves_no_files_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))  # of the kernel; this process has found its own before

    run_notebook(TOUR, tmp_path / "out.ipynb", parameters={"LIMIT": 20})

    assert "flowbench-tour-" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert list(scratch.glob("flowbench-*")) == []
