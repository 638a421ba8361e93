"""Engine: papermill's side of a headless notebook: its sheet, its limits and our client around one another."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from nbclient.exceptions import DeadKernelError
from papermill.engines import NBClientEngine
from papermill.exceptions import PapermillExecutionError
from papermill.execute import raise_for_execution_errors
from papermill.log import logger

from flowbench.notebook.client import Client
from flowbench.notebook.deadline import Limits
from flowbench.notebook.errors import KernelDied
from flowbench.notebook.pulse import Pulse
from flowbench.notebook.redact import redacted
from flowbench.notebook.sheet import Sheet
from flowbench.notebook.truth import now_true


class ManagedEngine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """Runs on this Python, whatever kernel the notebook asks for."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, output_path: str | None = None, **options: Any) -> Any:
        """Execute all cells and return the notebook, as papermill's engines do; see `carry_out` for the options.

        Under papermill's own command, which would end with 1 whatever happened, the process exits with the code of
        what happened (124, 130, 138, 143) after the notebook was saved.
        """
        options = {key: value for key, value in options.items() if key in _OPTIONS}
        client = carry_out(nb, output_path, **options)
        why = client.ended_by
        if why is None:
            return client.nb
        if _is_papermills_command() and output_path is not None and why.exit_code != 1:
            with suppress(PapermillExecutionError):
                raise_for_execution_errors(client.nb, output_path)  # adds its banners to the saved notebook
            logger.error(str(why))
            raise SystemExit(why.exit_code)
        if isinstance(why, KernelDied):
            raise _DeadKernel(why.cell, why.status)
        if not any(output.output_type == "error" for cell in client.nb.cells for output in cell.get("outputs", ())):
            raise why  # papermill finds nothing in the notebook to raise
        return client.nb


class _DeadKernel(KernelDied, DeadKernelError):
    """What callers of papermill and of nbclient catch."""


def carry_out(
    nb: Any,
    output_path: str | None,
    *,
    progress_bar: bool | dict[str, Any] = False,
    log_output: bool = False,
    autosave_cell_every: int = 30,
    stdout_file: Any = None,
    stderr_file: Any = None,
    start_timeout: float = 60,
    execution_timeout: float | None = None,
    timeout: float | None = None,
    heartbeat: Path | None = None,
    secrets: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    **how: Any,
) -> Client:
    """Execute a prepared notebook; the client knows how that ended. It is saved as it goes and in any case at the end.

    execution_timeout: seconds per cell. timeout: seconds for the whole. heartbeat: file that says each second how far
    it is. secrets: {name: value}, kept out of what is saved. how: options of Client. start_timeout: seconds.
    Raises: StorageError, OSError for places that cannot be written to, before anything runs.
    """
    limits = Limits(execution_timeout, timeout, time.monotonic())
    sheet = Sheet(
        nb,
        secrets=secrets,
        output_path=output_path,
        progress_bar=progress_bar,
        log_output=log_output,
        autosave_cell_every=autosave_cell_every,
    )
    left = limits.left()
    client = Client(
        sheet,
        limits,
        startup_timeout=math.ceil(start_timeout if left is None else max(min(start_timeout, left), 1)),
        log_output=log_output,
        stdout_file=stdout_file,
        stderr_file=stderr_file,
        **how,
    )
    sheet.facts = lambda: _summary(client)
    sheet.notebook_start()
    try:
        with _pulse(heartbeat, client):
            try:
                client.execute(**({} if cwd is None else {"cwd": str(cwd)}))
            finally:
                client.is_over = True  # the heartbeat's last word says so
    finally:
        client.is_over = True
        now_true(nb)
        if client.ended_by is not None and secrets:
            client.ended_by.args = (redacted(str(client.ended_by), secrets),)
        sheet.notebook_complete()
    return client


_OPTIONS = frozenset(carry_out.__kwdefaults__ or ()) | {"grace", "said", "tags", "skip_tags", "trust", "answers"}


def _summary(client: Client) -> dict[str, Any]:
    """{"state": running | done | failed | timeout | stopped | died, "cells": code cells begun, "error": str | None},
    and "output": the value that was handed over, if one was."""
    why = client.ended_by
    state = why.outcome if why is not None else "done" if client.is_over else "running"
    return {
        "state": state,
        "cells": client.executed,
        "seconds": round(time.monotonic() - client.limits.since, 3),
        "error": None if why is None else str(why),
        **({} if client.handed is None else {"output": client.handed[0]}),
    }


@contextmanager
def _pulse(path: Path | None, client: Client) -> Iterator[None]:
    def look() -> dict[str, Any]:
        cell = None if client.cell is None else client.cell + 1
        return {**_summary(client), "cell": cell, "of": len(client.nb.cells), "kernel": client.kernel_pid}

    beating: Any = nullcontext() if path is None else Pulse(path, look)
    with beating:
        yield


def _is_papermills_command() -> bool:
    """This process is `papermill IN OUT`, not a program that calls papermill."""
    import click

    context = click.get_current_context(silent=True)
    command = getattr(sys.modules.get("papermill.cli"), "papermill", None)
    return context is not None and command is not None and context.find_root().command is command
