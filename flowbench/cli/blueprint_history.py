"""`flowbench blueprint history ID`: the versions of a stored Blueprint, newest first."""

from __future__ import annotations

import click

from flowbench.cli import output
from flowbench.cli.wanted import SHORT
from flowbench.cli.words import as_json, moment, short, table


@click.command()
@click.argument("id", metavar="ID")
@click.option("-n", "--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many to show.")
@click.option("--json", "machine", is_flag=True, help="Print {id, archived, versions} as JSON.")
def command(id: str, last: int, machine: bool) -> None:
    """List the versions of the stored Blueprint ID, newest first. Also of an archived one."""
    from flowbench.blueprint import GitStore, IdNotFound

    store = GitStore()
    found = store.history(id, last + 1)
    if not found:
        raise IdNotFound(id, store.list_ids())
    more, found = len(found) > last, found[:last]
    archived = store.is_archived(id)
    if machine:
        versions = [
            {
                "version": each.version,
                "version_label": each.version_label,
                "rationale": each.rationale,
                "written": each.trace.ts_ms / 1000,
                "parents": list(each.trace.parents),
            }
            for each in found
        ]
        output.say(as_json({"id": id, "archived": archived, "versions": versions}))
        return
    rows = [
        (
            each.version[:SHORT],
            short(each.version_label or "-", 20),
            moment(each.trace.ts_ms / 1000),
            short(each.rationale, 80),
        )
        for each in found
    ]
    output.say(table([("VERSION", "LABEL", "STORED", "WHY"), *rows]))
    if more:
        output.say("and older ones; -n shows more")
    if archived:
        output.say(f"{id} is archived; bring it back with: flowbench blueprint unarchive {id}")
