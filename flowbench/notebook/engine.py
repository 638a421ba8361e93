"""Engine: papermill's side of a headless notebook: its execution manager around our client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from papermill.engines import NBClientEngine

from flowbench.notebook.client import GRACE_SECONDS, Client


class ManagedEngine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """Runs on this Python, whatever kernel the notebook asks for."""

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
