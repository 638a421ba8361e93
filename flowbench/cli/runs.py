"""`flowbench runs`: what is recorded on this machine: list, show, rm, gc. Without a word it lists."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "list": "flowbench.cli.runs_list",
    "show": "flowbench.cli.runs_show",
    "rm": "flowbench.cli.runs_rm",
    "gc": "flowbench.cli.runs_gc",
}


class Runs(click.Group):
    """Each module is imported when its word is said; options without a word are those of `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        helps = set(ctx.help_option_names)
        if not args or (args[0].startswith("-") and args[0] not in helps):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command


@click.group(cls=Runs)
def command() -> None:
    """List the runs on this machine; show, remove and clean up.

    Without a word: list, with its options. ID is a run's id, a part of it that only one run has, or @last.
    """
