"""Files: reading what lies in a project's folder, where anything may lie: links, pipes, huge files, other encodings."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from flowbench.project.errors import DocumentError
from flowbench.project.front_matter import LARGEST

_CHUNK = 1 << 20


class Sign(NamedTuple):
    """By what a change of a file is noticed. Times in nanoseconds."""

    mtime: int
    size: int
    inode: int


def sign_of(found: os.stat_result) -> Sign:
    return Sign(found.st_mtime_ns, found.st_size, found.st_ino)


def sign(path: Path) -> Sign | None:
    """None: nothing is there. Links are not followed."""
    try:
        return sign_of(path.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def read(path: Path, largest: int = LARGEST) -> tuple[bytes, Sign]:
    """Bytes and sign of a regular file. Raises: FileNotFoundError; DocumentError, for whatever else is there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        why = "is a link; a file of the project cannot be one" if path.is_symlink() else error.strerror or str(error)
        raise DocumentError(path, why) from None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise DocumentError(path, "is no regular file")
        if found.st_size > largest:
            raise DocumentError(path, f"too large: {found.st_size:,} bytes (at most {largest:,})")
        data = os.read(fd, found.st_size + 1)
        while len(data) < found.st_size and len(data) <= largest:
            more = os.read(fd, _CHUNK)
            if not more:
                break
            data += more
        return data, sign_of(found)
    except OSError as error:
        raise DocumentError(path, error.strerror or str(error)) from None
    finally:
        os.close(fd)


def scan(folder: Path, endings: tuple[str, ...] = (".md", ".json")) -> dict[str, Sign]:
    """{file name: sign} of a folder's visible files; {} if there is no folder. Raises: DocumentError."""
    found = {}
    if folder.is_symlink():
        raise DocumentError(folder, "is a link; a folder of the project cannot be one")
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(endings) and name[0] != ".":
                    told = entry.stat(follow_symlinks=False)
                    found[name] = Sign(told.st_mtime_ns, told.st_size, told.st_ino)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DocumentError(folder, error.strerror or str(error)) from None
    return found


def names(folder: Path) -> list[str]:
    """All file names of a folder, in no order; [] if there is none."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
