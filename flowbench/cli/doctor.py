"""`flowbench doctor`: what is missing or odd on this machine, and how to mend it."""

from __future__ import annotations

import click

from flowbench.cli import output
from flowbench.cli.exits import Exit
from flowbench.cli.words import as_json, short

SIGNS = {"fine": "ok", "note": "note", "problem": "PROBLEM"}


@click.command()
@click.option("--json", "machine", is_flag=True, help="Print {ok, checks: [{name, state, said, mend}]} as JSON.")
@click.pass_context
def command(context: click.Context, machine: bool) -> None:
    """Look at everything that flowbench needs here, and say how to mend what is missing or odd.

    Exit codes: 0 no problem, 1 at least one.
    """
    from flowbench.cli.checks import checks

    found = []
    for check in checks():
        found.append(check)
        if not machine:
            output.say(f"{SIGNS[check.state]:<8} {check.name:<13} {short(check.said, 300)}")
            if check.mend:
                output.say(f"{'':<22} -> {check.mend}")
    is_well = all(check.state != "problem" for check in found)
    if machine:
        output.say(as_json({"ok": is_well, "checks": [check._asdict() for check in found]}))
    context.exit(Exit.DONE if is_well else Exit.FAILED)
