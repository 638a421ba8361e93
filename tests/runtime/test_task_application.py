"""TaskApplication: Blueprints by reference: inline, stored under an id in some version, or in a file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flowbench import blueprint as bp
from flowbench.blueprint import Fixed, Latest, MemoryStore, SemverReq
from flowbench.runtime import (
    ApplicationFailed,
    FileRef,
    IdRef,
    InlineRef,
    TaskApplication,
    TaskApplicationInput,
    TaskApplicationOutput,
    TaskLaunchService,
    blueprint_ref,
)
from tests.flows import Json, blueprint, lit


def says(word: str, label: str | None = None) -> Json:
    assign = {"kind": "assign", "at": {"op": "path", "at": "$.said"}, "value": lit(word)}
    return blueprint(assign, "talk", metadata={"version_label": label} if label else {})


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    for word, label in (("one", "1.0.0"), ("two", "1.2.0"), ("three", "2.0.0")):
        made.write_new("talk", bp.load(says(word, label)))
    return made


def handle(application: TaskApplication, ref: Any) -> TaskApplicationOutput:
    return asyncio.run(application.handle(TaskApplicationInput(blueprint=ref, operator_id="op", ttl=30.0)))


@pytest.fixture
def application(store: MemoryStore) -> TaskApplication:
    return TaskApplication(TaskLaunchService(durability="memory"), store)


def version(word: str, label: str) -> str:
    return bp.content_hash(bp.load(says(word, label)))


@pytest.mark.parametrize(
    ("selector", "word", "label"),
    [
        (Latest(), "three", "2.0.0"),
        (Fixed(version("one", "1.0.0")), "one", "1.0.0"),
        (SemverReq("^1"), "two", "1.2.0"),
        (SemverReq("1.0"), "two", "1.2.0"),
    ],
    ids=["latest", "fixed", "caret", "bare"],
)
def test_a_stored_blueprint_runs_in_the_version_that_is_meant(
    application: TaskApplication, selector: Any, word: str, label: str
) -> None:
    out = handle(application, IdRef("talk", selector))

    assert out.final_ctx == {"said": word}
    assert out.bound_version == version(word, label)
    assert len(out.bound_version or "") == 64


def test_a_reference_may_come_as_plain_data(application: TaskApplication) -> None:
    assert handle(application, {"kind": "id", "id": "talk"}).final_ctx == {"said": "three"}
    for wrong in ({"kind": "idd", "id": "talk"}, "talk"):
        with pytest.raises(ApplicationFailed, match=r"^blueprint_ref: .*; its kind is inline, id or file$"):
            handle(application, wrong)


def test_inline_and_file_are_bound_to_no_version(application: TaskApplication, tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    file.write_text(json.dumps(says("file")))

    inline, read = handle(application, InlineRef(says("here"))), handle(application, FileRef(str(file)))

    assert [(out.final_ctx, out.bound_version) for out in (inline, read)] == [
        ({"said": "here"}, None),
        ({"said": "file"}, None),
    ]


@pytest.mark.parametrize(
    ("ref", "error", "text"),
    [
        (IdRef("nobody"), ApplicationFailed, "^store: head ref empty: id=nobody"),
        (IdRef("talk", SemverReq("^3")), bp.NoVersionMatches, r"^no version matches semver req: \^3"),
        (InlineRef({"id": "x"}), bp.BlueprintError, "flow"),
        (FileRef("not/there.yaml"), bp.UnreadableFile, "not/there.yaml"),
    ],
    ids=["id", "semver", "inline", "file"],
)
def test_what_is_not_found_is_said(application: TaskApplication, ref: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        handle(application, ref)


def test_without_a_store_there_are_no_ids() -> None:
    with pytest.raises(ApplicationFailed, match=r"^store not configured \(BlueprintRef::Id requires store\)"):
        handle(TaskApplication(), IdRef("talk"))


def test_a_launch_that_fails_says_where(application: TaskApplication) -> None:
    flow = {"kind": "step", "ref": "nobody", "in": lit(1), "out": {"op": "path", "at": "$.y"}}

    with pytest.raises(ApplicationFailed, match=r"^launch: compile: flow references agent 'nobody'"):
        handle(application, InlineRef(blueprint(flow)))


def test_a_bad_label_is_said(application: TaskApplication, store: MemoryStore) -> None:
    bad = bp.load(says("four"))
    metadata = bp.BlueprintMetadata(version_label="x")
    store.write_new("talk", msgspec.structs.replace(bad, metadata=metadata))

    with pytest.raises(bp.InvalidVersionLabel, match=r'^invalid semver version_label "x"'):
        handle(application, IdRef("talk", SemverReq("^1")))


def test_references_are_read_from_plain_data() -> None:
    fixed = {"kind": "id", "id": "talk", "version": {"kind": "fixed", "value": "a" * 64}}

    assert blueprint_ref(fixed) == IdRef("talk", Fixed("a" * 64))
    assert blueprint_ref({"kind": "id", "id": "talk"}) == IdRef("talk", Latest())
    assert blueprint_ref({"kind": "file", "path": "a.yaml"}) == FileRef("a.yaml")
    assert blueprint_ref({"kind": "inline", "value": {"id": "x"}}) == InlineRef({"id": "x"})
    with pytest.raises(ApplicationFailed, match="its kind is inline, id or file"):
        blueprint_ref({"kind": "url"})
