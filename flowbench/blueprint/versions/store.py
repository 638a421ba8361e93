"""Store: what every Blueprint store can do: keep each version that was written, and say which one is the head."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from flowbench.blueprint.errors import HeadMoved, UnfitId
from flowbench.blueprint.model import Blueprint
from flowbench.blueprint.versions.traced import CommitMetadata, Entry, Traced

HISTORY = 20  # entries, unless asked for more
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)


class BlueprintStore(Protocol):
    """Versions of Blueprints by id; the version of a Blueprint is its content hash. Safe from threads.

    Everything raises UnfitId for an id that no store takes, and storage.StorageError where a disk is involved.
    Source: mlua-swarm 0.2.1 `BlueprintStore`.
    """

    @property
    def name(self) -> str: ...

    def read_head(self, id: str) -> Traced[Blueprint]:
        """The newest version. Raises: HeadEmpty, Archived."""

    def write_new(
        self, id: str, blueprint: Blueprint, parents: Sequence[str] = (), metadata: CommitMetadata | None = None
    ) -> str:
        """Make it the head and return its version. The same content again is one more entry of the history.

        parents: versions that it was made from. When given, the head has to be one of them: what somebody else has
        written meanwhile is not overwritten unseen. metadata: that of a seed by default.
        Raises: HeadMoved, Archived, LockBusy, NotCanonical.
        """

    def read_version(self, id: str, version: str) -> Traced[Blueprint]:
        """Any version, of an archived id too. Raises: VersionNotFound."""

    def history(self, id: str, limit: int = HISTORY) -> list[Entry]:
        """The newest first; nothing for an unknown id."""

    def read_commit_rationale(self, id: str, version: str) -> str:
        """What its writer said; of several writes of it, the newest. Raises: VersionNotFound."""

    def list_ids(self) -> list[str]:
        """Sorted, without the archived ones."""

    def archive(self, id: str) -> None:
        """Refuse to read or move the head from now on; versions stay readable. Raises: IdNotFound, LockBusy."""

    def unarchive(self, id: str) -> None:
        """Raises: IdNotFound, LockBusy."""

    def is_archived(self, id: str) -> bool:
        """False for an unknown id."""


def checked(id: str) -> str:
    """The id itself, fit to be the name of a folder anywhere. Raises: UnfitId."""
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise UnfitId(id)
    return id


def check_head(id: str, parents: Sequence[str], head: str | None) -> None:
    """Raises: HeadMoved."""
    if parents and head not in parents:
        raise HeadMoved(id, tuple(parents), head)
