"""Ps: a process of this machine, with what is below it: looked at, signalled, waited for; never another of its id."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Self

from flowbench.cancel import CancelToken, bound, profile_region
from flowbench.process import kill_trees

if TYPE_CHECKING:
    import psutil

TERM, KILL = 15, 9
FIRST_PAUSE, PAUSE = 0.002, 0.05  # seconds between two looks; most processes end soon after they were asked


class ProcessStatus(Enum):
    """Whether it still runs. One that has ended and was not yet waited for by its parent has exited."""

    RUNNING = "running"
    EXITED = "exited"


class Process:
    """One process, pinned by its id and the moment of its birth: when the id is given to another process, that one is
    neither shown nor touched.

    Two are equal if they are the same process. Made by `from_pid`, `from_path` and `children`. born: seconds;
    on Linux since the machine was started, so that setting its clock changes nothing.
    Source: pi-natives 18.2, ps.
    """

    def __init__(self, pid: int, born: float) -> None:
        self.pid, self.born = pid, born

    @classmethod
    def from_pid(cls, pid: int) -> Self | None:
        """None if there is no such process, or it has ended."""
        import psutil

        try:
            found = psutil.Process(pid)
            return cls(pid, _born(found)) if found.status() != psutil.STATUS_ZOMBIE else None
        except (psutil.Error, OSError, ValueError, OverflowError):
            return None

    @classmethod
    def from_path(cls, path: str | os.PathLike[str]) -> list[Self]:
        """Those that run this program, by the path of its file. Other users' processes do not show theirs."""
        import psutil

        wanted = os.path.realpath(path)
        found = []
        for each in psutil.process_iter():
            try:
                if each.exe() == wanted:
                    found.append(cls(each.pid, _born(each)))
            except (psutil.Error, OSError):
                continue
        return found

    @property
    def ppid(self) -> int | None:
        """Its parent's id, as of now; None if it has exited."""
        import psutil

        try:
            return None if (found := self._found()) is None else int(found.ppid())
        except psutil.Error:
            return None

    def args(self) -> list[str]:
        """Its program and arguments; nothing if it has exited, or does not show them."""
        import psutil

        try:
            return [] if (found := self._found()) is None else list(found.cmdline())
        except psutil.Error:
            return []

    def children(self) -> list[Self]:
        """Its own ones that have not exited, without theirs."""
        return self._below(recursive=False)

    def group_id(self) -> int | None:
        """None if it has exited, and where there are no process groups."""
        if self._found() is None or not hasattr(os, "getpgid"):
            return None
        try:
            return os.getpgid(self.pid)
        except OSError:
            return None

    def status(self) -> ProcessStatus:
        return ProcessStatus.EXITED if self._found() is None else ProcessStatus.RUNNING

    def kill_tree(self, signal: int = KILL) -> int:
        """Signal its group if it leads one, all that is below it, and itself; how many processes that were.

        What multiplies is stopped before it is killed, so that none gets away. This process is left alone.
        """
        reached = self._reached(group=self.group_id() == self.pid)
        if signal == KILL:
            return kill_trees({each.pid for each in reached if each._found() is not None})
        return sum(each._send(signal) for each in reached)

    def terminate(
        self,
        *,
        group: bool = False,
        graceful_ms: float = 1000,
        timeout_ms: float = 5000,
        token: CancelToken | None = None,
    ) -> bool:
        """Ask it and all below it to end, and kill what has not after `graceful_ms`; True when all are gone, False
        when some are not `timeout_ms` after that. Abort raises Aborted; what was asked to end by then is not called
        back.

        group: its whole process group, too, unless that is this process's own. graceful_ms: less than 0: kill at once.
        Raises: Aborted.
        """
        token = bound(token)
        token.heartbeat()
        with profile_region("process.terminate"):
            if self._found() is None:
                return True
            reached = self._reached(group)
            for each in reached:
                each._send(TERM)
            if graceful_ms >= 0 and _gone(reached, graceful_ms / 1000, token):
                return True
            left = {each for root in (self, *reached) for each in root._reached(group)} | set(reached)
            kill_trees({each.pid for each in left if each._found() is not None})
            return _gone(left, timeout_ms / 1000, token)

    def wait_for_exit(self, *, timeout_ms: float | None = None, token: CancelToken | None = None) -> bool:
        """True when it has exited, False if it has not within `timeout_ms`. Abort raises Aborted.

        Raises: Aborted.
        """
        token = bound(token)
        token.heartbeat()
        with profile_region("process.wait_for_exit"):
            return _gone([self], None if timeout_ms is None else timeout_ms / 1000, token)

    def _found(self) -> psutil.Process | None:
        """It itself; None if it has exited."""
        import psutil

        try:
            found = psutil.Process(self.pid)
            is_same = _born(found) == self.born and found.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            return None
        return found if is_same else None

    def _below(self, *, recursive: bool) -> list[Self]:
        import psutil

        try:
            found = [] if (own := self._found()) is None else own.children(recursive=recursive)
            pinned = [(each.pid, _born(each), each.status()) for each in found if each.is_running()]
        except (psutil.NoSuchProcess, OSError):  # one has ended while we looked
            return self._below(recursive=recursive)
        return [type(self)(pid, born) for pid, born, status in pinned if status != psutil.STATUS_ZOMBIE]

    def _reached(self, group: bool) -> list[Self]:
        """The leaves first, itself last; nothing if it has exited. Never this process."""
        if self._found() is None:
            return []
        reached = [*reversed(self._below(recursive=True)), self]
        if group and (number := self.group_id()) is not None and number != os.getpgid(0):
            reached = [*(each for each in self._members(number) if each not in reached), *reached]
        return [each for each in reached if each.pid != os.getpid()]

    def _members(self, group: int) -> list[Self]:
        found = []
        import psutil

        for pid in psutil.pids():
            try:
                if os.getpgid(pid) == group and (each := self.from_pid(pid)) is not None:
                    found.append(each)
            except OSError:
                continue
        return found

    def _send(self, signal: int) -> bool:
        """False if it has exited, or belongs to somebody else."""
        import psutil

        try:
            if (found := self._found()) is None:
                return False
            found.send_signal(signal)
        except psutil.Error:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Process) and (self.pid, self.born) == (other.pid, other.born)

    def __hash__(self) -> int:
        return hash((self.pid, self.born))

    def __repr__(self) -> str:
        return f"<Process {self.pid}, {self.status().value}>"


def _born(found: psutil.Process) -> float:
    """Raises: OSError, psutil.Error."""
    if not sys.platform.startswith("linux"):
        return float(found.create_time())
    with open(f"/proc/{found.pid}/stat", "rb") as file:
        text = file.read()
    return int(text[text.rindex(b")") + 2 :].split()[19]) / os.sysconf("SC_CLK_TCK")


def _gone(processes: Iterable[Process], seconds: float | None, token: CancelToken) -> bool:
    """Wait until all have exited, at most so long. Raises: Aborted."""
    until = None if seconds is None else time.monotonic() + seconds
    left, pause = list(processes), FIRST_PAUSE
    while left := [each for each in left if each.status() is ProcessStatus.RUNNING]:
        now = time.monotonic()
        if until is not None and now >= until:
            return False
        token.wait_blocking(pause if until is None else min(pause, until - now))
        token.heartbeat()
        pause = min(pause * 2, PAUSE)
    return True
