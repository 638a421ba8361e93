"""Commit text: what a commit of the git store says, for `git log` and for us: facts line by line, the rationale last.

Source: mlua-swarm 0.2.1; the blank line after the title is git's own custom.
"""

from __future__ import annotations

import re

import msgspec

from flowbench.blueprint.errors import InvalidLayout
from flowbench.blueprint.hashes import HASH
from flowbench.blueprint.versions.traced import CommitMetadata, EpochId

_SAID = re.compile(r"^rationale: ?(.*)\Z", re.DOTALL | re.MULTILINE)


class Written(msgspec.Struct, frozen=True):
    """The commit of a version."""

    version: str
    metadata: CommitMetadata


class Marked(msgspec.Struct, frozen=True):
    """The commit that archives an id, or takes that back."""

    archived: bool
    at_ms: int


def write(id: str, version: str, metadata: CommitMetadata) -> bytes:
    """Raises: InvalidLayout where the text could not be read back."""
    epoch = metadata.epoch_id
    facts = (
        ("blueprint_content_hash", version),
        ("patch_content_hash", metadata.patch_hash),
        ("epoch_blueprint_id", epoch.blueprint_id),
        ("epoch_start_version", epoch.start_version),
        ("epoch_started_at_ms", str(epoch.started_at_ms)),
    )
    for name, fact in facts:
        if not fact.isprintable() or fact != fact.strip():
            raise InvalidLayout(id, f"{name} is one line without spaces around it, not {fact[:80]!r}")
    for name in ("patch_hash", "start_version"):
        if not HASH.fullmatch(value := getattr(metadata if name == "patch_hash" else epoch, name)):
            raise InvalidLayout(id, f"{name} is 64 hex digits, not {value[:80]!r}")
    lines = [f"blueprint update [{id}]", "", *(f"{name}: {fact}" for name, fact in facts)]
    text = "\n".join([*lines, f"rationale: {metadata.rationale}", ""])
    if "\0" in text:
        raise InvalidLayout(id, "a rationale cannot hold a null character")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidLayout(id, "half a character (a lone surrogate) in the rationale; no text can hold it") from None


def mark(id: str, mark: Marked) -> bytes:
    word = "archive" if mark.archived else "unarchive"
    return (
        f"blueprint {word} [{id}]\n\narchive: {str(mark.archived).lower()}\narchived_at_ms: {mark.at_ms}\n"
    ).encode()


def read(id: str, message: bytes) -> Written | Marked:
    """Raises: InvalidLayout for a commit that this store has not made."""
    text = message.decode(errors="replace")
    said = _SAID.search(text)
    head = text[: said.start()] if said else text
    facts = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    try:
        if "archive" in facts:
            return Marked(facts["archive"] == "true", int(facts["archived_at_ms"]))
        assert said is not None
        epoch = EpochId(facts["epoch_blueprint_id"], facts["epoch_start_version"], int(facts["epoch_started_at_ms"]))
        rationale = said[1].removesuffix("\n")
        return Written(facts["blueprint_content_hash"], CommitMetadata(epoch, rationale, facts["patch_content_hash"]))
    except (KeyError, ValueError, AssertionError):
        title = text.splitlines()[0] if text else ""
        raise InvalidLayout(id, f"a commit that no Blueprint store has written: {title[:80]!r}") from None
