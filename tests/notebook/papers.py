"""Papers: small notebooks written for one test, and what is left of them afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from papermill.execute import prepare_notebook_metadata
from papermill.iorw import load_notebook_node


def paper(path: Path, *sources: str, kernel: str | None = None) -> Path:
    """A notebook of code cells. kernel: the kernel name that its metadata asks for."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    if kernel is not None:
        notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    nbformat.write(notebook, path)
    return path


def read(path: Path) -> Any:
    """A notebook, checked against the format."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def text(cell: Any) -> str:
    """Everything that a cell printed, showed as plain text or failed with."""
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain") or "\n".join(output.get("traceback", []))
        for output in cell.outputs
    )


def tagged(path: Path, *tags: list[str]) -> None:
    """Give the cells these tags, in order."""
    notebook = nbformat.read(path, as_version=4)
    for cell, each in zip(notebook.cells, tags, strict=True):
        cell.metadata["tags"] = each
    nbformat.write(notebook, path)


def statuses(notebook: Any) -> list[str]:
    """What papermill says of each code cell."""
    return [cell.metadata.papermill["status"] for cell in notebook.cells if cell.cell_type == "code"]


DOUBLE = """
import asyncio, flowbench as fb
path = {"op": "path", "at": "$.x"}
@fb.agent
async def double(x):
    await asyncio.sleep(x if x < 100 else 0)
    return x * 2
bp = {"id": "double", "flow": {"kind": "step", "ref": "double", "in": path, "out": path}}
"""  # an agent that also sleeps as many seconds as it is given


def loaded(path: Path) -> Any:
    """As papermill hands it to its engines."""
    return prepare_notebook_metadata(load_notebook_node(str(path)), str(path), "out.ipynb")
