"""Whatever is done to them, the store in memory and the one in git tell the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flowbench import blueprint as bp
from tests.blueprint.versions.samples import sample

ids = st.sampled_from(["a", "b"])
reasons = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
labels = st.sampled_from([None, "1.0.0", "1.1.0", "2.0.0-rc.1"])


class Stores(RuleBasedStateMachine):
    """One clock, two stores."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = 1_700_000_000.0
        root = Path(self.folder.name) / "store"
        self.stores: tuple[bp.BlueprintStore, ...] = (
            bp.MemoryStore(lambda: self.now),
            bp.GitStore(root, clock=lambda: self.now),
        )

    def teardown(self) -> None:
        self.folder.cleanup()

    def both(self, ask: Callable[[bp.BlueprintStore], Any]) -> None:
        memory, git = (self.answer(ask, store) for store in self.stores)
        assert memory == git

    def answer(self, ask: Callable[[Any], Any], given: Any) -> Any:
        try:
            return told(ask(given))
        except bp.BlueprintStoreError as error:
            return type(error).__name__, str(error)

    @rule(id=ids, label=labels, why=reasons)
    def write(self, id: str, label: str | None, why: str) -> None:
        self.now += 1
        metadata = bp.CommitMetadata(bp.EpochId(id), why)
        self.both(lambda store: store.write_new(id, sample(label, id), (), metadata))

    @rule(id=ids, label=labels, parent=labels)
    def write_after(self, id: str, label: str | None, parent: str | None) -> None:
        parents = [bp.content_hash(sample(parent, id))]
        self.both(lambda store: store.write_new(id, sample(label, id), parents))

    @rule(id=ids)
    def archive(self, id: str) -> None:
        self.both(lambda store: store.archive(id))

    @rule(id=ids)
    def unarchive(self, id: str) -> None:
        self.both(lambda store: store.unarchive(id))

    @rule(id=ids, label=labels)
    def read(self, id: str, label: str | None) -> None:
        version = bp.content_hash(sample(label, id))
        self.both(lambda store: store.read_version(id, version))
        self.both(lambda store: store.read_commit_rationale(id, version))

    @invariant()
    def they_tell_the_same(self) -> None:
        self.both(lambda store: store.list_ids())
        self.both(lambda store: [self.answer(store.read_head, id) for id in ("a", "b")])
        self.both(lambda store: [self.answer(store.history, id) for id in ("a", "b")])
        self.both(lambda store: [self.answer(store.is_archived, id) for id in ("a", "b")])


def told(found: Any) -> Any:
    """Without the origin, in which they differ."""
    if isinstance(found, list):
        return [told(each) for each in found]
    if isinstance(found, bp.Entry):
        return found.version, found.version_label, found.rationale, found.trace.ts_ms, found.trace.parents
    if isinstance(found, bp.Traced):
        return found.value, found.trace.version, found.trace.ts_ms, found.trace.parents
    return found


TestStores = Stores.TestCase
TestStores.settings = settings(max_examples=6, stateful_step_count=12)
