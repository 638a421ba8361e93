"""`flowbench blueprint show ID@SELECTOR`: a version of a stored Blueprint, as a file would hold it."""

from __future__ import annotations

import json

import click

from flowbench.cli import output
from flowbench.cli.words import as_json


@click.command()
@click.argument("name", metavar="ID[@SELECTOR]")
@click.option(
    "--json",
    "machine",
    is_flag=True,
    help="Print {id, version, version_label, rationale, written, parents, blueprint} as JSON.",
)
def command(name: str, machine: bool) -> None:
    """Print a version of a stored Blueprint, as a file would hold it.

    SELECTOR: latest (the default), a requirement on the label like ^1.2, or a version or its first 8 digits.
    """
    from flowbench import blueprint as bp

    store = bp.GitStore()
    found = bp.stored(name, store)
    plain = bp.to_json(found.value)
    if not machine:
        output.say(json.dumps(plain, indent=2))
        return
    id = name.removeprefix("stored:").partition("@")[0]
    facts = {
        "id": id,
        "version": found.trace.version,
        "version_label": found.value.metadata.version_label,
        "rationale": store.read_commit_rationale(id, found.trace.version),
        "written": found.trace.ts_ms / 1000,
        "parents": list(found.trace.parents),
        "blueprint": plain,
    }
    output.say(as_json(facts))
