"""Ps: processes by id and birth, their trees, and what is never touched."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken
from flowbench.tools import Process, ProcessStatus, aio
from tests.process.trees import WAIT, linux, until

Popen = subprocess.Popen


class Nest:
    """Children of a test, which all end with it."""

    def __init__(self) -> None:
        self.all: list[Popen[str]] = []

    def __call__(self, *argv: str, session: bool = True) -> tuple[Popen[str], Process]:
        """Start it, and return when it has said that it is up."""
        made = Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=session)
        self.all.append(made)
        assert made.stdout is not None
        assert made.stdout.readline() == "up\n"
        found = Process.from_pid(made.pid)
        assert found is not None
        return made, found


@pytest.fixture
def nest() -> Iterator[Nest]:
    nest = Nest()
    yield nest
    for each in nest.all:
        if each.poll() is None:
            os.killpg(each.pid, 9) if os.getpgid(each.pid) == each.pid else each.kill()
        each.wait()
        for pipe in (each.stdin, each.stdout):
            assert pipe is not None
            pipe.close()


def sh(script: str) -> tuple[str, str, str]:
    return ("sh", "-c", script)


def test_what_is_told_of_a_process(nest: Nest) -> None:
    made, found = nest(*sh("sleep 600 & echo up; wait"))

    assert found.pid == made.pid
    assert found.ppid == os.getpid()
    assert found.args() == ["sh", "-c", "sleep 600 & echo up; wait"]
    assert found.group_id() == made.pid
    assert found.status() is ProcessStatus.RUNNING
    until(lambda: [child.args() for child in found.children()] == [["sleep", "600"]])
    assert found == Process.from_pid(made.pid)
    assert repr(found) == f"<Process {made.pid}, running>"


def test_what_has_ended_is_not_there(nest: Nest) -> None:
    made, found = nest(*sh("echo up; read x"))
    made.stdin.close()  # type: ignore[union-attr]
    until(lambda: found.status() is ProcessStatus.EXITED)

    assert Process.from_pid(made.pid) is None  # though nobody has waited for it yet
    made.wait()
    assert (found.ppid, found.args(), found.children(), found.group_id()) == (None, [], [], None)
    assert found.kill_tree() == 0
    assert found.terminate() is True
    assert found.wait_for_exit() is True


@pytest.mark.parametrize("pid", [-1, 0x7FFFFFFF, 1 << 70])
def test_no_such_process_is_none(pid: int) -> None:
    assert Process.from_pid(pid) is None


def test_by_the_path_of_its_program(nest: Nest) -> None:
    _, found = nest(sys.executable, "-S", "-c", "print('up', flush=True); import time; time.sleep(600)")

    assert found in Process.from_path(sys.executable)
    assert Process.from_path("/no/such/program") == []


def test_an_id_that_was_given_to_another_process_is_never_touched(nest: Nest) -> None:
    made, found = nest(*sh(f"echo up; {WAIT}"))
    earlier = Process(made.pid, found.born - 1.0)  # one that had this id before

    assert earlier.status() is ProcessStatus.EXITED
    assert (earlier.ppid, earlier.args(), earlier.children(), earlier.group_id()) == (None, [], [], None)
    assert earlier.kill_tree() == 0
    assert earlier.kill_tree(signal.SIGTERM) == 0
    assert earlier.terminate(group=True) is True
    assert earlier.wait_for_exit() is True
    assert earlier != found
    assert made.poll() is None


@linux
def test_kill_tree_reaches_the_group_and_all_below_it(nest: Nest) -> None:
    script = f"setsid sh -c '{WAIT}' & (trap '' TERM; {WAIT}) & (sleep 600 &) ; echo up; {WAIT}"
    made, found = nest(*sh(script))
    until(lambda: len(found.children()) >= 2)
    below = found._reached(group=True)

    count = found.kill_tree()

    assert count >= 4
    until(lambda: {each.status() for each in below} == {ProcessStatus.EXITED})
    assert made.wait() == -9


def test_kill_tree_sends_any_signal_the_leaves_first(nest: Nest) -> None:
    made, found = nest(*sh("trap 'echo got; exit 3' USR1; echo up; while :; do sleep 0.01; done"))

    assert found.kill_tree(signal.SIGUSR1) >= 1

    assert made.stdout is not None
    assert made.stdout.readline() == "got\n"


def test_terminate_asks_and_then_kills(nest: Nest) -> None:
    willing, one = nest(*sh(f"trap 'exit 3' TERM; echo up; {WAIT}"))
    stubborn, other = nest(*sh(f"trap '' TERM; sh -c 'trap \"\" TERM; {WAIT}' & echo up; {WAIT}"))

    assert one.terminate() is True
    assert other.terminate(graceful_ms=60) is True

    assert willing.wait() == 3
    assert stubborn.wait() == -9
    assert other.children() == []


def test_terminate_may_kill_at_once_and_may_not_wait(nest: Nest) -> None:
    made, found = nest(*sh(f"trap '' TERM; echo up; {WAIT}"))

    found.terminate(graceful_ms=-1, timeout_ms=0)

    assert made.wait() == -9


@linux
def test_terminate_of_a_group_reaches_what_has_lost_its_parent(nest: Nest) -> None:
    made, found = nest(*sh(f"(sh -c '{WAIT}' &) ; echo up; {WAIT}"))
    until(lambda: len(found._members(made.pid)) >= 2)
    members = found._members(made.pid)

    assert found.terminate(group=True) is True

    assert {each.status() for each in members} == {ProcessStatus.EXITED}


def test_a_group_that_is_our_own_is_not_signalled(nest: Nest) -> None:
    made, found = nest(*sh(f"echo up; {WAIT}"), session=False)

    assert found.group_id() == os.getpgid(0)
    assert found.terminate(group=True) is True
    assert made.wait() == -15


def test_a_wait_has_an_end(nest: Nest) -> None:
    made, found = nest(*sh("echo up; read x"))

    assert found.wait_for_exit(timeout_ms=30) is False
    assert found.wait_for_exit(timeout_ms=0) is False
    made.kill()
    assert found.wait_for_exit() is True


def test_an_abort_ends_a_wait_in_its_own_words(nest: Nest) -> None:
    _, found = nest(*sh(f"trap '' TERM; echo up; {WAIT}"))

    for wait in (found.wait_for_exit, found.terminate):
        token = CancelToken()
        threading.Timer(0.02, token.abort, (AbortReason.SIGNAL, "test")).start()
        with pytest.raises(Aborted, match=r"^Aborted: Signal$"):
            wait(token=token)
    assert found.status() is ProcessStatus.RUNNING


def test_waits_can_be_awaited(nest: Nest) -> None:
    made, found = nest(*sh(f"echo up; {WAIT}"))

    async def case() -> list[bool]:
        same = aio.Process.from_pid(made.pid)
        assert same is not None
        assert same == found
        waiting = asyncio.ensure_future(same.wait_for_exit())
        return [await same.wait_for_exit(timeout_ms=1), await same.terminate(), await waiting]

    assert asyncio.run(case()) == [False, True, True]
