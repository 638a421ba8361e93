"""Tagged: find and end every process that bears a word in its environment, and all that is below it."""

from __future__ import annotations

import os
import sys
import time

from flowbench.process import keeper
from flowbench.process.errors import Survivors

RUN = "FLOWBENCH_RUN"  # the run's id, in the environment of each of its children
CHILD = "FLOWBENCH_CHILD"  # which child of it: one word for the whole tree

LIMIT_SECONDS = 5.0  # until what was killed has to be gone
PAUSE = 0.005  # seconds
LOOKS = 10  # at an environment that is empty


def kill_tagged(tag: str) -> int:
    """End all processes of a run, whoever started them; how many there were. Blocks for milliseconds, 5 s at most.

    On Linux that is what bears the tag and all that is below it. Elsewhere children that hide their environment, as
    programs of the system do on macOS, are found below others only. This process and those above it are left alone.
    Raises: Survivors.
    """
    return kill_bearing(RUN, tag)


def kill_trees(roots: set[int]) -> int:
    """Kill these processes and all below them, however fast they multiply; how many there were. Does not wait.

    This process and those above it are left alone.
    """
    return len(keeper.end(roots, _above(os.getpid())))


def kill_bearing(variable: str, word: str) -> int:
    """End what has `variable=word` in its environment. Raises: Survivors."""
    if not word:
        raise ValueError("an empty tag would be borne by everybody")
    spared = _above(os.getpid())
    ended: set[int] = set()
    until = time.monotonic() + LIMIT_SECONDS
    while found := bearing(variable, word) - spared:
        # The tree below the bearers is stopped before the first one dies: afterwards nobody could tell whose it was.
        ended |= keeper.end(found, spared)
        if time.monotonic() > until:
            raise Survivors(sorted(found))
        time.sleep(PAUSE)
    while left := ended & _living():
        if time.monotonic() > until:
            raise Survivors(sorted(left))
        time.sleep(PAUSE)
    return len(ended)


def bearing(variable: str, word: str) -> set[int]:
    """Processes of this user that were started with `variable=word` and have not ended."""
    if sys.platform != "linux":
        return _told(variable, word)
    line = f"{variable}={word}".encode()
    found: set[int] = set()
    unsure = [name for name in os.listdir("/proc") if name.isdigit()]
    for _ in range(LOOKS):
        unsure = [pid for pid in unsure if _looked(pid, line, found) is None]
        if not unsure:
            break
        time.sleep(PAUSE)
    return found & _living()


def _looked(pid: str, line: bytes, found: set[int]) -> bool | None:
    """Whether it bears the line; it is added to `found` then. None: for an instant, while a program takes the place of
    another, the system shows no environment, and whoever is not seen then would get away."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            text = file.read()
        if not text:
            os.readlink(f"/proc/{pid}/exe")  # threads of the system, and what has ended, have none
            return None
    except OSError:  # it has ended, or belongs to somebody else
        return False
    if line in text.split(b"\0"):
        found.add(int(pid))
        return True
    return False


def _above(pid: int) -> set[int]:
    """This process and those that have started it."""
    parents = {child: parent for parent, children in keeper.processes().items() for child in children}
    found = {pid}
    while (pid := parents.get(pid, 0)) > 0:
        found.add(pid)
    return found


def _living() -> set[int]:
    return {child for children in keeper.processes().values() for child in children}


def _told(variable: str, word: str) -> set[int]:
    import psutil

    found = set()
    for each in psutil.process_iter():
        try:
            if each.environ().get(variable) == word:
                found.add(each.pid)
        except psutil.Error:
            continue
    return found
