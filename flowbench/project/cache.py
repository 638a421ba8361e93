"""Cache: what was read from each file of a project, in `cache.db`, which may be deleted or damaged at any moment."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

FORMAT = 1  # of the rows; another number begins anew
WAIT_SECONDS = 2.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS roots(id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS files(
  root INTEGER NOT NULL, name TEXT NOT NULL, mtime INTEGER NOT NULL, size INTEGER NOT NULL, inode INTEGER NOT NULL,
  digest BLOB NOT NULL, record BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY(root, name)) WITHOUT ROWID;
"""


class Row(NamedTuple):
    """name: relative to the flow dir. digest: of the file's bytes if it was young when it was read, else b"".

    record: what was read, encoded.
    """

    name: str
    mtime: int
    size: int
    inode: int
    digest: bytes
    record: bytes


class Cache:
    """path: of the database. flow: whose rows; worktrees share the file. Never raises: without a cache all is read."""

    def __init__(self, path: Path, flow: Path) -> None:
        self.path, self.flow = path, str(flow)

    def rows(self) -> dict[str, Row]:
        """{name: row}; {} if there is no cache, or none that can be used."""
        if not self.path.is_file():
            return {}
        try:
            connection = self._open()
            try:
                return self._read(connection)
            finally:
                connection.close()
        except sqlite3.Error:
            self.drop()
            return {}

    def keep(self, rows: Iterable[Row], gone: Iterable[str] = ()) -> None:
        """Put rows in, take names out."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = self._open()
        except (OSError, sqlite3.Error):
            return
        try:
            connection.execute("BEGIN IMMEDIATE")
            root = self._root(connection)
            connection.executemany("DELETE FROM files WHERE root=? AND name=?", [(root, name) for name in gone])
            connection.executemany(
                "INSERT OR REPLACE INTO files VALUES(?,?,?,?,?,?,?,?)", [(root, *row, _sum(row)) for row in rows]
            )
            connection.execute("COMMIT")
        except sqlite3.OperationalError:  # somebody else is writing, or the disk is full: the next reader does it
            pass
        except sqlite3.Error:
            self.drop()
        finally:
            connection.close()

    def drop(self) -> None:
        """Remove the file, for all worktrees."""
        for name in (self.path.name, f"{self.path.name}-journal"):
            with suppress(OSError):
                self.path.with_name(name).unlink()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=NORMAL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version != FORMAT:
                connection.execute("DROP TABLE IF EXISTS files")
                connection.execute("DROP TABLE IF EXISTS roots")
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={FORMAT}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _read(self, connection: sqlite3.Connection) -> dict[str, Row]:
        sql = "SELECT name, mtime, size, inode, digest, record, sum FROM files JOIN roots ON root=id WHERE path=?"
        found = {}
        for name, mtime, size, inode, digest, record, sum in connection.execute(sql, (self.flow,)):
            if zlib.crc32(record, mtime & 0xFFFFFFFF ^ size ^ inode & 0xFFFFFFFF) == sum:  # else damaged: read again
                found[name] = Row(name, mtime, size, inode, digest, record)
        return found

    def _root(self, connection: sqlite3.Connection) -> int:
        found = connection.execute("SELECT id FROM roots WHERE path=?", (self.flow,)).fetchone()
        if found:
            return int(found[0])
        for id, path in connection.execute("SELECT id, path FROM roots").fetchall():
            if not os.path.isdir(path):  # a worktree that is no more
                connection.execute("DELETE FROM files WHERE root=?", (id,))
                connection.execute("DELETE FROM roots WHERE id=?", (id,))
        return int(connection.execute("INSERT INTO roots(path) VALUES(?)", (self.flow,)).lastrowid or 0)


def _sum(row: Row) -> int:
    return zlib.crc32(row.record, row.mtime & 0xFFFFFFFF ^ row.size ^ row.inode & 0xFFFFFFFF)
