"""Client: execute cells one by one, stop in two stages, and tell honestly how each cell ended.

The first stage interrupts the kernel, so that a run in the cell is aborted and its outputs are kept. If the cell does
not end within the grace, the second kills the kernel. Both are asked for by a signal to this process or by the limit
of a cell.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode, from_dict
from papermill.clientwrap import PapermillNotebookClient

from flowbench.notebook.errors import CellTimedOut, KernelDied, NotebookError, NotebookStopped
from flowbench.notebook.kernels import NAME, ThisPython
from flowbench.notebook.record import run_facts

GRACE_SECONDS = 10.0  # an interrupted cell may abort its run, wait for its children and print; more than that is stuck
LONGEST_SOCKET = 90  # bytes; the system allows about 104 with the number that is appended
STOPPING = (signal.SIGINT, signal.SIGTERM)


class Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
    """One notebook on one kernel of our own.

    cell_limit: seconds one cell may run, None for no limit. said: called with one line for people as each cell starts.
    ended_by: why cells after the present one must not run, None while nothing is wrong.
    """

    def __init__(
        self,
        managed: Any,
        *,
        cell_limit: float | None = None,
        said: Callable[[str], None] | None = None,
        grace: float = GRACE_SECONDS,
        **traits: Any,
    ) -> None:
        super().__init__(managed, **traits)
        self.cell_limit = cell_limit
        self.ended_by: NotebookError | None = None
        self._said = said or (lambda line: None)
        self._grace = grace
        self._cell: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_cell_execute = self._cell_begins

    def create_kernel_manager(self) -> Any:
        """A manager of this Python's kernel; its connection file lies in a private folder of its own."""
        self._folder = tempfile.TemporaryDirectory(prefix="flowbench-")
        self.km = AsyncKernelManager(
            kernel_name=NAME,
            kernel_spec_manager=ThisPython(),
            connection_file=f"{self._folder.name}/kernel.json",
            config=self.config,
        )
        socket = f"{self._folder.name}/s"
        if os.name == "posix" and len(socket) < LONGEST_SOCKET:
            self.km.transport, self.km.ip = "ipc", socket  # sockets in the private folder: no port open to others
        return self.km

    def execute(self, **kwargs: Any) -> NotebookNode:
        """Run all cells, or up to the one that fails. Runs' facts and widget states are in the metadata in any case.

        Raises: KernelDied, NotebookStopped, CellTimedOut where no cell could say what happened.
        """
        try:
            with _signals(self._on_signal):
                super().execute(**kwargs)
                executed: NotebookNode = self.nb
                return executed
        finally:
            self.set_widgets_metadata()
            self.nb.metadata["flowbench"] = {"runs": run_facts(self.nb)}
            self._folder.cleanup()

    def execute_cell(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> NotebookNode:
        """One cell. Raises: as `execute`; CellExecutionError for an error in the cell."""
        if self.ended_by is not None:
            raise self.ended_by
        self._cell = cell_index
        self._say(cell, cell_index)
        try:
            super().execute_cell(cell, cell_index, **kwargs)
            return cell
        except DeadKernelError as died:
            self.ended_by = self.ended_by or KernelDied(cell_index, self._exit_status())
            self._mark_failed(cell, cell_index)
            raise self.ended_by from died
        finally:
            self._loop = None
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()

    def _say(self, cell: NotebookNode, index: int) -> None:
        first = next((line for line in cell.source.splitlines() if line.strip()), "")
        if cell.cell_type == "code" and first:
            self._said(f"[{index + 1}/{len(self.nb.cells)}] {first[:100]}")

    def _cell_begins(self, cell: NotebookNode, cell_index: int) -> None:
        self._loop = asyncio.get_running_loop()
        if self.ended_by is not None:  # a signal came between the look in execute_cell and here
            self._stop(self.ended_by)
        elif self.cell_limit is not None:
            late = CellTimedOut(cell_index, self.cell_limit)
            self._timers.append(self._loop.call_later(self.cell_limit, self._stop, late))

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if self.ended_by is not None:  # asked twice: give up at once; the kernel is shut down on the way out
            raise KeyboardInterrupt
        stopped = NotebookStopped(signum, cell=self._cell)
        if self._loop is None:
            self.ended_by = stopped
        else:
            self._loop.call_soon_threadsafe(self._stop, stopped)

    def _stop(self, why: NotebookError) -> None:
        self.ended_by = self.ended_by or why
        loop = asyncio.get_running_loop()
        self._do(self._interrupt)
        self._timers.append(loop.call_later(self._grace, self._do, self._kill))

    def _do(self, act: Callable[[], Any]) -> None:
        task = asyncio.get_running_loop().create_task(act())
        self._tasks.add(task)  # the loop keeps only weak references
        task.add_done_callback(self._tasks.discard)

    async def _interrupt(self) -> None:
        if await self.km.is_alive():
            await self.km.interrupt_kernel()

    async def _kill(self) -> None:
        if await self.km.is_alive():
            await self.km.signal_kernel(signal.SIGKILL)

    def _exit_status(self) -> int | None:
        process = getattr(getattr(self.km, "provisioner", None), "process", None)
        return None if process is None else process.poll()

    def _mark_failed(self, cell: NotebookNode, index: int) -> None:
        why = self.ended_by
        text = f"{type(why).__name__}: {why}"
        error = {"output_type": "error", "ename": type(why).__name__, "evalue": str(why), "traceback": [text]}
        cell.outputs.append(from_dict(error))  # type: ignore[no-untyped-call]
        self.nb_man.cell_exception(cell, cell_index=index)


@contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle the stopping signals meanwhile; only the main thread can, elsewhere this does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # An ignored SIGINT (a job that a shell started with `&`) is handled too: who asks for it wants it.
    before = {number: signal.signal(number, handler) for number in STOPPING}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old if old is not None else signal.SIG_DFL)
