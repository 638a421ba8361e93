"""The group `flowbench`: what its commands are called and do, and how their errors look."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, NoReturn

import click

from flowbench import __version__
from flowbench.cli import output, usage
from flowbench.cli.exits import Exit, Refusal, refusal
from flowbench.cli.lazy import Lazy
from flowbench.errors import FlowbenchError

# Each has a module of its name. The order is the order of the help: first look, then work, then look back.
COMMANDS = {
    "demo": "Execute the tour notebook headlessly and say where it is.",
    "run": "Run the Blueprint in FILE (YAML or JSON) to its end.",
    "check": "Read the Blueprint in FILE, look for what is likely not meant and for the functions it names.",
    "explain": "Say what each agent of the Blueprint in FILE would meet: layers, operator, prompt, token.",
    "graph": "Draw the Blueprint in FILE.",
    "schema": "Print the JSON Schema (2020-12) of Blueprint files.",
    "trust": "Show the commands in the Blueprint FILE and allow them, once and for all, if you say so.",
    "blueprint": "Keep Blueprints with all their versions; without a word, list them.",
    "tool": "Call one of the tools that a step can be, as NAME [KEY=VALUE ...]; without a name, list them.",
    "runs": "List the runs on this machine; show, remove and clean up.",
    "resume": "Go on with the run ID where it stopped.",
    "rerun": "Run a step of the run ID again, and all that depends on it, as a new run.",
    "notebook": "Work with notebooks without a browser.",
    "doctor": "Look at everything that flowbench needs here, and say how to mend what is missing or odd.",
}


MACHINE = "flowbench.machine"  # a program asked: it gets errors as JSON, too


class Commands(Lazy):
    """The top group: an error of ours becomes one line on stderr and an exit code, never a traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """click's own; help that cannot be written is one line, too."""
        try:
            return super().main(*args, **extra)
        except OSError as error:
            output.drop()
            click.echo(f"flowbench: cannot write to standard output: {error.strerror or error}", err=True)
            sys.exit(Exit.FAILED)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[MACHINE] = "--json" in args
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            _refuse_usage(error, ctx)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with output.checked():
                return super().invoke(ctx)
        except click.UsageError as error:
            _refuse_usage(error, ctx)
        except (FlowbenchError, Refusal) as error:
            _refuse(error if isinstance(error, Refusal) else refusal(error), error, ctx)
        except KeyboardInterrupt:
            ctx.exit(Exit.INTERRUPTED)


def _refuse(told: Refusal, error: Exception, ctx: click.Context) -> NoReturn:
    click.echo(f"flowbench: {told.message}", err=True)
    if ctx.meta[MACHINE] and output.ANSWERED not in ctx.meta:  # one JSON value, never two
        _tell_program(told, error)
    ctx.exit(told.exit_code)


def _refuse_usage(error: click.UsageError, ctx: click.Context) -> NoReturn:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        raise error
    _refuse(Refusal(usage.line(error, ctx), Exit.USAGE), error, ctx)


def _tell_program(told: Refusal, error: Exception) -> None:
    """{"error": {"code": str, "message": str, "exit": int, "diagnostic": {...}}} on standard output; diagnostic: of an
    error of ours, as `check --json` has them."""
    from flowbench.cli.words import as_json

    cause = error.__cause__ if isinstance(error, Refusal) else error
    code = cause.code if isinstance(cause, FlowbenchError) else told.exit_code.name.lower()
    facts: dict[str, Any] = {"code": code, "message": told.message, "exit": int(told.exit_code)}
    if isinstance(cause, FlowbenchError):
        facts["diagnostic"] = cause.diagnostic.facts()
    with suppress(Refusal):  # standard output itself may be what is wrong
        output.say(as_json({"error": facts}))


@click.group(
    cls=Commands,
    table=COMMANDS,
    home="flowbench.cli.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="flowbench %(version)s")
def flowbench() -> None:
    """Write a Blueprint, see it, run it, step it, stop it, resume it.

    With --json a command prints one JSON value; refused before it had any, {"error": {code, message, exit}}.

    Exit codes: 0 done, 1 failed, 2 usage or unreadable file, 3 functions missing, 4 not trusted,
    5 nobody to answer, 124 timeout, 130 interrupted (Ctrl-C), 138 kernel died, 143 terminated.
    """
