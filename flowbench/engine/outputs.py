"""Outputs: what a worker says while it works, and what it says last; the tail of an attempt keeps it in order.

The last Final is the attempt's answer: an override is appended, never written over. A Final that comes late is kept.
Source: mlua-swarm 0.2.1 `OutputEvent`, `ContentRef`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

KEPT = 10_000  # events of one attempt; the oldest go first, the last Final never


class Inline(msgspec.Struct, frozen=True, tag_field="kind", tag="inline"):
    value: Any


class FileRef(msgspec.Struct, frozen=True, tag_field="kind", tag="file_ref", omit_defaults=True):
    path: str
    mime: str | None = None
    size_hint: int | None = None


ContentRef = Inline | FileRef


class Progress(msgspec.Struct, frozen=True, tag_field="type", tag="progress"):
    stage: str
    note: str | None = None


class Partial(msgspec.Struct, frozen=True, tag_field="type", tag="partial"):
    chunk: Any


class Artifact(msgspec.Struct, frozen=True, tag_field="type", tag="artifact"):
    name: str
    content: ContentRef


class Final(msgspec.Struct, frozen=True, tag_field="type", tag="final"):
    content: ContentRef
    ok: bool


OutputEvent = Progress | Partial | Artifact | Final

decode_output = msgspec.json.Decoder(Progress | Partial | Artifact | Final).decode


def content(held: ContentRef) -> Any:
    """The value itself, or the reference as a JSON object."""
    return held.value if isinstance(held, Inline) else msgspec.to_builtins(held)


def answer(held: ContentRef) -> Any:
    """What a step gets of a Final: the value, or `{"file_ref", "mime", "size_hint"}`."""
    if isinstance(held, Inline):
        return held.value
    return {"file_ref": held.path, "mime": held.mime, "size_hint": held.size_hint}


class Tail:
    """The events of one attempt. dropped: how many of the oldest are gone. final: the last Final, late ones too."""

    __slots__ = ("_events", "dropped", "final")

    def __init__(self) -> None:
        self._events: deque[OutputEvent] = deque(maxlen=KEPT)
        self.dropped = 0
        self.final: Final | None = None

    def append(self, event: OutputEvent) -> None:
        self.dropped += len(self._events) == KEPT
        self._events.append(event)
        if isinstance(event, Final):
            self.final = event

    def events(self) -> Sequence[OutputEvent]:
        """A snapshot, oldest first."""
        return list(self._events)

    def finals(self) -> Sequence[Final]:
        return [event for event in self._events if isinstance(event, Final)]

    def parts(self) -> dict[str, Any]:
        """Artifacts by name; of several of one name the last counts. One without a name is no part."""
        return {
            event.name: content(event.content) for event in self._events if isinstance(event, Artifact) and event.name
        }
