"""Selector: which version of a stored Blueprint is meant: the latest, one by its hash, or the highest that fits."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from flowbench.blueprint.errors import InvalidVersionLabel, NoVersionMatches
from flowbench.blueprint.hashes import HASH
from flowbench.blueprint.model import Blueprint
from flowbench.blueprint.versions.semver import Version, parse_requirement, parse_version
from flowbench.blueprint.versions.store import BlueprintStore
from flowbench.blueprint.versions.traced import Entry, Traced

SCANNED = 1024  # newest versions that a requirement looks at


class Latest(msgspec.Struct, frozen=True, tag_field="kind", tag="latest", forbid_unknown_fields=True):
    """The head."""


LATEST = Latest()


class Fixed(msgspec.Struct, frozen=True, tag_field="kind", tag="fixed", forbid_unknown_fields=True):
    """value: the version, 64 hex."""

    value: str


class SemverReq(msgspec.Struct, frozen=True, tag_field="kind", tag="semver_req", forbid_unknown_fields=True):
    """req: a requirement on the version label, in Cargo's syntax: `^1`, `>=1.2, <2`, `1.*`."""

    req: str


VersionSelector = Latest | Fixed | SemverReq


def selector(text: str) -> VersionSelector:
    """As people write it: `latest`, a hash of 64 hex digits, or a requirement. Raises: BadRequirement."""
    if text in ("", "latest"):
        return Latest()
    if HASH.fullmatch(text):
        return Fixed(text)
    parse_requirement(text)
    return SemverReq(text)


def resolve(store: BlueprintStore, id: str, selector: VersionSelector = LATEST) -> Traced[Blueprint]:
    """The version that a selector means now.

    Raises: HeadEmpty, Archived, VersionNotFound, BadRequirement, InvalidVersionLabel, NoVersionMatches.
    """
    match selector:
        case Latest():
            return store.read_head(id)
        case Fixed(version):
            return store.read_version(id, version)
        case SemverReq(req):
            parse_requirement(req)  # a bad requirement is said first, whatever is stored
            return store.read_version(id, highest(store.history(id, SCANNED), req))


def highest(history: Iterable[Entry], req: str) -> str:
    """The version with the highest label that fits; of equal labels the newest. history: the newest first.

    Entries without a label do not count.
    Raises: BadRequirement, InvalidVersionLabel, NoVersionMatches.
    """
    wanted = parse_requirement(req)
    best: tuple[Version, str] | None = None
    labels = []
    for entry in history:
        if entry.version_label is None:
            continue
        label = _label(entry)
        labels.append(entry.version_label)
        if wanted.matches(label) and (best is None or label > best[0]):
            best = (label, entry.version)
    if best is None:
        raise NoVersionMatches(req, labels)
    return best[1]


def _label(entry: Entry) -> Version:
    try:
        return parse_version(entry.version_label or "")
    except ValueError as error:
        raise InvalidVersionLabel(entry.version_label or "", entry.version, str(error)) from None
