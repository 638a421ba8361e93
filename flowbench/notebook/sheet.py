"""Sheet: the notebook while it is executed: saved whole or not at all, honest about cells that did not run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.engines import NotebookExecutionManager
from papermill.iorw import LocalHandler, papermill_io

from flowbench.notebook.record import run_facts
from flowbench.notebook.redact import redact
from flowbench.storage import write

SKIPPED = "skipped"  # by its tags; a word of ours beside papermill's pending, running, completed, failed


class Sheet(NotebookExecutionManager):  # type: ignore[misc]  # papermill has no types
    """papermill's record of one execution, with each save atomic where the output is a file of this machine.

    secrets: {name: value}; a value never reaches the file. facts: asked at each save for what metadata.flowbench says
    beside the runs.
    """

    def __init__(self, nb: NotebookNode, *, secrets: Mapping[str, str] | None = None, **given: Any) -> None:
        super().__init__(nb, **given)
        self.secrets = secrets or {}
        self.facts: Callable[[], dict[str, Any]] = dict

    def save(self, **_: Any) -> None:
        """Write what there is. Raises: StorageError, or what papermill's writer for another place raises."""
        self.nb.metadata["flowbench"] = {**self.facts(), "runs": run_facts(self.nb)}
        if self.secrets:
            redact(self.nb, self.secrets)
        target = _file(self.output_path)
        if target is None:
            super().save()
            return
        text: str = nbformat.writes(self.nb)  # type: ignore[no-untyped-call]
        write(target, text.encode(), mode=_mode(target))
        self.last_save_time = self.now()

    def cell_skipped(self, cell: NotebookNode) -> None:
        """This cell is left out."""
        cell.metadata.papermill["status"] = SKIPPED

    def notebook_complete(self, **_: Any) -> None:
        """Unlike papermill's own, this leaves cells that did not run pending."""
        self.end_time = self.now()
        record = self.nb.metadata.papermill
        record["end_time"] = self.end_time.isoformat()
        record["duration"] = (self.end_time - self.start_time).total_seconds()
        self.complete_pbar()
        self.cleanup_pbar()
        self.save()


def _file(path: Any) -> Path | None:
    """Where a local file is to be replaced; None for other stores, standard output, devices and no output at all."""
    if not isinstance(path, str) or path == "-" or not isinstance(papermill_io.get_handler(path), LocalHandler):
        return None
    target = Path(os.path.realpath(path))  # a link to the output stays a link
    return target if target.is_file() or not target.exists() else None


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
