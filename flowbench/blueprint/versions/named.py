"""Named: a version of a stored Blueprint as people write it where a file could stand: `stored:ID@SELECTOR`.

No id has a colon or an @ in it, so one part begins where the other ends. A file whose own name begins so is written
`./stored:...`.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from flowbench.blueprint.errors import AmbiguousVersion, HeadEmpty, VersionNotFound
from flowbench.blueprint.model import Blueprint, Provenance
from flowbench.blueprint.versions.selector import SCANNED, Fixed, VersionSelector, resolve, selector
from flowbench.blueprint.versions.store import BlueprintStore, checked
from flowbench.blueprint.versions.traced import Traced

PREFIX = "stored:"
SHORT = 12  # hex digits of a version, as people are shown it
_BEGINNING = re.compile(r"[0-9a-f]{8,63}")  # no requirement that anybody writes looks like that


def is_stored(text: str) -> bool:
    """Whether it names a stored Blueprint, and no file."""
    return text.startswith(PREFIX)


def stored(text: str, store: BlueprintStore) -> Traced[Blueprint]:
    """The version that a name means now. text: `ID[@SELECTOR]`, with `stored:` before it or without.

    A selector is `latest` (as without one), a requirement on the label like `^1.2`, or a version: its hash, or the
    first 8 or more digits of it. Raises: UnfitId, AmbiguousVersion, and what `resolve` raises.
    """
    id, _, wanted = text.removeprefix(PREFIX).partition("@")
    if not store.history(checked(id), 1):  # a requirement would say that none has a label
        raise HeadEmpty(id, store.list_ids())
    return resolve(store, id, _selector(store, id, wanted.strip()))


def from_store(text: str, store: BlueprintStore) -> Blueprint:
    """The same, to be run: it is data like a file, and what is refused says how to look at just this version of it.

    Raises: as `stored`.
    """
    found = stored(text, store)
    id = text.removeprefix(PREFIX).partition("@")[0]
    return replace(found.value, provenance=Provenance(file=f"{PREFIX}{id}@{found.trace.version[:SHORT]}"))


def _selector(store: BlueprintStore, id: str, text: str) -> VersionSelector:
    if not _BEGINNING.fullmatch(text):
        return selector(text)
    found = sorted({e.version for e in store.history(id, SCANNED) if e.version.startswith(text)})
    if not found:
        raise VersionNotFound(id, text)
    if len(found) > 1:
        raise AmbiguousVersion(id, text, found)
    return Fixed(found[0])
