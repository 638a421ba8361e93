"""Artefacts: compiled modules kept on disk, handed back only if nobody else can have written them.

Loading a compiled module runs it as native code, so a file counts only if it and its folder belong to this user, nobody
else may write there, and it has the digest it was stored with. Anything else is as good as no file.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_DIGEST_BYTES = 32  # sha256 of the rest of the file, in front of it
_OTHERS = 0o077


def default_folder() -> Path:
    """$FLOWBENCH_HOME/cache/graph, or the user's cache folder."""
    home = os.environ.get("FLOWBENCH_HOME")
    if home:
        return Path(home).absolute() / "cache" / "graph"
    import platformdirs

    return platformdirs.user_cache_path("flowbench") / "graph"


class Artefacts:
    """A private folder of artefacts by key. Never raises for what it finds there: a cache may always be empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, key: str) -> bytes | None:
        """What `write` kept under this key, or None."""
        try:
            folder = self._open_folder()
        except OSError:
            return None
        try:
            file = os.open(_name(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except OSError:
            return None
        finally:
            os.close(folder)
        with open(file, "rb") as stream:
            facts = os.fstat(file)
            if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & _OTHERS:
                return None
            try:
                content = stream.read()
            except OSError:
                return None
        digest, artefact = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        return artefact if hashlib.sha256(artefact).digest() == digest else None

    def write(self, key: str, artefact: bytes) -> None:
        """Keep it, all or nothing; a folder that cannot be written or trusted is left alone."""
        with suppress(OSError):
            for missing in reversed([path for path in (self._folder, *self._folder.parents) if not path.exists()]):
                missing.mkdir(mode=0o700, exist_ok=True)
            os.close(self._open_folder())
            handle, draft = tempfile.mkstemp(prefix=".draft-", dir=self._folder)  # mode 0600
            try:
                with open(handle, "wb") as stream:
                    stream.write(hashlib.sha256(artefact).digest() + artefact)
                    stream.flush()
                    os.fsync(handle)
                os.replace(draft, self._folder / _name(key))
            except BaseException:
                with suppress(OSError):
                    os.unlink(draft)
                raise

    def _open_folder(self) -> int:
        """A descriptor of the folder: checked once, later opens through it cannot be led elsewhere. Raises: OSError."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        facts = os.fstat(folder)
        if facts.st_uid != os.geteuid() or facts.st_mode & _OTHERS:
            os.close(folder)
            raise PermissionError(f"{self._folder} is open to others")
        return folder


def _name(key: str) -> str:
    return f"{key}.bin"
