"""Attendant: a notebook is there to be asked; a run whose question nobody would see gets a panel of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from flowbench.notebook.place import is_headless, kernel_of
from flowbench.runtime import Run, Terminal


class Attendant:
    """Implements runtime.Attendant for one shell. begin: shows a run in the cell that is running."""

    def __init__(self, shell: Any, begin: Callable[[Run], object]) -> None:
        self._is_kernel = kernel_of(shell) is not None
        self._begin = begin
        self._terminal = Terminal()
        self._lock = threading.Lock()
        self._shown: WeakSet[Run] = WeakSet()
        self._expected = 0
        self._waiting: list[Run] = []

    def is_there(self) -> bool:
        """A person could answer in a form, or at the terminal of a shell without a kernel."""
        return not is_headless() if self._is_kernel else self._terminal.is_there()

    def show(self, run: Run) -> None:
        """A question waits in the run."""
        if not self._is_kernel:
            self._terminal.show(run)
            return
        with self._lock:
            if self._expected:  # the magic that launches it is about to show it
                self._waiting.append(run)
                return
        self._ensure(run)

    @contextmanager
    def launching(self) -> Iterator[Callable[[Run], None]]:
        """Around a launch by somebody who shows the run; gives what to call with it. Others are shown afterwards."""
        with self._lock:
            self._expected += 1
        try:
            yield self._shown.add
        finally:
            with self._lock:
                self._expected -= 1
                waiting, self._waiting = ([], self._waiting) if self._expected else (self._waiting, [])
            for run in waiting:
                self._ensure(run)

    def _ensure(self, run: Run) -> None:
        with self._lock:
            if run in self._shown:
                return
            self._shown.add(run)
        # Not on the engine's thread, which called: a display waits for the kernel's sockets.
        threading.Thread(target=self._begin, args=(run,), name=f"flowbench-ask-{run.id}", daemon=True).start()
