"""Client: execute cells one by one, stop in two stages, and tell honestly how each cell ended.

The first stage interrupts the kernel, so that a run in the cell is aborted and its outputs are kept. If the cell does
not end within the grace, the second kills the kernel. Both are asked for by a signal to this process or by a limit of
time. Of a limit the kernel knows beforehand: it aborts its runs a little earlier, with reason Timeout.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell
from papermill.clientwrap import PapermillNotebookClient

from flowbench.blueprint import NOTEBOOK_PATH
from flowbench.notebook.deadline import CELL, LIMIT, NOTEBOOK, Deadline, Limits
from flowbench.notebook.errors import CellFailed, KernelDied, NotebookError, NotebookStopped
from flowbench.notebook.handover import handed_over
from flowbench.notebook.hearing import signals
from flowbench.notebook.kernels import environment, manager
from flowbench.notebook.meeting import Host
from flowbench.notebook.record import facts_of, run_facts
from flowbench.notebook.sheet import Sheet
from flowbench.notebook.truth import left_behind

GRACE_SECONDS = 10.0  # an interrupted cell may abort its run, wait for its children and print; more than that is stuck
ALWAYS = {"parameters", "injected-parameters", "always"}  # tags of cells that `tags` does not leave out
SETTLE = "__import__('flowbench.notebook.unattended', fromlist=['settle']).settle({reason!r}, {by!r})"
IDLE_SECONDS = 2.0  # between two messages of a kernel that has answered its last request
TRIES = 20  # to reach a kernel that still drops requests because a cell has failed


class Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
    """One notebook on one kernel of our own.

    kernel: None for this Python, else the name of an installed kernel. said: called with one line for people as each
    cell starts. tags: only cells with one of these run; skip_tags: cells with one of these do not.
    trust: hashes of Blueprints whose commands may run. answers: a policy for questions to people, a file or JSON.
    ended_by: why cells after the present one must not run, None while nothing is wrong. executed: code cells that
    have begun. cell: index of the present one. is_over: nothing will run any more.
    """

    def __init__(
        self,
        sheet: Sheet,
        limits: Limits,
        *,
        kernel: str | None = None,
        said: Callable[[str], None] | None = None,
        grace: float = GRACE_SECONDS,
        tags: Collection[str] = (),
        skip_tags: Collection[str] = (),
        trust: Collection[str] = (),
        answers: str = "",
        **traits: Any,
    ) -> None:
        super().__init__(sheet, **traits)
        self.limits = limits
        self.ended_by: NotebookError | None = None
        self.executed = 0
        self.handed: tuple[Any] | None = None
        self.cell: int | None = None
        self.is_over = False
        self.sheet = sheet
        self._kernel = kernel
        self._said = said or (lambda line: None)
        self._grace = grace
        self._tags, self._skip_tags, self._trust = set(tags), set(skip_tags), tuple(trust)
        self._answers = answers
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._reply: dict[str, Any] = {}
        self._deadline: Deadline | None = None
        self._is_dead = False
        self._folder: TemporaryDirectory[str] | None = None
        self.on_cell_execute = self._cell_begins
        self.on_cell_executed = self._cell_ends

    def create_kernel_manager(self) -> Host:
        """What nbclient asks for."""
        self.km, self._folder = manager(self._kernel, self.config)
        return self.km

    async def async_start_new_kernel(self, **kwargs: Any) -> None:
        """What nbclient calls next."""
        assert self._folder is not None
        env = environment(self._ledger(), self.sheet.secrets, self._trust, self._answers) | self._notebook()
        await super().async_start_new_kernel(env=env, **kwargs)

    start_new_kernel = run_sync(async_start_new_kernel)

    async def async_wait_for_reply(self, msg_id: str, cell: NotebookNode | None = None) -> dict[str, Any] | None:
        """What papermill calls last, to ask for the language.

        Until the kernel is idle: jupyter_client interrupts a kernel before it asks it to end, and one that is not yet
        through with a request complains of that on stderr.
        """
        reply: dict[str, Any] | None = await super().async_wait_for_reply(msg_id, cell)
        with suppress(Empty):
            while reply is not None and not self._is_idle_after(
                msg_id, await self.kc.get_iopub_msg(timeout=IDLE_SECONDS)
            ):
                pass
        return reply

    wait_for_reply = run_sync(async_wait_for_reply)

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: Any) -> Any:
        """Each output of a cell passes here, those too that `clear_output` takes away again."""
        self.handed = handed_over(msg) or self.handed
        return super().output(outs, msg, display_id, cell_index)

    @staticmethod
    def _is_idle_after(msg_id: str, message: dict[str, Any]) -> bool:
        told = message["content"].get("execution_state"), message["parent_header"].get("msg_id")
        return told == ("idle", msg_id)

    def _notebook(self) -> dict[str, str]:
        """Which notebook the kernel runs, for records that say where a function was defined."""
        path = self.nb.metadata.get("papermill", {}).get("input_path")
        return {NOTEBOOK_PATH: os.path.abspath(path)} if path else {}

    def _ledger(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / "runs.jsonl"

    @property
    def kernel_pid(self) -> int | None:
        """None while there is none."""
        process = self._process()
        return None if process is None else process.pid

    def execute(self, **kwargs: Any) -> NotebookNode:
        """Run all cells, or up to the one that fails; `ended_by` then says why. The kernel is gone afterwards.

        Runs' facts and widget states are in the metadata in any case.
        """
        try:
            with signals(self._on_signal):
                super().execute(**kwargs)
        except DeadKernelError:
            self.ended_by = self.ended_by or KernelDied(self.cell, self._exit_status())
        except RuntimeError:  # so nbclient says that a kernel did not start
            if self.executed:
                raise
            self.ended_by = self.ended_by or self.limits.over(None) or KernelDied(None, self._exit_status())
        finally:
            self.set_widgets_metadata()
            if self._folder is not None:
                self._folder.cleanup()
        executed: NotebookNode = self.nb
        return executed

    def papermill_execute_cells(self) -> None:
        """The cells in order; afterwards no run of the kernel goes on."""
        try:
            for index, cell in enumerate(self.nb.cells):
                self.ended_by = self.ended_by or self.limits.over(self.cell)
                if self.ended_by is not None:
                    break
                if self._is_left_out(cell):
                    self.sheet.cell_skipped(cell)
                    continue
                self._execute(cell, index)
        finally:
            self._settle()
        if self._is_dead:
            raise DeadKernelError("Kernel died")  # nbclient would ask it for its language, and wait

    def _execute(self, cell: NotebookNode, index: int) -> None:
        if cell.cell_type == "code":
            self.cell = index
            self._say(cell, index)
        self.sheet.cell_start(cell, index)
        try:
            self.execute_cell(cell, index)
        except CellExecutionError as error:
            self.sheet.cell_exception(cell, cell_index=index)
            self.ended_by = self.ended_by or self._why(cell, index, error)
        except DeadKernelError:
            self._is_dead = True
            self.ended_by = self.ended_by or KernelDied(index, self._exit_status())
            self._mark_failed(cell, index)
        finally:
            self._cell_is_over()
            self.sheet.cell_complete(cell, cell_index=index)

    def _why(self, cell: NotebookNode, index: int, error: CellExecutionError) -> NotebookError:
        """Which error it is that a cell ended with. A run that a limit has aborted is the limit's doing."""
        if error.ename != "RunCancelled":
            return CellFailed(index, error.ename, error.evalue)
        if (late := self._late(cell)) is not None:
            return late
        is_late = any(facts.get("reason") == "Timeout" for facts in facts_of(cell))
        return CellFailed(index, error.ename, error.evalue, is_late=is_late)

    def _late(self, cell: NotebookNode) -> NotebookError | None:
        """The limit that aborted a run of this cell, if one did."""
        by_limit = any(facts.get("by") in (CELL, NOTEBOOK) for facts in facts_of(cell))
        return None if self._deadline is None or not by_limit else self._deadline.late

    def _settle(self) -> None:
        """Let runs that go on in the background come to their end, or abort them if the notebook ends early."""
        if self.cell is None or self._is_dead or not self._has_launched():
            return
        reason = {"timeout": "timeout", "stopped": "signal"}.get(self.ended_by.outcome, "user") if self.ended_by else ""
        by = "" if self.ended_by is None else self.ended_by.code.replace("_", " ")
        last = self.nb.cells[self.cell]
        scratch = new_code_cell(SETTLE.format(reason=reason, by=by))  # type: ignore[no-untyped-call]
        executed = self.executed
        try:
            for _ in range(TRIES):
                self.execute_cell(scratch, self.cell)
                if self._reply.get("status") != "aborted":
                    break
            self.ended_by = self.ended_by or self._late(scratch)
        except CellExecutionError as error:  # a limit has interrupted it, or this kernel knows nothing of flowbench
            if self.ended_by is None and error.ename != "ModuleNotFoundError":
                self.ended_by = CellFailed(self.cell, error.ename, error.evalue)
        except DeadKernelError:
            self._is_dead = True
            self.ended_by = self.ended_by or KernelDied(self.cell, self._exit_status())
        finally:
            self._cell_is_over()
            self.executed = executed
            self.nb.cells[self.cell] = last
            last.outputs += [output for output in scratch.outputs if output.output_type == "display_data"]

    def _has_launched(self) -> bool:
        """Whether a run was launched at all: by the ledger, or by what the cells show if that cannot be written."""
        return self._ledger().exists() or bool(run_facts(self.nb))

    def _is_left_out(self, cell: NotebookNode) -> bool:
        tags = set(cell.metadata.get("tags", ()))
        if cell.cell_type != "code" or (tags & ALWAYS and not tags & self._skip_tags):
            return False
        return bool(tags & self._skip_tags) or bool(self._tags and not tags & self._tags)

    def _say(self, cell: NotebookNode, index: int) -> None:
        first = next((line for line in cell.source.splitlines() if line.strip()), "")
        if first:
            self._said(f"[{index + 1}/{len(self.nb.cells)}] {first[:100]}")

    # -- while a cell runs

    def _cell_begins(self, cell: NotebookNode, cell_index: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.executed += 1
        self._deadline = deadline = self.limits.begin(cell_index)
        # The request itself carries the limit, so that it is the cell's own and the kernel knows it from the start.
        known = {} if deadline is None else {LIMIT: {"until": deadline.until, "by": deadline.by}}
        if self.kc is not None:
            self.kc.session.metadata = known
        if self.ended_by is not None:  # stopped between the look in the loop and here; or the runs are to settle now
            self._timers.append(self._loop.call_later(self._grace, self._do, self._kill))
            if cell is self.nb.cells[cell_index]:
                self._do(self._interrupt)
        elif deadline is not None:
            self._timers.append(self._loop.call_later(deadline.seconds, self._stop, deadline.late))

    def _cell_ends(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        self._reply = execute_reply["content"]

    def _cell_is_over(self) -> None:
        self._loop = None
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if isinstance(self.ended_by, NotebookStopped):  # asked twice: no more patience
            if not self._kill_now():
                raise KeyboardInterrupt
            return
        stopped = NotebookStopped(signum, cell=self.cell)
        if self._loop is None:
            self.ended_by = self.ended_by or stopped
        else:
            self._loop.call_soon_threadsafe(self._stop, stopped)

    def _stop(self, why: NotebookError) -> None:
        self.ended_by = self.ended_by or why
        self._do(self._interrupt)
        self._timers.append(asyncio.get_running_loop().call_later(self._grace, self._do, self._kill))

    def _do(self, act: Callable[[], Any]) -> None:
        task = asyncio.get_running_loop().create_task(act())
        self._tasks.add(task)  # the loop keeps only weak references
        task.add_done_callback(self._tasks.discard)

    async def _interrupt(self) -> None:
        if self.km is not None and await self.km.is_alive():
            await self.km.interrupt_kernel()

    async def _kill(self) -> None:
        if self.km is not None and await self.km.is_alive():
            await self.km.signal_kernel(signal.SIGKILL)

    def _kill_now(self) -> bool:
        """From a signal handler: False if there is nothing to kill."""
        process = self._process()
        if process is None or process.poll() is not None:
            return False
        os.killpg(process.pid, signal.SIGKILL)  # jupyter_client starts kernels in a session of their own
        return True

    def _process(self) -> Any:
        return getattr(getattr(self.km, "provisioner", None), "process", None)

    def _exit_status(self) -> int | None:
        process = self._process()
        return None if process is None else process.poll()

    def _mark_failed(self, cell: NotebookNode, index: int) -> None:
        why = self.ended_by
        text = f"{type(why).__name__}: {why}"
        error = {"output_type": "error", "ename": type(why).__name__, "evalue": str(why), "traceback": [text]}
        known = {facts["id"] for facts in run_facts(self.nb)}
        cell.outputs += [from_dict(output) for output in left_behind(self._ledger(), known)]  # type: ignore[no-untyped-call]
        cell.outputs.append(from_dict(error))  # type: ignore[no-untyped-call]
        self.sheet.cell_exception(cell, cell_index=index)
