"""Papers: small notebooks written for one test, and what is left of them afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook


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
