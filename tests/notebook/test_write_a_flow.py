"""The notebook on writing flows: it runs headlessly, both spellings are one flow, and its mistakes are told."""

from __future__ import annotations

from pathlib import Path

from flowbench.notebook import run_notebook
from tests.notebook.papers import read, text

PAPER = Path(__file__).resolve().parents[2] / "notebooks" / "01_write_a_flow.ipynb"


def test_the_notebook_on_writing_flows_shows_what_it_says(tmp_path: Path) -> None:
    run_notebook(PAPER, tmp_path / "out.ipynb", parameters={"MOST": 4})

    cells = {cell.id: text(cell) for cell in read(tmp_path / "out.ipynb").cells if cell.cell_type == "code"}
    assert cells["c10"] == "True"  # YAML and Python
    assert cells["c11"].startswith('seq(\n    step("zen", in_=None, out=ctx.zen),')
    assert "'Beautiful is better than …'" in cells["c14"]
    assert "'better': 8" in cells["c17"]
    assert "'fetch': 'here you are'" in cells["c21"]
    assert cells["c23"].startswith("line 2: branch: the condition is False")
    assert cells["c25"].startswith("line 6, column 43: $.flow.children[0].outt: unknown field")
