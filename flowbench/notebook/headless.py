"""Headless: execute a notebook without a browser, through papermill, on this very Python.

Also the papermill engine `flowbench` (`papermill --engine flowbench IN OUT`), which does the same for its callers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook

from flowbench.notebook.client import GRACE_SECONDS, Client
from flowbench.notebook.errors import CellFailed
from flowbench.notebook.kernels import NAME

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


class Engine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """papermill's engine of this name. It runs on this Python, whatever kernel the notebook asks for."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: float = 60,
        execution_timeout: float | None = None,
        said: Callable[[str], None] | None = None,
        began: Callable[[Client], object] | None = None,
        grace: float = GRACE_SECONDS,
        **ignored: Any,
    ) -> None:
        """Run all cells. began: gets the client before the kernel starts. execution_timeout: seconds per cell.

        grace: seconds from the interrupt of a cell to the end of its kernel.
        """
        client = Client(
            nb_man,
            cell_limit=execution_timeout,
            said=said,
            grace=grace,
            startup_timeout=start_timeout,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
        )
        if began is not None:
            began(client)
        client.execute()


papermill_engines.register(ENGINE, Engine)  # entry points exist only for an installed flowbench
