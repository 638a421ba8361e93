"""A stored Blueprint is named as people write it, and never taken for a file."""

from __future__ import annotations

import pytest

from flowbench import blueprint as bp
from tests.blueprint.versions.samples import sample

LABELS = ("1.0.0", "1.4.0", "2.0.0", None)


@pytest.fixture
def store() -> bp.MemoryStore:
    store = bp.MemoryStore()
    for label in LABELS:
        store.write_new("main", sample(label))
    return store


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("stored:main", None),
        ("main", None),
        ("main@", None),
        ("stored:main@latest", None),
        ("stored:main@^1", "1.4.0"),
        ("main@>=1, <2", "1.4.0"),
        ("main@ ~1.0 ", "1.0.0"),
        (f"main@{bp.content_hash(sample('2.0.0'))}", "2.0.0"),
        (f"main@{bp.content_hash(sample('2.0.0'))[:8]}", "2.0.0"),
    ],
)
def test_a_name_means_a_version(store: bp.MemoryStore, name: str, label: str | None) -> None:
    assert bp.stored(name, store).value.metadata.version_label == label


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("stored:other@^1", bp.HeadEmpty),
        ("stored:main@^3", bp.NoVersionMatches),
        ("stored:other", bp.HeadEmpty),
        ("stored:../etc", bp.UnfitId),
        ("stored:", bp.UnfitId),
        ("stored:main@0123abcd", bp.VersionNotFound),
        ("stored:main@0123abc", bp.BadRequirement),
        ("stored:main@^1@^2", bp.BadRequirement),
    ],
)
def test_a_name_of_nothing_is_refused(store: bp.MemoryStore, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        bp.stored(name, store)


def test_a_beginning_that_several_versions_share_is_not_guessed() -> None:
    class Alike(bp.MemoryStore):
        def history(self, id: str, limit: int = 20) -> list[bp.Entry]:
            seen = bp.Trace(bp.Inline(), "", 0)
            return [bp.Entry("0123abcd" + last * 56, None, "", seen) for last in "ab"]

    with pytest.raises(bp.AmbiguousVersion, match="several versions of main begin with 0123abcd: 0123abcda") as told:
        bp.stored("main@0123abcd", Alike())

    assert len(told.value.found) == 2


@pytest.mark.parametrize("name", ["night.yaml", "./stored:main", "main@^1", "/srv/stored:main"])
def test_a_file_is_no_stored_blueprint(name: str) -> None:
    assert not bp.is_stored(name)
