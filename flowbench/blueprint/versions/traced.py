"""Traced: a stored value with where it came from, and what its writer said about it."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from flowbench.blueprint.model import File, Inline

T = TypeVar("T")
ZERO_HASH = "0" * 64


class Git(msgspec.Struct, frozen=True, tag_field="kind", tag="git"):
    """A commit of the store's own repository. commit_hash: 40 hex."""

    commit_hash: str


TraceOrigin = Inline | File | Git


class Trace(msgspec.Struct, frozen=True):
    """version: content hash, 64 hex. ts_ms: unix milliseconds of the write. parents: versions it was written after."""

    origin: TraceOrigin
    version: str
    ts_ms: int
    parents: tuple[str, ...] = ()


class Traced(msgspec.Struct, Generic[T], frozen=True):
    value: T
    trace: Trace


class Entry(msgspec.Struct, frozen=True):
    """One line of a history. version_label: as its metadata say, or None."""

    version: str
    version_label: str | None
    rationale: str
    trace: Trace


class EpochId(msgspec.Struct, frozen=True):
    """One round of changes: of which Blueprint, from which version on, since when (unix milliseconds)."""

    blueprint_id: str
    start_version: str = ZERO_HASH
    started_at_ms: int = 0


class CommitMetadata(msgspec.Struct, frozen=True):
    """Why a version was written. patch_hash: BLAKE3 in hex of the patch that made it; zeros when none did."""

    epoch_id: EpochId
    rationale: str
    patch_hash: str = ZERO_HASH

    @classmethod
    def seed(cls, blueprint_id: str, now_ms: int = 0) -> CommitMetadata:
        """The first version of a Blueprint. now_ms: unix milliseconds."""
        return cls(EpochId(blueprint_id, ZERO_HASH, now_ms), "seed")
