"""`flowbench trust FILE`: show the commands that a Blueprint would run, ask, and allow them from then on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowbench.cli import output
from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.words import as_json
from flowbench.words import count

if TYPE_CHECKING:
    from flowbench.blueprint import Blueprint


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--revoke", is_flag=True, help="Allow it no longer.")
@click.option("--json", "machine", is_flag=True, help="Print {file, hash, trusted, commands} as JSON; never ask.")
def command(file: Path, yes: bool, revoke: bool, machine: bool) -> None:
    """Show the commands in the Blueprint FILE and allow them, once and for all, if you say so.

    Any change of FILE, or of a file that it refers to, has to be allowed again. Nothing runs.
    Exit code 4: not allowed.
    """
    from flowbench import blueprint as bp
    from flowbench.cli.wanted import load

    wanted = load(file)
    if not machine and not revoke:
        output.say("\n".join(_shown(file, wanted)))
    if not bp.commands(wanted):
        _tell(machine, file, wanted, True)
        return
    hash = bp.trust_hash(wanted)
    if revoke:
        bp.revoke(hash)
        if not machine:
            output.say(f"{file} is not allowed")
    elif yes or (not machine and not bp.is_trusted(hash) and _agreed(file)):
        bp.trust(hash, name=str(file) if bp.is_stored(str(file)) else str(file.absolute()))
    trusted = bp.is_trusted(hash)
    _tell(machine, file, wanted, trusted)
    if not trusted and not revoke:
        raise Refusal(f"{file} is not allowed; --yes allows it without asking", Exit.UNTRUSTED)


def _shown(file: Path, wanted: Blueprint) -> list[str]:
    from flowbench import blueprint as bp

    found = bp.commands(wanted)
    if not found:
        return [f"{file}: {bp.shown(wanted.id)} runs no commands, only functions by their names; it needs no trust"]
    state = "is allowed to run" if bp.is_trusted(bp.trust_hash(wanted)) else "would run"
    return [f"{file}: {bp.shown(wanted.id)} {state} {count(len(found), 'command')}:", *bp.command_summary(wanted)]


def _agreed(file: Path) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    try:
        return click.confirm(f"Allow {file} to run these?", err=True)
    except click.Abort:
        click.echo(err=True)
        return False


def _tell(machine: bool, file: Path, wanted: Blueprint, trusted: bool) -> None:
    from flowbench import blueprint as bp

    found, hash = bp.commands(wanted), bp.trust_hash(wanted)
    if machine:
        told = [{"name": each.name, "kind": each.kind.value, "spec": each.spec} for each in found]
        output.say(as_json({"file": str(file), "hash": hash, "trusted": trusted, "commands": told}))
    elif found and trusted:
        output.say(f"allowed: {hash}")
