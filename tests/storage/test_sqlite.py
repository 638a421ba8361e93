"""A database waits for other writers, survives kill -9, and says what is wrong with its file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flowbench.storage import Database, StorageError

SCHEMA = "CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, n INTEGER NOT NULL)"

COUNTER = """
import sys
from pathlib import Path
from flowbench.storage import Database
from tests.storage.test_sqlite import SCHEMA, count

database = Database(Path(sys.argv[1]), SCHEMA)
for _ in range(int(sys.argv[2])):
    count(database)
    print("counted", flush=True)
"""


def count(database: Database) -> None:
    """Read, then write: loses an update unless the transaction began as a writer's."""
    with database.write() as rows:
        found = rows.execute("SELECT n FROM counts WHERE name = 'x'").fetchone()
        rows.execute("INSERT OR REPLACE INTO counts VALUES ('x', ?)", ((found[0] if found else 0) + 1,))


def counted(database: Database) -> int:
    return int(database.read("SELECT coalesce(sum(n), 0) FROM counts")[0][0])


def started(path: Path, times: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", COUNTER, str(path), str(times)], stdout=subprocess.PIPE, text=True)


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "counts.db"
    writers = [started(path, 20) for _ in range(3)]

    for writer in writers:
        writer.communicate()

    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert counted(Database(path, SCHEMA)) == 60
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_was_acknowledged_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    path = tmp_path / "counts.db"
    with started(path, 1_000_000) as writer:
        assert writer.stdout is not None
        told = sum(1 for _, line in zip(range(25), writer.stdout, strict=False) if line == "counted\n")
        writer.send_signal(signal.SIGKILL)
        told += len(writer.stdout.read().split())

    database = Database(path, SCHEMA)
    assert told <= counted(database) <= told + 1
    assert database.read("PRAGMA integrity_check") == [("ok",)]
    count(database)


@pytest.mark.parametrize("place", ["memory", "file"])
def test_threads_share_one_database(tmp_path: Path, place: str) -> None:
    database = Database(None if place == "memory" else tmp_path / "counts.db", SCHEMA)
    threads = [threading.Thread(target=lambda: [count(database) for _ in range(25)]) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counted(database) == 100


def test_an_error_undoes_the_transaction(tmp_path: Path) -> None:
    database = Database(tmp_path / "counts.db", SCHEMA)

    def fail() -> None:
        with database.write() as rows:
            rows.execute("INSERT INTO counts VALUES ('x', 1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert counted(database) == 0


def test_a_forked_child_writes_through_a_connection_of_its_own(tmp_path: Path) -> None:
    database = Database(tmp_path / "counts.db", SCHEMA)
    count(database)

    child = os.fork()
    if child == 0:
        count(database)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    count(database)

    assert counted(database) == 3


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "counts.db"
    path.write_bytes(b"no database at all, whatever its name says" * 100)

    with pytest.raises(StorageError, match=r"counts\.db: file is not a database; move it away"):
        Database(path, SCHEMA)


def test_what_is_there_twice_is_left_to_the_store(tmp_path: Path) -> None:
    database = Database(tmp_path / "counts.db", SCHEMA)

    with pytest.raises(sqlite3.IntegrityError), database.write() as rows:
        rows.executemany("INSERT INTO counts VALUES (?, 1)", ["x", "x"])

    assert counted(database) == 0


def test_closing_twice_is_no_error_and_a_closed_one_says_so(tmp_path: Path) -> None:
    database = Database(tmp_path / "counts.db", SCHEMA)

    database.close()
    database.close()

    with pytest.raises(StorageError, match="closed"):
        counted(database)


def test_a_full_disk_is_called_that_and_the_next_write_is_as_before(tmp_path: Path) -> None:
    database = Database(tmp_path / "counts.db", SCHEMA)
    count(database)

    with pytest.raises(StorageError, match="disk is full"):
        _meet_a_full_disk(database)

    count(database)
    assert counted(database) == 2


def _meet_a_full_disk(database: Database) -> None:
    with database.write() as rows:
        rows.execute("ROLLBACK")  # as SQLite does by itself where there is no room
        raise sqlite3.OperationalError("database or disk is full")
