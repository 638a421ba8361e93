"""Selectors find the version that is meant, or say which there are."""

from __future__ import annotations

import msgspec
import pytest

from flowbench import blueprint as bp
from tests.blueprint.versions.samples import sample


@pytest.fixture
def store() -> bp.MemoryStore:
    store = bp.MemoryStore()
    for label in ("1.0.0", "2.0.0-rc.1", None, "1.4.0", "1.2.0", "0.9.0"):
        store.write_new("main", sample(label))
    return store


def label(found: bp.Traced[bp.Blueprint]) -> str | None:
    return found.value.metadata.version_label


def test_the_latest_is_the_head_whatever_its_label(store: bp.MemoryStore) -> None:
    assert label(bp.resolve(store, "main")) == "0.9.0"


def test_a_fixed_version_is_found_by_its_hash(store: bp.MemoryStore) -> None:
    assert label(bp.resolve(store, "main", bp.Fixed(bp.content_hash(sample("1.2.0"))))) == "1.2.0"
    with pytest.raises(bp.VersionNotFound):
        bp.resolve(store, "main", bp.Fixed(bp.ZERO_HASH))


@pytest.mark.parametrize(
    ("req", "best"), [("^1", "1.4.0"), ("~1.2", "1.2.0"), ("<1", "0.9.0"), ("2.0.0-rc", "2.0.0-rc.1")]
)
def test_of_those_that_fit_the_highest_is_meant_not_the_newest(store: bp.MemoryStore, req: str, best: str) -> None:
    assert label(bp.resolve(store, "main", bp.SemverReq(req))) == best


def test_of_equal_labels_the_newest_is_meant(store: bp.MemoryStore) -> None:
    newer = store.write_new("main", sample("1.4.0", spawner_hints={"layers": ["audit"]}))

    assert bp.resolve(store, "main", bp.SemverReq("1")).trace.version == newer


def test_where_nothing_fits_the_labels_are_named(store: bp.MemoryStore) -> None:
    with pytest.raises(
        bp.NoVersionMatches, match=r"^no version matches semver req: \^3; labelled: 0.9.0, 1.2.0, 1.4.0"
    ):
        bp.resolve(store, "main", bp.SemverReq("^3"))


def test_a_stored_label_that_is_no_version_is_an_error(store: bp.MemoryStore) -> None:
    store.write_new("main", sample("next"))

    with pytest.raises(bp.InvalidVersionLabel, match=r'^invalid semver version_label "next": a version is MAJOR'):
        bp.resolve(store, "main", bp.SemverReq("^1"))


def test_selectors_have_their_wire_form() -> None:
    def read(text: str) -> bp.VersionSelector:
        return msgspec.json.decode(text, type=bp.VersionSelector)

    assert read('{"kind":"latest"}') == bp.Latest()
    assert read('{"kind":"fixed","value":"ab"}') == bp.Fixed("ab")
    assert read('{"kind":"semver_req","req":"^1"}') == bp.SemverReq("^1")
    assert msgspec.json.encode(bp.SemverReq("^1")) == b'{"kind":"semver_req","req":"^1"}'


def test_people_write_a_word_a_hash_or_a_requirement() -> None:
    assert bp.selector("latest") == bp.Latest()
    assert bp.selector("ab" * 32) == bp.Fixed("ab" * 32)
    assert bp.selector("1.2") == bp.SemverReq("1.2")
    with pytest.raises(bp.BadRequirement):
        bp.selector("newest")
