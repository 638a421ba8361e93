"""What every Blueprint store does, in memory and in git alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowbench import blueprint as bp
from tests.blueprint.versions.samples import sample


@pytest.fixture(params=["memory", "git"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> bp.BlueprintStore:
    return bp.MemoryStore(lambda: 1_700_000_000.0) if request.param == "memory" else git(tmp_path)


def git(root: Path) -> bp.GitStore:
    return bp.GitStore(root / "store", clock=lambda: 1_700_000_000.0)


def told(why: str) -> bp.CommitMetadata:
    return bp.CommitMetadata(bp.EpochId("main"), why)


def test_what_was_written_is_the_head_named_by_its_content(store: bp.BlueprintStore) -> None:
    blueprint = sample("1.0.0")

    version = store.write_new("main", blueprint)

    head = store.read_head("main")
    assert version == bp.content_hash(blueprint) == head.trace.version
    assert head.value == blueprint
    assert (head.trace.ts_ms, head.trace.parents) == (1_700_000_000_000, ())


def test_a_version_stays_readable_after_newer_ones(store: bp.BlueprintStore) -> None:
    first = store.write_new("main", sample("1.0.0"))
    second = store.write_new("main", sample("1.1.0"))

    assert store.read_version("main", first).value == sample("1.0.0")
    assert store.read_head("main").trace.parents == (first,)
    assert store.read_head("main").trace.version == second


def test_a_history_names_the_newest_first_with_labels_and_reasons(store: bp.BlueprintStore) -> None:
    for minor in range(3):
        store.write_new("main", sample(f"1.{minor}.0"), metadata=told(f"change {minor}\nin two lines"))

    entries = store.history("main", 2)

    assert [(e.version_label, e.rationale) for e in entries] == [
        ("1.2.0", "change 2\nin two lines"),
        ("1.1.0", "change 1\nin two lines"),
    ]
    assert entries[0].trace.parents == (entries[1].version,)
    assert store.read_commit_rationale("main", entries[1].version) == "change 1\nin two lines"


def test_the_same_content_twice_is_one_version_with_two_entries(store: bp.BlueprintStore) -> None:
    first, second = (store.write_new("main", sample()) for _ in range(2))

    assert first == second
    assert [e.version for e in store.history("main")] == [first, first]


def test_a_first_version_says_that_it_is_the_seed(store: bp.BlueprintStore) -> None:
    version = store.write_new("main", sample())

    assert store.read_commit_rationale("main", version) == "seed"


@pytest.mark.parametrize(
    "why",
    ["", " spaces ", "rationale: twice", "a\n\nb\n", "blueprint_content_hash: 00\narchive: true", "ü → 漢字"],
    ids=["empty", "spaces", "its own word", "empty lines", "words of the layout", "other scripts"],
)
def test_a_rationale_comes_back_as_it_was_said(store: bp.BlueprintStore, why: str) -> None:
    version = store.write_new("main", sample(), metadata=told(why))

    assert store.read_commit_rationale("main", version) == why
    assert store.read_head("main").trace.version == version


def test_an_archived_id_refuses_its_head_and_keeps_its_versions(store: bp.BlueprintStore) -> None:
    version = store.write_new("main", sample())
    store.write_new("other", sample(id="other"))

    store.archive("main")

    assert store.is_archived("main")
    assert store.list_ids() == ["other"]
    assert store.read_version("main", version).value == sample()
    for refused in (lambda: store.read_head("main"), lambda: store.write_new("main", sample("2.0.0"))):
        with pytest.raises(bp.Archived, match=r"^blueprint is archived: id=main; unarchive it"):
            refused()


def test_what_is_unarchived_goes_on_where_it_was(store: bp.BlueprintStore) -> None:
    version = store.write_new("main", sample())
    store.archive("main")
    store.archive("main")

    store.unarchive("main")

    assert not store.is_archived("main")
    assert store.read_head("main").trace.version == version
    assert [e.version for e in store.history("main")] == [version]
    assert store.list_ids() == ["main"]


def test_nothing_is_known_of_an_unknown_id(store: bp.BlueprintStore) -> None:
    store.write_new("main", sample())

    assert store.history("mian") == []
    assert not store.is_archived("mian")
    with pytest.raises(bp.HeadEmpty, match=r'^head ref empty: id=mian \(did you mean "main"\?\); stored: main$'):
        store.read_head("mian")
    with pytest.raises(bp.IdNotFound, match=r"^blueprint id not found: id=mian"):
        store.archive("mian")
    with pytest.raises(bp.VersionNotFound, match=rf"^blueprint not found: id=main version={bp.ZERO_HASH}"):
        store.read_version("main", bp.ZERO_HASH)
    with pytest.raises(bp.VersionNotFound):
        store.read_commit_rationale("main", bp.ZERO_HASH)


def test_a_writer_that_names_its_parents_overwrites_nobody(store: bp.BlueprintStore) -> None:
    first = store.write_new("main", sample("1.0.0"))
    second = store.write_new("main", sample("1.1.0"), [first])

    with pytest.raises(bp.HeadMoved, match=f"made from version {first[:12]}, but the head is {second[:12]}") as refused:
        store.write_new("main", sample("1.2.0"), [first])

    assert refused.value.head == second
    assert store.read_head("main").trace.version == second


@pytest.mark.parametrize(
    "id",
    ["../x", "a/b", "/etc", "", ".", "..", ".git", "-x", "a\0b", "a\nb", "ü", "x" * 129, "C:\\x", None],
    ids=repr,
)
def test_an_id_that_is_no_name_of_a_folder_is_refused(store: bp.BlueprintStore, id: str) -> None:
    calls = (
        lambda: store.write_new(id, sample()),
        lambda: store.read_head(id),
        lambda: store.read_version(id, bp.ZERO_HASH),
        lambda: store.history(id),
        lambda: store.archive(id),
        lambda: store.is_archived(id),
    )
    for call in calls:
        with pytest.raises(bp.UnfitId, match="cannot be stored"):
            call()


def test_hints_hash_alike_in_whatever_order_they_were_written(store: bp.BlueprintStore) -> None:
    hints = {"b": 1, "a": {"y": 1, "x": 2}}
    turned = {"a": {"x": 2, "y": 1}, "b": 1}

    versions = {store.write_new("main", sample(hints={"per_agent": each, "global": None})) for each in (hints, turned)}

    assert len(versions) == 1


def test_a_history_is_a_frame_too(store: bp.BlueprintStore) -> None:
    store.write_new("main", sample("1.0.0"))
    store.write_new("main", sample())

    frame = bp.history_frame(store, "main")

    assert list(frame.columns) == ["version", "version_label", "rationale", "written", "parent", "origin"]
    assert frame["version_label"].tolist() == [None, "1.0.0"]
    assert frame["parent"].tolist() == [frame["version"][1], None]
    assert str(frame["written"][0]) == "2023-11-14 22:13:20+00:00"
    assert bp.history_frame(store, "nobody").empty
