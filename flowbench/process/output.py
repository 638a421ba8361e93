"""Output: what a child writes to one stream; a bounded part in memory, the whole in a private file."""

from __future__ import annotations

import atexit
import codecs
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from flowbench.storage import StorageError, private_dir

KEEP = 1 << 20  # bytes of a stream in memory; of a longer one its first and last half of that
SPILL = 256 << 20  # bytes of a stream on disk; what follows is dropped, and the child goes on
LONGEST_LINE = 1 << 16  # characters; a longer one is told in parts

_temporary: list[Path] = []


class Output:
    """Bytes as they come. size: of all of them. file: where all of them are, once there are more than KEEP.

    run: folder of the run, in whose folder `output` the file goes; without one, in a private folder that lives as long
    as this process. name: of the file. hide: takes out of a text what must not be written down. What cannot be written
    to disk is kept in memory as far as it goes; `lost` says so.
    """

    def __init__(self, run: Path | None, name: str, hide: Callable[[str], str] | None = None) -> None:
        self.size = 0
        self.file: Path | None = None
        self.lost = ""
        self._run, self._name = run, name
        self._hidden = None if hide is None else Lines(lambda text: self._write(hide(text).encode()), hide)
        self._head = bytearray()
        self._tail = bytearray()
        self._fd = -1
        self._is_closed = False

    def take(self, chunk: bytes) -> None:
        if self._is_closed:
            return
        self.size += len(chunk)
        if self.size <= KEEP:
            self._head += chunk
            return
        if not self._tail:
            self._spill(bytes(self._head))
            self._tail += self._head[KEEP // 2 :]
            del self._head[KEEP // 2 :]
        self._spill(chunk)
        self._tail += chunk
        if len(self._tail) > KEEP:
            del self._tail[: -KEEP // 2]

    def close(self) -> None:
        """Take no more."""
        self._is_closed = True
        if self._hidden is not None and self._fd >= 0:
            self._hidden.end()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def is_whole(self) -> bool:
        """All of it is in memory."""
        return self.size <= KEEP

    def text(self) -> str:
        """What is in memory, UTF-8; of a long output the beginning and the end, and in between what is left out."""
        if self.is_whole:
            return self._head.decode("utf-8", "replace")
        head, tail = self._ends()
        left_out = self.size - len(head) - len(tail)
        where = f"all of it in {self.file}" if self.file is not None and not self.lost else self.lost
        gap = f"\n... {left_out} bytes left out; {where} ...\n"
        return head.decode("utf-8", "replace") + gap + tail.decode("utf-8", "replace")

    def _ends(self) -> tuple[bytes, bytes]:
        """Half of KEEP from each end. From the file where there are secrets: half of one nobody would find."""
        if self._hidden is None or self.file is None:
            return bytes(self._head), bytes(self._tail[-KEEP // 2 :])
        with self.file.open("rb") as file:
            head = file.read(KEEP // 2)
            file.seek(max(file.seek(0, os.SEEK_END) - KEEP // 2, len(head)))
            return head, file.read()

    def whole(self, limit: int) -> bytes | None:
        """Every byte; None if there are more than `limit`, or some are lost."""
        if self.is_whole:
            return bytes(self._head)
        if self.file is None or self.lost or self.size > limit:
            return None
        return self.file.read_bytes()

    def _spill(self, chunk: bytes) -> None:
        if self._hidden is None:
            self._write(chunk)
        else:
            self._open()
            self._hidden.take(chunk)

    def _write(self, chunk: bytes) -> None:
        if self.size > SPILL and not self.lost:
            self.lost = f"only the first {SPILL >> 20} MiB were kept, in {self.file}"
        self._open()
        try:
            left = memoryview(b"" if self.lost else chunk)
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError as error:
            self.lost = f"they could not be kept: {error.strerror}"

    def _open(self) -> None:
        if self._fd >= 0 or self.lost:
            return
        try:
            path = _folder(self._run) / self._name
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            self.file = path
        except (OSError, StorageError) as error:
            self.lost = f"they could not be kept: {error}"


class Lines:
    """Tells text in whole lines as bytes come in, with their ends; a line that is too long comes in parts.

    hide: takes secrets out of a text; of a long line so much is kept back that none is told in two parts.
    """

    def __init__(self, tell: Callable[[str], object], hide: Callable[[str], str] | None = None) -> None:
        self._tell, self._hide = tell, hide
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def take(self, chunk: bytes) -> None:
        text = self._rest + self._decode(chunk)
        whole = text.rfind("\n") + 1
        self._rest = text[whole:]
        if whole:
            self._tell(text[:whole])
        if len(self._rest) > LONGEST_LINE:
            clean = self._rest if self._hide is None else self._hide(self._rest)
            cut = max(len(clean) - (0 if self._hide is None else LONGEST_LINE // 2), 0)
            part, self._rest = clean[:cut], clean[cut:]
            if part:
                self._tell(part)

    def end(self) -> None:
        """There will be no more, or not soon."""
        rest, self._rest = self._rest, ""
        if rest:
            self._tell(rest)


def _folder(run: Path | None) -> Path:
    if run is not None:
        return private_dir(run / "output")
    if not _temporary:
        _temporary.append(Path(tempfile.mkdtemp(prefix="flowbench-")))
        atexit.register(_forget, os.getpid())
    return _temporary[0]


def _forget(owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(_temporary[0], ignore_errors=True)
