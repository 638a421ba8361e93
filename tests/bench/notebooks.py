"""Notebooks: W9, a headless notebook of five cells, beside nbclient with the same cells."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Figure, beside

CELLS = ("a = 1", "b = a + 1", "c = b * 2", "print(c)", "assert c == 4\nc")


def headless() -> Iterator[Figure]:
    import nbformat
    from nbclient import NotebookClient

    from flowbench.notebook import run_notebook

    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "in.ipynb", Path(folder) / "out.ipynb"
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
        book.metadata.kernelspec = {"name": "python3", "display_name": "python3", "language": "python"}
        nbformat.write(book, source)

        def floor() -> None:
            quiet = ["--IPKernelApp.log_level=ERROR"]  # its kernel warns of its open ports, in the midst of the figures
            NotebookClient(nbformat.read(source, 4), kernel_name="python3", extra_arguments=quiet).execute()

        yield beside("W9", lambda: run_notebook(source, output), floor, 5, each=1)
