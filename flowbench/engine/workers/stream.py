"""Stream: the events that a program writes to its stdout while it works; the last Final is its answer.

Source: mlua-swarm 0.2.1 `OutputEvent`, `StreamMode`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from flowbench.engine.outputs import Artifact, Final, Partial, Progress, content
from flowbench.engine.outputs import decode_output as _decode
from flowbench.engine.spawner import Voice
from flowbench.flow import compact

LONGEST = 16 << 20  # bytes of one event
SHOWN = 200  # characters of what is told about an event


class Events:
    """Takes stdout in chunks as they come. final: the last one so far. parts: artifacts by name, also of the answer.

    mode: one of MODES. Partials are told as they are, progress, artifacts and what is no event as notes.
    hide: takes secrets out of what is cut: half of one nobody would find.
    """

    def __init__(self, mode: str, voice: Voice, hide: Callable[[str], str] = str) -> None:
        self.final: Final | None = None
        self.parts: dict[str, Any] = {}
        self._voice, self._hide = voice, hide
        self._frames = _FRAMES[mode]()

    def take(self, chunk: bytes) -> None:
        for frame in self._frames.take(chunk):
            self._event(frame)

    def end(self) -> None:
        """There is no more stdout."""
        for frame in self._frames.end():
            self._event(frame)

    def _event(self, frame: bytes) -> None:
        if not frame.strip():
            return
        try:
            event = _decode(frame)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._note(f"not an event, skipped: {self._hide(frame.decode('utf-8', 'replace'))[:SHOWN]} ({error})")
            return
        match event:
            case Final():
                self.final = event
            case Partial():
                self._voice("stdout", event.chunk if isinstance(event.chunk, str) else f"{compact(event.chunk)}\n")
            case Progress():
                self._note(event.stage if event.note is None else f"{event.stage}: {event.note}")
            case Artifact():
                self.parts[event.name] = content(event.content)
                self._note(f"artifact {event.name}: {self._hide(compact(content(event.content)))[:SHOWN]}")

    def _note(self, text: str) -> None:
        self._voice("note", f"{text}\n")


class _Lines:
    """One event per line."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def take(self, chunk: bytes) -> list[bytes]:
        self._rest += chunk
        if b"\n" not in chunk:
            del self._rest[LONGEST + 1 :]  # longer than any event, and told as none when its end comes
            return []
        *lines, self._rest = self._rest.split(b"\n")
        return [bytes(line) for line in lines]

    def end(self) -> list[bytes]:
        return [bytes(self._rest)]


class _ServerSent:
    """The `data:` lines up to an empty line; other fields are of no matter."""

    def __init__(self) -> None:
        self._lines = _Lines()
        self._data: list[bytes] = []

    def take(self, chunk: bytes) -> list[bytes]:
        return [event for line in self._lines.take(chunk) if (event := self._line(line))]

    def end(self) -> list[bytes]:
        return [self._line(line) or b"" for line in (*self._lines.end(), b"")]

    def _line(self, line: bytes) -> bytes | None:
        line = line.removesuffix(b"\r")
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        if line or not self._data:
            return None
        data, self._data = self._data, []
        return b"\n".join(data)


class _Prefixed:
    """Four bytes of length, big-endian, then the event. A length of 0, or over LONGEST, ends the stream."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._is_over = False

    def take(self, chunk: bytes) -> list[bytes]:
        frames = []
        self._rest += b"" if self._is_over else chunk
        while len(self._rest) >= 4:
            size = int.from_bytes(self._rest[:4], "big")
            if not 0 < size <= LONGEST:
                self._is_over = True
                self._rest.clear()
            elif len(self._rest) < size + 4:
                break
            else:
                frames.append(bytes(self._rest[4 : size + 4]))
                del self._rest[: size + 4]
        return frames

    def end(self) -> list[bytes]:
        return [bytes(self._rest)]  # a torn event, told as none


_FRAMES: dict[str, Callable[[], _Lines | _ServerSent | _Prefixed]] = {
    "ndjson_lines": _Lines,
    "sse_events": _ServerSent,
    "length_prefixed": _Prefixed,
}
