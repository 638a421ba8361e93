"""A lock has one holder among threads and processes, and the death of its holder frees it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from flowbench import storage

Take = Callable[[Path, float], AbstractContextManager[bool]]
BOTH = pytest.mark.parametrize("take", [storage.locked, storage.queued], ids=["locked", "queued"])
HOLDER = """
import sys
from pathlib import Path
from flowbench import storage

with storage.locked(Path(sys.argv[1]), 60) as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


@BOTH
def test_a_lock_that_is_held_is_not_ours_until_it_is_given_away(take: Take, tmp_path: Path) -> None:
    path = tmp_path / "lock"

    with take(path, 0) as first, take(path, 0.02) as second:
        assert (first, second) == (True, False)
    with take(path, 0) as third:
        assert third


@BOTH
def test_a_killed_holder_leaves_no_lock_behind(take: Take, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with take(path, 0) as ours:
            assert not ours
        holder.kill()

    with take(path, 60) as ours:
        assert ours


@BOTH
def test_a_link_is_no_lock(take: Take, tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(storage.StorageError), take(tmp_path / "lock", 0):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_who_has_given_up_does_not_keep_the_lock_that_comes_later(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with storage.queued(path, 0) as ours:
        for _ in range(5):
            with storage.queued(path, 0.01) as mine:
                assert (ours, mine) == (True, False)

    with storage.queued(path, 60) as later:
        assert later
    for thread in threading.enumerate():
        if thread.name == "waits for a lock":
            thread.join(60)
    with storage.locked(path, 0) as last:
        assert last


def test_who_waits_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    path, order = tmp_path / "lock", list[int]()

    def write(number: int) -> None:
        with storage.queued(path, 60) as ours:
            assert ours
            order.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    with storage.queued(path, 60):
        for thread in threads:
            thread.start()
        before = list(order)
    for thread in threads:
        thread.join()

    assert before == []
    assert sorted(order) == list(range(8))


def test_without_a_thread_to_wait_in_one_looks_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    path = tmp_path / "lock"
    with storage.locked(path, 0), monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with storage.queued(path, 0.01) as ours:
            assert not ours

    with storage.queued(path, 0) as ours:
        assert ours
