"""Journal: one append-only file per run, one JSON line per entry, one write() per line.

    {"c":"9f0c12ab","k":"done","at":"3.i4.0",...}\\n

`c` is the CRC-32 of everything after it on the line, seeded with the line before's `c`: a changed, lost, doubled or
reordered line is noticed. Beside the file, `blobs/<sha256>` holds every value over 64 KB.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from flowbench.runtime.entries import AnyEntry, Entry, decode_entry, encode_entry
from flowbench.runtime.errors import JournalDamaged, RunNotFound, RunOwned
from flowbench.storage import private_dir, write

FILE = "journal.jsonl"
BLOBS = "blobs"
BLOB_BYTES = 64 * 1024
LOCK_TRIES, LOCK_PAUSE = 5, 0.01  # seconds
_HEAD = len('{"c":"xxxxxxxx",')


class Journal:
    """Appends entries; holds the file's lock for life (the kernel drops it with the process). A forked child lets go.

    power: every entry survives a power cut, not only the death of the process.
    entries: what was there when it was opened. torn: bytes of an unfinished last line that were cut off.
    Raises: RunOwned; RunNotFound, if it is removed at this moment; JournalDamaged; OSError (disk full: nothing
    half-written stays).
    """

    def __init__(self, folder: Path, *, power: bool = False) -> None:
        self.path, self._power = folder / FILE, power
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            raise _removed(folder) from None
        try:
            _lock(self._fd, folder.name)
            if not _is_there(self._fd, self.path):  # who removes a run holds its lock, and may have been faster
                raise _removed(folder)
            data = _read_all(self._fd)
            self.entries: list[AnyEntry] = []
            self._size = self._crc = 0
            for body, end, crc in _lines(data, self.path):
                self.entries.append(_decode(body, self.path, end))
                self._size, self._crc = end, crc
            self.torn = len(data) - self._size
            if self.torn:
                os.ftruncate(self._fd, self._size)
        except BaseException:
            os.close(self._fd)
            raise
        _open.add(self)

    def append(self, entry: Entry) -> None:
        """Write one entry; it survives kill -9 when this returns."""
        body = encode_entry(entry)[1:]
        crc = zlib.crc32(body, self._crc)
        line = b'{"c":"%08x",%b\n' % (crc, body)
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            raise OSError(error.errno, f"the run cannot be recorded: {os.strerror(error.errno or 0)}") from error
        if written != len(line):  # disk full or file limit: take the stump away, so that the file stays whole
            os.ftruncate(self._fd, self._size)
            raise OSError(errno.ENOSPC, "the run cannot be recorded: no space left for the whole line")
        if self._power:
            os.fdatasync(self._fd)
        self._crc, self._size = crc, self._size + written

    def sync(self) -> None:
        """Bring the file, its folder and the folder's own entry to the disk."""
        os.fsync(self._fd)
        _sync_folder(self.path.parent)
        _sync_folder(self.path.parent.parent)

    def keep_blob(self, text: bytes) -> str:
        """Store a large value under its sha256, on disk before any line names it."""
        name = hashlib.sha256(text).hexdigest()
        folder = self.path.parent / BLOBS
        is_new = not folder.exists()
        private_dir(folder)
        if is_new and self._power:
            _sync_folder(self.path.parent)
        if not (folder / name).exists():
            write(folder / name, text)
        return name

    def close(self) -> None:
        """Give the lock away. Idempotent."""
        if self._fd >= 0:
            fcntl.flock(self._fd, fcntl.LOCK_UN)  # closing alone does not unlock what a forked child still holds
            self._let_go()

    def _let_go(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


_open: weakref.WeakSet[Journal] = weakref.WeakSet()


def _let_go_of_all() -> None:
    """In a forked child: a lock belongs to the open file, which fork shares, and would outlive its owner there."""
    for journal in list(_open):
        journal._let_go()


os.register_at_fork(after_in_child=_let_go_of_all)


def read(folder: Path) -> list[AnyEntry]:
    """All whole entries of a run that anybody may be writing. Raises: JournalDamaged, FileNotFoundError."""
    path = folder / FILE
    return [_decode(body, path, end) for body, end, _ in _lines(path.read_bytes(), path)]


def first(folder: Path) -> AnyEntry | None:
    """The first entry of a run; None where there is none to be read."""
    try:
        with (folder / FILE).open("rb") as file:
            line = file.readline()
        return next((_decode(body, folder / FILE, end) for body, end, _ in _lines(line, folder / FILE)), None)
    except (OSError, JournalDamaged):
        return None


def read_blob(folder: Path, name: str) -> bytes:
    """Raises: JournalDamaged when the blob is missing or is not what its name says."""
    path = folder / BLOBS / name
    try:
        text = path.read_bytes()
    except OSError as error:
        raise JournalDamaged.of_value(path, f"cannot be read: {error.strerror}") from error
    if hashlib.sha256(text).hexdigest() != name:
        raise JournalDamaged.of_value(path, "is not the one that was recorded")
    return text


def is_owned(folder: Path) -> bool:
    """True while a living process writes this run."""
    try:
        fd = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Nobody else can own the run meanwhile; nothing is written. Raises: RunOwned."""
    try:
        fd = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # it never began
        yield
        return
    try:
        _lock(fd, folder.name)
        yield
    finally:
        os.close(fd)


def _lock(fd: int, run_id: str) -> None:
    for _ in range(LOCK_TRIES):  # `is_owned` of somebody else may hold the lock for a moment
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE)
    raise RunOwned(f"run {run_id} still goes on, here or in another process; abort it, or wait until it ends", run_id)


def _is_there(fd: int, path: Path) -> bool:
    """The open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def _removed(folder: Path) -> RunNotFound:
    return RunNotFound(
        f"run {folder.name} has just been removed; `flowbench runs` lists those that are left", folder.name
    )


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _read_all(fd: int) -> bytes:
    parts, at = [], 0
    while part := os.pread(fd, 1 << 24, at):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _lines(data: bytes, path: Path) -> Iterator[tuple[bytes, int, int]]:
    """(line body, end offset, checksum) of each good line; a bad one is a torn tail only if no line follows it."""
    at = crc = 0
    while (end := data.find(b"\n", at)) >= 0:
        body = data[at + _HEAD : end]
        try:
            said = int(data[at + 6 : at + 14], 16)
        except ValueError:
            said = -1
        if said != zlib.crc32(body, crc):
            if b"\n" in data[end + 1 :]:
                raise JournalDamaged(path, at, "the line fails its checksum")
            return
        at, crc = end + 1, said
        yield body, at, said


def _decode(body: bytes, path: Path, end: int) -> AnyEntry:
    try:
        entry: AnyEntry = decode_entry(b"{" + body)
        return entry
    except msgspec.MsgspecError as error:
        raise JournalDamaged(path, end, f"this version does not know such a line: {error}") from error
