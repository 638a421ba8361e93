"""The group `flowbench`: its commands are named here and imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from flowbench import __version__
from flowbench.cli import output
from flowbench.cli.exits import Exit, Refusal, refusal
from flowbench.errors import FlowbenchError

# Each module holds one `command`. The order is the order of the help: first look, then work, then look back.
COMMANDS = {
    "demo": "flowbench.cli.demo",
    "run": "flowbench.cli.run",
    "check": "flowbench.cli.check",
    "graph": "flowbench.cli.graph",
    "schema": "flowbench.cli.schema",
    "trust": "flowbench.cli.trust",
    "runs": "flowbench.cli.runs",
    "resume": "flowbench.cli.resume",
    "notebook": "flowbench.cli.notebook",
}


class Commands(click.Group):
    """Commands by name; an error of ours becomes one line on stderr and an exit code, never a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with output.checked():
                return super().invoke(ctx)
        except (FlowbenchError, Refusal) as error:
            told = error if isinstance(error, Refusal) else refusal(error)
            click.echo(f"flowbench: {told.message}", err=True)
            ctx.exit(told.exit_code)
        except KeyboardInterrupt:
            ctx.exit(Exit.INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="flowbench %(version)s")
def flowbench() -> None:
    """Write a Blueprint, see it, run it, step it, stop it, resume it.

    Exit codes: 0 done, 1 failed, 2 usage or unreadable file, 3 functions missing, 4 not trusted,
    124 timeout, 130 interrupted (Ctrl-C), 138 kernel died, 143 terminated.
    """
