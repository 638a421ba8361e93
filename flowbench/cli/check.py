"""`flowbench check FILE`: say whether a Blueprint can be read, what is odd in it and what it lacks; nothing runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowbench.cli import options, output, sources
from flowbench.cli.exits import Exit
from flowbench.cli.words import as_json
from flowbench.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowbench.blueprint import Blueprint
    from flowbench.diagnostic import Diagnostic


def _explain(context: click.Context, _: click.Parameter, code: str | None) -> None:
    if code is not None and not context.resilient_parsing:
        from flowbench.blueprint.linting import explained

        output.say(explained(code))
        context.exit()


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.agents
@click.option("--allow", multiple=True, metavar="RULE", help="Say nothing of what this rule finds. May be given again.")
@click.option("--warn", multiple=True, metavar="RULE", help="What this rule finds is a warning. May be given again.")
@click.option("--deny", multiple=True, metavar="RULE", help="What this rule finds is an error. May be given again.")
@click.option(
    "--explain", metavar="RULE", is_eager=True, expose_value=False, callback=_explain, help="Say what a rule looks for."
)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--compat", type=click.Choice(["0.1.1"]), help="Read and check the flow as the first version of the language."
)
@click.option(
    "--json",
    "machine",
    is_flag=True,
    help="Print {file, id, hash, steps, missing, commands, trusted, findings} as JSON.",
)
@click.pass_context
def command(
    context: click.Context,
    file: Path,
    agents: tuple[str, ...],
    allow: tuple[str, ...],
    warn: tuple[str, ...],
    deny: tuple[str, ...],
    strict: bool,
    compat: str | None,
    machine: bool,
) -> None:
    """Read the Blueprint in FILE, look for what is likely not meant and for the functions it names. Nothing runs.

    Exit codes: 1 for an error, and with --strict for a warning; 3 if functions are missing.
    """
    from flowbench.blueprint import commands, is_stored, is_trusted, lint, located, step_refs, trust_hash
    from flowbench.cli.wanted import load

    out = context.with_resource(output.reserved()) if machine else None
    wanted = load(file, compat)
    sources.agents(agents)
    agents = (*agents, *sources.from_project(wanted))
    steps = sum(1 for _ in step_refs(wanted.flow))
    levels = dict.fromkeys(allow, "allow") | dict.fromkeys(warn, "warn") | dict.fromkeys(deny, "deny")
    found = lint(wanted, compat=compat, levels=levels)
    found = found if is_stored(str(file)) else located(found, file)
    hash = trust_hash(wanted)
    trusted = not commands(wanted) or is_trusted(hash)
    lost = sources.missing(wanted)
    if machine:
        told = {
            "file": str(file),
            "id": wanted.id,
            "hash": hash,
            "steps": steps,
            "missing": lost,
            "commands": [agent.name for agent in commands(wanted)],
            "trusted": trusted,
            "findings": [finding.facts() for finding in found],
        }
        output.say(as_json(told), out)
        context.exit(Exit.MISSING if lost else _exit(found, strict))
    for finding in found:
        if not (lost and finding.code == "unknown_agent"):  # the refusal below says it, with what to do
            output.say(str(finding))
    if not trusted:
        output.say(f"note: it runs {_commands(wanted)} not allowed yet; look with: flowbench trust {file}")
    sources.require(wanted, agents)
    code = _exit(found, strict)
    state = "is well formed" if code is Exit.DONE else f"has {_counted(found)}"
    output.say(f"{file}: {wanted.id} {state}: {count(steps, 'step')}, every function is there")
    context.exit(code)


def _exit(found: Sequence[Diagnostic], strict: bool) -> Exit:
    bad = {"error", "warning"} if strict else {"error"}
    return Exit.FAILED if any(finding.level in bad for finding in found) else Exit.DONE


def _counted(found: Sequence[Diagnostic]) -> str:
    """`1 error and 2 warnings`."""
    numbers = [(sum(finding.level == level for finding in found), level) for level in ("error", "warning")]
    return " and ".join(count(number, level) for number, level in numbers if number)


def _commands(wanted: Blueprint) -> str:
    from flowbench.blueprint import commands

    return count(len(commands(wanted)), "command")
