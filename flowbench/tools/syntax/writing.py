"""Writing: a file gets its new content in one step, keeps its mode, and is never another one than was read."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from flowbench.storage import StorageError, write


def write_over(place: str, root: str, before: bytes, after: bytes) -> str:
    """Why it was not done; '' if it was. root: no link may lead out of it, since the file was found.

    The new content is on the disk, or the old one is still there. Whoever has the file open, or has it under another
    name by a hard link, keeps the old content.
    """
    folder = os.path.realpath(os.path.dirname(place))
    if folder != root and not folder.startswith(os.path.join(root, "")):
        return "a link leads out of the directory that was searched"
    try:
        fd = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(fd, "rb") as file:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode) or file.read(len(before) + 1) != before:
                return "it has changed since it was read"
        if not os.access(place, os.W_OK):
            return os.strerror(errno.EACCES)
        write(Path(place), after, mode=stat.S_IMODE(found.st_mode))
    except OSError as error:
        return "it is a link now" if error.errno == errno.ELOOP else error.strerror or str(error)
    except StorageError as error:
        return error.why
    if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(OSError):  # only who may give files away can
            os.chown(place, found.st_uid, found.st_gid, follow_symlinks=False)
    return ""
