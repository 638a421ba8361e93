"""Atomic: a file is its old content or its new content, also after a crash or a power cut."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from flowbench.storage.errors import StorageError


class Files:
    """The calls that `write` makes, so that a test can record them or let one fail."""

    def open_folder(self, path: Path) -> int:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def create(self, path: Path, mode: int = 0o600) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)

    def allow(self, fd: int, mode: int) -> None:
        os.fchmod(fd, mode)

    def write(self, fd: int, data: memoryview) -> int:
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        os.fsync(fd)

    def sync_folder(self, fd: int) -> None:
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a file system that cannot sync folders orders renames by itself
                raise

    def close(self, fd: int) -> None:
        os.close(fd)

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def remove(self, path: Path) -> None:
        os.unlink(path)


REAL = Files()


def write(path: Path, data: bytes, *, mode: int = 0o600, files: Files = REAL) -> None:
    """Put `data` at `path`; on return it survives a power cut. A link at `path` is replaced, not followed.

    mode: exact, whatever the umask. On failure the old file is untouched, except that a failure of the very last step
    (sync of the folder) leaves the new one, whole, without the promise that it survives a power cut.
    Raises: StorageError.
    """
    try:
        folder = files.open_folder(path.parent)
        try:
            _write_beside(path, data, mode, files)
            files.sync_folder(folder)
        finally:
            files.close(folder)
    except OSError as error:
        raise StorageError.of(path, error) from error


def stage(path: Path, data: bytes, mode: int | None, files: Files = REAL) -> None:
    """A new file, whole and synced, or none. mode: exact; None: as the umask has it for files that others may read.

    Raises: OSError.
    """
    fd = files.create(path) if mode is not None else files.create(path, 0o666)
    try:
        try:
            if mode is not None:
                files.allow(fd, mode)
            left = memoryview(data)
            while left:
                left = left[files.write(fd, left) :]
            files.sync(fd)
        finally:
            files.close(fd)
    except BaseException:  # an abort or Ctrl-C in the middle leaves no file either
        with suppress(OSError):
            files.remove(path)
        raise


def _write_beside(path: Path, data: bytes, mode: int, files: Files) -> None:
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    stage(temporary, data, mode, files)
    try:
        files.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            files.remove(temporary)
        raise
