"""Headless: execute a notebook without a browser, through papermill, on this very Python.

Also the papermill engine `flowbench` (`papermill --engine flowbench IN OUT`), which does the same for its callers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench.notebook.errors import CellFailed
from flowbench.notebook.kernels import NAME

if TYPE_CHECKING:
    from flowbench.notebook.client import Client

ENGINE = "flowbench"


class Result(msgspec.Struct, frozen=True):
    """An executed notebook. cells: code cells that ran. run_ids: runs whose outputs are in it, in order."""

    notebook: Path
    run_ids: tuple[str, ...]
    seconds: float
    cells: int


def run_notebook(
    source: Path,
    output: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    cell_timeout: float | None = None,
    log: Callable[[str], None] | None = None,
) -> Result:
    """Execute `source` and save what came of it as `output`, also when it fails. The kernel is gone afterwards.

    parameters: for the cell tagged `parameters`; never secrets, they are written into the notebook.
    cell_timeout: seconds for each cell, after which it is interrupted. log: gets one line as each cell starts.
    In the main thread SIGINT and SIGTERM interrupt the cell; a second one gives up at once.
    Raises: CellFailed, CellTimedOut, KernelDied, NotebookStopped. Each after the notebook was saved.
    """
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook

    papermill_engines.register(ENGINE, Engine)  # a checkout that is not installed has no entry points
    started = time.monotonic()
    clients: list[Client] = []
    try:
        notebook = execute_notebook(
            str(source),
            str(output),
            parameters=dict(parameters) if parameters else None,
            engine_name=ENGINE,
            kernel_name=NAME,
            language="python",
            progress_bar=False,
            execution_timeout=cell_timeout,
            said=log,
            began=clients.append,
        )
    except PapermillExecutionError as failed:
        ended_by = clients[0].ended_by
        raise ended_by or CellFailed(failed.cell_index, failed.ename, failed.evalue) from None
    runs = notebook.metadata["flowbench"]["runs"]
    return Result(
        notebook=Path(output).absolute(),
        run_ids=tuple(run["id"] for run in runs),
        seconds=time.monotonic() - started,
        cells=clients[0].code_cells_executed,
    )


class Engine:
    """The engine that papermill finds by the entry point. Each call goes on to notebook.engine.

    papermill loads its entry points while it is imported itself, so this file must not import it at its top.
    """

    @classmethod
    def execute_notebook(cls, *given: Any, **options: Any) -> Any:
        return _managed().execute_notebook(*given, **options)

    @classmethod
    def nb_kernel_name(cls, *given: Any, **options: Any) -> Any:
        return _managed().nb_kernel_name(*given, **options)

    @classmethod
    def nb_language(cls, *given: Any, **options: Any) -> Any:
        return _managed().nb_language(*given, **options)


def _managed() -> Any:
    from flowbench.notebook.engine import ManagedEngine

    return ManagedEngine
