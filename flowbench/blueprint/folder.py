"""Folder: the text of files below one folder, named by relative paths; links are never followed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_STEP = _DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Refused(ValueError):
    """Why a reference is not read, in words."""


class Folder:
    """Files that a Blueprint may refer to. Each is read once, so that all references to it see the same text.

    limit: bytes of all references together, a file that is named twice counted twice.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self._limit = limit
        self._left = limit
        self._texts: dict[str, str] = {}

    def text(self, reference: str) -> str:
        """The UTF-8 text of a regular file, to the byte. Raises: Refused.

        Source: mlua-swarm 0.2.1 loader, for the first two refusals.
        """
        if reference.startswith("/"):
            raise Refused("absolute path not allowed (must be relative to Blueprint dir)")
        steps = [step for step in reference.split("/") if step != "."]
        if ".." in steps:
            raise Refused("'..' parent-dir escape not allowed")
        if "\0" in reference or not all(steps):  # an empty step: "", "a//b", "a/"
            raise Refused("this is no path of a file")
        if not steps:
            raise Refused("this is a folder, no file")
        key = "/".join(steps)
        if key not in self._texts:
            self._texts[key] = _decoded(self._content(steps))
        self._left -= len(self._texts[key].encode())
        if self._left < 0:
            raise self._too_much()
        return self._texts[key]

    def _content(self, steps: list[str]) -> bytes:
        try:
            with _opened(os.open(self.path, _DIRECTORY)) as base, _walked(base, steps[:-1]) as holder:
                return self._file(holder, steps[-1])
        except (OSError, UnicodeEncodeError) as error:
            raise Refused(_words(error)) from error

    def _file(self, holder: int, name: str) -> bytes:
        # Looked at before it is opened, since opening a device can already do something, and again afterwards.
        _check(os.stat(name, dir_fd=holder, follow_symlinks=False).st_mode)
        with _opened(os.open(name, _FILE, dir_fd=holder)) as file:
            found = os.fstat(file)
            _check(found.st_mode)
            if found.st_size > self._left:
                raise self._too_much()
            parts: list[bytes] = []
            room = self._left + 1
            while room > 0 and (part := os.read(file, min(room, 2**20))):
                parts.append(part)
                room -= len(part)
            return b"".join(parts)

    def _too_much(self) -> Refused:
        return Refused(f"the files that a Blueprint refers to are larger than {self._limit / 2**20:g} MiB together")


@contextmanager
def _opened(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _walked(base: int, steps: list[str]) -> Iterator[int]:
    """The folder below `base`, opened step by step, so that nobody can put a link in the way meanwhile."""
    here = base
    try:
        for step in steps:
            if stat.S_ISLNK(os.stat(step, dir_fd=here, follow_symlinks=False).st_mode):
                raise Refused(f'"{step}" is a link; links are not followed')
            before, here = here, os.open(step, _STEP, dir_fd=here)
            if before != base:
                os.close(before)
        yield here
    finally:
        if here != base:
            os.close(here)


def _check(mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise Refused("this is a link; links are not followed")
    if not stat.S_ISREG(mode):  # a pipe would wait for ever, a device would never end
        raise Refused("this is no regular file")


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(f"not UTF-8 text: byte 0x{content[error.start]:02x} in line {line}") from None


def _words(error: OSError | UnicodeEncodeError) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "this is no path of a file"
    if error.errno == errno.ELOOP:
        return "this is a link; links are not followed"
    return error.strerror or str(error)
