"""`flowbench blueprint put FILE`: store a Blueprint as the newest version of its id."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowbench.cli import output
from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.wanted import SHORT, load
from flowbench.cli.words import as_json

if TYPE_CHECKING:
    from flowbench.blueprint import BlueprintStore


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", metavar="ID", help="Store it under this id, and call it so (default: its own).")
@click.option("--label", metavar="SEMVER", help="Label the version: 1.4.0 (default: what its metadata say).")
@click.option("--why", metavar="TEXT", help="What has changed, and why, for whoever reads the history.")
@click.option("--json", "machine", is_flag=True, help="Print {id, version, version_label, new} as JSON.")
def command(file: Path, id: str | None, label: str | None, why: str | None, machine: bool) -> None:
    """Store the Blueprint in FILE as the newest version of its id.

    What FILE refers to is stored with it. One that is the newest version already is not stored again.
    """
    import time

    from msgspec.structs import replace

    from flowbench import blueprint as bp

    wanted = load(file)
    given = label if label is not None else wanted.metadata.version_label
    if given is not None:
        try:
            bp.parse_version(given)
        except ValueError as error:
            raise Refusal(
                f"{'--label ' if label is not None else 'version_label '}{given}: {error}", Exit.USAGE
            ) from None
    wanted = replace(wanted, id=wanted.id if id is None else id, metadata=replace(wanted.metadata, version_label=given))
    store = bp.GitStore()
    version = bp.content_hash(wanted)
    head = _head(store, wanted.id)
    is_new = head != version
    if is_new:
        epoch = bp.EpochId(wanted.id, head or bp.ZERO_HASH, int(time.time() * 1000))
        store.write_new(wanted.id, wanted, metadata=bp.CommitMetadata(epoch, why or f"put {file.name}"))
    if machine:
        output.say(as_json({"id": wanted.id, "version": version, "version_label": given, "new": is_new}))
        return
    said = "stored" if is_new else "is stored already:"
    output.say(f"{file}: {said} {wanted.id}@{version[:SHORT]}" + ("" if given is None else f", labelled {given}"))


def _head(store: BlueprintStore, id: str) -> str | None:
    """Its version. Raises: Archived."""
    from flowbench.blueprint import HeadEmpty

    try:
        return store.read_head(id).trace.version
    except HeadEmpty:
        return None
