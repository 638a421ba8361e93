"""Commit: what an enhance flow concludes, read strictly: nothing that is missing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from flowbench import blueprint as bp
from flowbench.runtime.enhance.log import LoggedVerdict
from flowbench.runtime.errors import BadCommit


class Commit(msgspec.Struct, frozen=True):
    """The change is to be kept. new_version: content hash of new_bp_json."""

    committed: Literal[True]
    new_version: str
    new_bp_json: dict[str, Any]
    bump: Literal["patch", "minor", "major"]
    rationale: str
    verdicts_summary: tuple[LoggedVerdict, ...]


class Refusal(msgspec.Struct, frozen=True):
    """The change is not to be kept. reasons: `axis: reason`."""

    committed: Literal[False]
    reasons: tuple[str, ...]
    rationale: str
    verdicts_summary: tuple[LoggedVerdict, ...]


def read(ctx: Any) -> Commit | Refusal:
    """`$.commit` of a final ctx. Raises: BadCommit."""
    found = ctx.get("commit") if isinstance(ctx, Mapping) else None
    if not isinstance(found, Mapping) or not isinstance(found.get("committed"), bool):
        raise BadCommit("$.commit has to be an object with committed true or false")
    try:
        return msgspec.convert(found, Commit) if found["committed"] else msgspec.convert(found, Refusal)
    except msgspec.ValidationError as error:
        raise BadCommit(f"$.commit: {error}") from None


def blueprint_of(commit: Commit, store: str) -> bp.Blueprint:
    """The Blueprint that a flow has made: no more trusted than a file. store: where it will be. Raises: BadCommit."""
    try:
        made = bp.parse(commit.new_bp_json)
    except bp.InvalidBlueprint as error:
        raise BadCommit(f"$.commit.new_bp_json is no Blueprint: {error.brief}") from error
    if (version := bp.content_hash(made)) != commit.new_version:
        raise BadCommit(f"new_version mismatch: the flow says {commit.new_version}, its Blueprint hashes to {version}")
    return msgspec.structs.replace(made, provenance=bp.Provenance(store=store))
