"""A lock has one holder among threads and processes, and the death of its holder frees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flowbench import storage

HOLDER = """
import sys
from pathlib import Path
from flowbench import storage

with storage.locked(Path(sys.argv[1]), 60) as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


def test_a_lock_that_is_held_is_not_ours_until_it_is_given_away(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    with storage.locked(path, 0) as first, storage.locked(path, 0.02) as second:
        assert (first, second) == (True, False)
    with storage.locked(path, 0) as third:
        assert third


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with storage.locked(path, 0) as ours:
            assert not ours
        holder.kill()

    with storage.locked(path, 60) as ours:
        assert ours


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(storage.StorageError), storage.locked(tmp_path / "lock", 0):
        pass
    assert not (tmp_path / "elsewhere").exists()
