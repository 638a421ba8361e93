"""Locks: a file is one task's until it gives it back, its time is over, or the process that holds it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowbench.project import InvalidId, Project, ProjectError
from flowbench.project.locks import TTL_SECONDS


class Clock:
    """Unix seconds that a test sets."""

    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def project(tmp_path: Path, clock: Clock) -> Iterator[Project]:
    made, _ = Project.init(tmp_path, clock=clock)
    yield made
    made.close()


def test_a_file_is_locked_once_and_the_others_are_named(project: Project) -> None:
    mine = project.locks.lock("fn-1.1", ["a.py", "./b.py"])
    theirs, in_the_way = project.locks.lock("fn-1.2", ["b.py", "c.py"])

    assert mine == (["a.py", "b.py"], [])
    assert theirs == ["c.py"]
    assert [(lock.file, lock.task) for lock in in_the_way] == [("b.py", "fn-1.1")]
    assert [lock.file for lock in project.locks.held()] == ["a.py", "b.py", "c.py"]
    assert project.locks.held("./a.py")[0].task == "fn-1.1"


def test_locks_are_given_back_by_their_owner(project: Project) -> None:
    locks = project.locks
    locks.lock("fn-1.1", ["a.py", "b.py"])
    locks.lock("fn-1.2", ["c.py"])

    assert locks.unlock("fn-1.2", ["a.py"]) == []
    assert locks.unlock("fn-1.1", ["a.py"]) == ["a.py"]
    assert locks.unlock("fn-1.1") == ["b.py"]
    assert locks.clear() == 1
    assert locks.held() == []


def test_a_lock_ends_with_its_time_unless_it_is_renewed(project: Project, clock: Clock) -> None:
    project.locks.lock("fn-1.1", ["a.py"])
    project.locks.lock("fn-1.2", ["b.py"])
    project.locks.lock("fn-1.3", ["c.py"], ttl=None)
    clock.now += TTL_SECONDS - 1
    renewed = project.locks.extend("fn-1.2")
    clock.now += 2

    assert renewed == 1
    assert [lock.file for lock in project.locks.held()] == ["b.py", "c.py"]
    assert project.locks.lock("fn-1.9", ["a.py", "b.py"])[0] == ["a.py"]


def test_a_lock_ends_with_the_process_that_holds_it(project: Project) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        project.locks.lock("fn-1.1", ["a.py"], pid=child.pid)
        project.locks.lock("fn-1.1", ["b.py"], pid=os.getpid())
        while_it_lives = [lock.file for lock in project.locks.held()]
        assert child.stdin is not None
        child.stdin.close()
        child.wait()

    assert while_it_lives == ["a.py", "b.py"]
    assert [lock.file for lock in project.locks.held()] == ["b.py"]


def test_on_trial_nothing_is_locked(project: Project) -> None:
    project.locks.lock("fn-1.1", ["a.py"])

    mine, others = project.locks.lock("fn-1.2", ["a.py", "b.py"], dry_run=True)

    assert (mine, [lock.task for lock in others]) == (["b.py"], ["fn-1.1"])
    assert project.locks.unlock("fn-1.1", dry_run=True) == ["a.py"]
    assert project.locks.clear(dry_run=True) == 1
    assert [lock.file for lock in project.locks.held()] == ["a.py"]


def test_no_files_and_no_task_are_refused(project: Project) -> None:
    with pytest.raises(ProjectError, match="No files specified"):
        project.locks.lock("fn-1.1", ["", " "])
    with pytest.raises(InvalidId):
        project.locks.lock("fn-1", ["a.py"])


def test_taking_refusing_and_giving_back_are_told_in_the_log(project: Project) -> None:
    project.locks.lock("fn-1.1", ["a.py", "b.py"])
    project.locks.lock("fn-1.2", ["b.py", "c.py"])
    project.locks.unlock("fn-1.1")
    project.locks.unlock("fn-1.1")
    project.locks.clear()

    assert [(event.type, event.task, event.payload) for event in project.events()] == [
        ("files_locked", "fn-1.1", {"files": ["a.py", "b.py"]}),
        ("files_locked", "fn-1.2", {"files": ["c.py"]}),
        ("lock_conflict", "fn-1.2", {"file": "b.py", "held_by": "fn-1.1"}),
        ("files_unlocked", "fn-1.1", {"files": ["a.py", "b.py"]}),
        ("locks_cleared", None, {"count": 1}),
    ]


def test_who_only_asks_makes_no_state(project: Project) -> None:
    assert project.locks.held() == []
    assert project.locks.unlock("fn-1.1") == []
    assert not project.state.path.exists()
