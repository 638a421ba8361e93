"""The journal: what is appended is there, what is damaged is told."""

from __future__ import annotations

import fcntl
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from flowbench.runtime import JournalDamaged, RunNotFound, RunOwned, entries, journal


def begun(text: str = "x") -> entries.Begun:
    return entries.Begun("r-1", 1.0, {"id": text}, {"x": 1}, 7)


def done(n: int) -> entries.Done:
    return entries.Done(str(n), "inc", n, 1.0, 0.5, msgspec.Raw(b'{"v":%d}' % n))


def filled(folder: Path, count: int = 30) -> bytes:
    log = journal.Journal(folder)
    log.append(begun())
    for n in range(count):
        log.append(done(n))
    log.close()
    return (folder / journal.FILE).read_bytes()


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    filled(tmp_path, 2)

    lines = journal.read(tmp_path)

    assert lines[0] == begun()
    assert [type(line).__name__ for line in lines] == ["Begun", "Done", "Done"]
    assert isinstance(lines[2], entries.Done)
    assert bytes(lines[2].out) == b'{"v":1}'


def test_every_line_is_plain_json_and_private(tmp_path: Path) -> None:
    data = filled(tmp_path, 3)

    kinds = [msgspec.json.decode(line)["k"] for line in data.splitlines()]

    assert kinds == ["run", "done", "done", "done"]
    assert (tmp_path / journal.FILE).stat().st_mode & 0o777 == 0o600


def test_a_second_owner_is_refused_and_the_first_is_seen(tmp_path: Path) -> None:
    log = journal.Journal(tmp_path)

    with pytest.raises(RunOwned, match="another process"):
        journal.Journal(tmp_path)
    assert journal.is_owned(tmp_path)
    log.close()

    assert not journal.is_owned(tmp_path)
    journal.Journal(tmp_path).close()


def test_the_death_of_the_owner_frees_the_run(tmp_path: Path) -> None:
    code = "import sys,os,signal; from pathlib import Path; from flowbench.runtime import journal\n"
    code += "journal.Journal(Path(sys.argv[1])); print('here', flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, timeout=30, check=False)

    assert not journal.is_owned(tmp_path)
    journal.Journal(tmp_path).close()


@pytest.mark.parametrize("cut", [1, 5, 20, 60])
def test_an_unfinished_last_line_is_cut_off_and_told(tmp_path: Path, cut: int) -> None:
    data = filled(tmp_path, 3)
    (tmp_path / journal.FILE).write_bytes(data[:-cut])

    log = journal.Journal(tmp_path)
    log.append(done(9))
    log.close()

    last = data.splitlines(keepends=True)[-1]
    assert log.torn == len(last) - cut
    assert [type(line).__name__ for line in journal.read(tmp_path)] == ["Begun", "Done", "Done", "Done"]


def test_every_damage_is_a_shorter_true_prefix_or_is_told(tmp_path: Path) -> None:
    good = filled(tmp_path)
    whole = journal.read(tmp_path)
    rng, told = random.Random(1), 0

    for _ in range(3000):
        (tmp_path / journal.FILE).write_bytes(_damage(good, rng))
        try:
            lines = journal.read(tmp_path)
        except JournalDamaged:
            told += 1
            continue
        assert lines == whole[: len(lines)]

    assert told > 1000


def _damage(good: bytes, rng: random.Random) -> bytes:
    data = bytearray(good)
    at = rng.randrange(len(data))
    match rng.randrange(4):
        case 0:
            data[at] ^= 1 << rng.randrange(8)
        case 1:
            del data[at:]
        case 2:
            data[at : at + 64] = bytes(len(data[at : at + 64]))
        case 3:
            rows = good.splitlines(keepends=True)
            row = rng.randrange(len(rows))
            rows[row : row + 1] = rng.choice([[], [rows[row]] * 2])
            return b"".join(rows)
    return bytes(data)


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    size = (tmp_path / journal.FILE).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = journal.Journal(tmp_path)

    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        with pytest.raises(OSError, match="cannot be recorded"):
            log.append(done(4))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert (tmp_path / journal.FILE).stat().st_size == size
    log.append(done(4))
    log.close()
    assert len(journal.read(tmp_path)) == 5


def test_a_large_value_lies_in_a_blob_that_is_checked(tmp_path: Path) -> None:
    log = journal.Journal(tmp_path)
    text = b'"' + b"x" * 100_000 + b'"'

    name = log.keep_blob(text)
    again = log.keep_blob(text)
    log.close()

    assert name == again
    assert journal.read_blob(tmp_path, name) == text
    blob = tmp_path / journal.BLOBS / name
    assert blob.stat().st_mode & 0o777 == 0o600
    os.truncate(blob, 10)
    with pytest.raises(JournalDamaged, match="not the one that was recorded"):
        journal.read_blob(tmp_path, name)
    blob.unlink()
    with pytest.raises(JournalDamaged, match=f"^a large value of run {tmp_path.name} cannot be read") as met:
        journal.read_blob(tmp_path, name)
    assert met.value.run_id == tmp_path.name


def test_a_line_of_a_later_version_is_told_not_skipped(tmp_path: Path) -> None:
    log = journal.Journal(tmp_path)
    log.append(begun())

    class Later(entries.Entry, tag="later"):
        t: float

    log.append(Later(1.0))
    log.close()

    with pytest.raises(JournalDamaged, match="this version does not know"):
        journal.read(tmp_path)


def test_a_journal_without_a_whole_first_line_says_what_can_be_done(tmp_path: Path) -> None:
    whole = filled(tmp_path, 2)
    (tmp_path / journal.FILE).write_bytes(b"x" * 40 + whole[40:])

    with pytest.raises(JournalDamaged) as met:
        journal.read(tmp_path)

    said = str(met.value)
    assert said.startswith(f"run {tmp_path.name} cannot be read, because its record is damaged from the beginning: ")
    assert said.endswith(f"or remove the run: flowbench runs rm {tmp_path.name}")
    assert "byte 0" not in said


@pytest.mark.parametrize("is_new", [False, True], ids=["gone", "another in its place"])
def test_who_was_about_to_own_a_run_that_is_removed_is_told_and_writes_nothing(
    tmp_path: Path, is_new: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "r-1"
    folder.mkdir()
    filled(folder, 1)
    lock = fcntl.flock

    def removed(fd: int, how: int) -> None:  # by somebody who had the lock until this moment
        if folder.exists() and not (tmp_path / "gone").exists():
            folder.rename(tmp_path / "gone")
            if is_new:
                folder.mkdir()
                (folder / journal.FILE).touch()
        lock(fd, how)

    monkeypatch.setattr(fcntl, "flock", removed)

    with pytest.raises(RunNotFound, match="run r-1 has just been removed"):
        journal.Journal(folder)

    assert len(journal.read(tmp_path / "gone")) == 2


def test_a_run_whose_folder_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(RunNotFound, match="has just been removed"):
        journal.Journal(tmp_path / "r-1")
