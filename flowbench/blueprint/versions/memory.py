"""Memory: a Blueprint store that ends with its process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from flowbench.blueprint.errors import Archived, HeadEmpty, IdNotFound, VersionNotFound
from flowbench.blueprint.hashes import content_hash
from flowbench.blueprint.model import Blueprint, File, Inline
from flowbench.blueprint.versions.store import HISTORY, check_head, checked
from flowbench.blueprint.versions.traced import CommitMetadata, Entry, Trace, Traced


class MemoryStore:
    """A BlueprintStore. clock: unix seconds."""

    name = "memory"

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._written: dict[str, list[tuple[Traced[Blueprint], str]]] = {}  # oldest first, with the rationale
        self._archived: set[str] = set()

    def read_head(self, id: str) -> Traced[Blueprint]:
        with self._lock:
            if checked(id) in self._archived:
                raise Archived(id)
            if id not in self._written:
                raise HeadEmpty(id, self._live())
            return self._written[id][-1][0]

    def write_new(
        self, id: str, blueprint: Blueprint, parents: Sequence[str] = (), metadata: CommitMetadata | None = None
    ) -> str:
        version, now = content_hash(blueprint), int(self._clock() * 1000)
        told = metadata or CommitMetadata.seed(checked(id), now)
        with self._lock:
            if checked(id) in self._archived:
                raise Archived(id)
            written = self._written.get(id, [])
            head = written[-1][0].trace.version if written else None
            check_head(id, parents, head)
            file = blueprint.provenance.file
            trace = Trace(File(file) if file else Inline(), version, now, () if head is None else (head,))
            self._written[id] = [*written, (Traced(blueprint, trace), told.rationale)]
        return version

    def read_version(self, id: str, version: str) -> Traced[Blueprint]:
        return self._find(id, version)[0]

    def history(self, id: str, limit: int = HISTORY) -> list[Entry]:
        with self._lock:
            newest = self._written.get(checked(id), [])[::-1][: max(limit, 0)]
        return [Entry(t.trace.version, t.value.metadata.version_label, why, t.trace) for t, why in newest]

    def read_commit_rationale(self, id: str, version: str) -> str:
        return self._find(id, version)[1]

    def list_ids(self) -> list[str]:
        with self._lock:
            return self._live()

    def archive(self, id: str) -> None:
        self._mark(id, archived=True)

    def unarchive(self, id: str) -> None:
        self._mark(id, archived=False)

    def is_archived(self, id: str) -> bool:
        return checked(id) in self._archived

    def _find(self, id: str, version: str) -> tuple[Traced[Blueprint], str]:
        with self._lock:
            for each in reversed(self._written.get(checked(id), [])):
                if each[0].trace.version == version:
                    return each
        raise VersionNotFound(id, version)

    def _mark(self, id: str, *, archived: bool) -> None:
        with self._lock:
            if checked(id) not in self._written:
                raise IdNotFound(id, self._live())
            (self._archived.add if archived else self._archived.discard)(id)

    def _live(self) -> list[str]:
        return sorted(set(self._written) - self._archived)
