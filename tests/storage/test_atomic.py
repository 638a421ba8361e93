"""Atomic writes: whatever call fails and whenever the power goes, the file is the old one or the new one."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowbench.cancel import Aborted, AbortReason, Cause
from flowbench.storage import StorageError, write
from flowbench.storage.atomic import Files

OLD = b"old" * 30
NEW = b"new" * 50


class Faulty(Files):
    """The real calls, recorded; the one named `at` raises `error` instead of acting."""

    def __init__(self, at: str = "", error: BaseException | None = None) -> None:
        self.at = at
        self.error = error or OSError(errno.EIO, "made up")
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.at:
            raise self.error

    def open_folder(self, path: Path) -> int:
        self._call("open_folder")
        return super().open_folder(path)

    def create(self, path: Path, mode: int = 0o600) -> int:
        self._call("create")
        return super().create(path, mode)

    def allow(self, fd: int, mode: int) -> None:
        self._call("allow")
        super().allow(fd, mode)

    def write(self, fd: int, data: memoryview) -> int:
        self._call("write")
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        self._call("sync")
        super().sync(fd)

    def sync_folder(self, fd: int) -> None:
        self._call("sync_folder")
        super().sync_folder(fd)

    def close(self, fd: int) -> None:
        super().close(fd)  # the system closes the file also when it reports an error
        self._call("close")

    def replace(self, source: Path, target: Path) -> None:
        self._call("replace")
        super().replace(source, target)


ORDER = ["open_folder", "create", "allow", "write", "sync", "close", "replace", "sync_folder", "close"]


def test_data_is_on_disk_before_the_name_and_the_name_before_the_return(tmp_path: Path) -> None:
    files = Faulty()

    write(tmp_path / "a", NEW, files=files)

    assert files.calls == ORDER
    assert (tmp_path / "a").read_bytes() == NEW


@pytest.mark.parametrize("call", ["open_folder", "create", "allow", "write", "sync", "close", "replace"])
@pytest.mark.parametrize("before", [OLD, None], ids=["over an old file", "new file"])
def test_a_failing_call_leaves_the_old_file_and_no_temporary_one(
    tmp_path: Path, call: str, before: bytes | None
) -> None:
    path = tmp_path / "a"
    if before is not None:
        path.write_bytes(before)

    with pytest.raises(StorageError, match="made up"):
        write(path, NEW, files=Faulty(call))

    assert [f.read_bytes() for f in tmp_path.iterdir()] == ([] if before is None else [OLD])


def test_a_failing_sync_of_the_folder_is_told_and_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(OLD)

    with pytest.raises(StorageError):
        write(path, NEW, files=Faulty("sync_folder"))

    assert [f.read_bytes() for f in tmp_path.iterdir()] == [NEW]


def test_a_full_disk_is_said_in_the_words_of_the_system(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StorageError) as caught:
        write(tmp_path / "a", NEW, files=Faulty("write", full))

    assert str(caught.value) == f"{tmp_path / 'a'}: No space left on device"
    assert caught.value.__cause__ is full


@pytest.mark.parametrize("call", ["create", "write", "sync", "replace"])
def test_an_abort_in_the_middle_leaves_the_old_file_and_no_temporary_one(tmp_path: Path, call: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(OLD)

    with pytest.raises(Aborted):
        write(path, NEW, files=Faulty(call, Aborted(Cause(AbortReason.USER, "test"))))

    assert [f.read_bytes() for f in tmp_path.iterdir()] == [OLD]


@pytest.mark.parametrize("call", ORDER)
def test_no_failure_keeps_a_file_open(tmp_path: Path, call: str) -> None:
    before = len(os.listdir("/proc/self/fd"))

    with pytest.raises(StorageError):
        write(tmp_path / "a", NEW, files=Faulty(call))

    assert len(os.listdir("/proc/self/fd")) == before


def test_short_writes_are_completed(tmp_path: Path) -> None:
    class Slow(Files):
        def write(self, fd: int, data: memoryview) -> int:
            return super().write(fd, data[:7])

    write(tmp_path / "a", NEW, files=Slow())

    assert (tmp_path / "a").read_bytes() == NEW


def test_a_file_system_that_cannot_sync_folders_is_no_failure(tmp_path: Path) -> None:
    with open(os.devnull) as nothing:  # fsync of it says EINVAL
        Files().sync_folder(nothing.fileno())

    write(tmp_path / "a", NEW)

    assert (tmp_path / "a").read_bytes() == NEW


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777], ids=oct)
@pytest.mark.parametrize("mode", [0o600, 0o644], ids=oct)
def test_the_mode_is_exact_whatever_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    previous = os.umask(mask)
    try:
        write(tmp_path / "a", NEW, mode=mode)
    finally:
        os.umask(previous)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(OLD)
    (tmp_path / "a").symlink_to(victim)

    write(tmp_path / "a", NEW)

    assert victim.read_bytes() == OLD
    assert not (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("where", ["missing/a", "folder"])
def test_a_place_that_cannot_hold_the_file_is_named(tmp_path: Path, where: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(StorageError) as caught:
        write(tmp_path / where, NEW)

    assert caught.value.path == tmp_path / where
    assert [f.name for f in tmp_path.iterdir()] == ["folder"]


# Power cuts: a model of what a POSIX file system may leave, fed with the calls that `write` really makes.


class Recorded(Files):
    """No disk: the operations that change one, in order. Inode 0 is the old file `f`."""

    def __init__(self) -> None:
        self.operations: list[tuple[str, object]] = []

    def open_folder(self, path: Path) -> int:
        return 7

    def create(self, path: Path, mode: int = 0o600) -> int:
        self.operations.append(("link", path.name))
        return 8

    def allow(self, fd: int, mode: int) -> None:
        return

    def write(self, fd: int, data: memoryview) -> int:
        some = bytes(data[: len(data) // 2 + 1])
        self.operations.append(("data", some))
        return len(some)

    def sync(self, fd: int) -> None:
        self.operations.append(("sync", None))

    def sync_folder(self, fd: int) -> None:
        self.operations.append(("sync_folder", None))

    def close(self, fd: int) -> None:
        return

    def replace(self, source: Path, target: Path) -> None:
        self.operations.append(("rename", (source.name, target.name)))


def _after_power_cut(operations: list[tuple[str, object]]) -> Iterator[bytes | None]:
    """Every content of `f` that a disk may hold: names and data that were not synced may be there, or partly."""
    pending_names: list[tuple[str, object]] = []
    synced_names: list[tuple[str, object]] = []
    written, synced = b"", False
    for name, what in operations:
        if name in ("link", "rename"):
            pending_names.append((name, what))
        elif name == "data":
            assert isinstance(what, bytes)
            written += what
        elif name == "sync":
            synced = True
        else:
            synced_names += pending_names
            pending_names = []
    contents = {written} if synced else {written[:n] for n in range(len(written) + 1)} | {b"\0" * len(written)}
    for kept in range(len(pending_names) + 1):
        inodes = {"f": 0}
        for name, what in synced_names + pending_names[:kept]:
            if name == "link":
                assert isinstance(what, str)
                inodes[what] = 1
            else:
                assert isinstance(what, tuple)
                inodes[what[1]] = inodes.pop(what[0])
        yield from [OLD] if inodes["f"] == 0 else contents


def _operations() -> list[tuple[str, object]]:
    files = Recorded()
    write(Path("/nowhere/f"), NEW, files=files)
    return files.operations


def test_no_power_cut_leaves_a_torn_file() -> None:
    operations = _operations()

    left = {c for cut in range(len(operations) + 1) for c in _after_power_cut(operations[:cut])}

    assert left == {OLD, NEW}


def test_what_was_acknowledged_survives_a_power_cut() -> None:
    assert set(_after_power_cut(_operations())) == {NEW}


@pytest.mark.parametrize(
    ("left_out", "found"), [("sync", "torn"), ("sync_folder", "lost")], ids=["without sync", "without folder sync"]
)
def test_the_model_of_power_cuts_finds_a_missing_sync(left_out: str, found: str) -> None:
    operations = [o for o in _operations() if o[0] != left_out]

    left = set(_after_power_cut(operations))

    assert (left - {OLD, NEW} != set()) == (found == "torn")
    assert (OLD in left) == (found == "lost")


WRITER = """
import sys, itertools
from pathlib import Path
from flowbench.storage import write
path = Path(sys.argv[1])
for number in itertools.count():
    write(path, (f"{number:08d}\\n" * 5000).encode())
    if number == 0:
        print("ready", flush=True)
"""


def test_a_killed_writer_never_leaves_a_torn_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    chance = random.Random(20)

    for _ in range(20):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(chance.random() * 0.02)
            writer.send_signal(signal.SIGKILL)
        lines = path.read_bytes().split(b"\n")
        assert len(lines) == 5001
        assert len(set(lines[:-1])) == 1


def test_a_reader_beside_a_writer_sees_whole_files_only(tmp_path: Path) -> None:
    path = tmp_path / "a"

    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        seen: set[bytes] = set()
        while len(seen) < 20:  # versions; a writer that stops is a test that times out
            seen.add(path.read_bytes())
        writer.kill()

    assert {(len(text), len(set(text.split(b"\n")))) for text in seen} == {(45_000, 2)}
