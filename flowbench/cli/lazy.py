"""Lazy: a group that knows its commands by name and by a line of help; a command is imported when it is to run."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Lazy(click.Group):
    """table: {name: the first sentence of its help}, in the order of the help.

    home: what stands before a name in that of the module with its `command`: `flowbench.cli.`, `flowbench.cli.runs_`.
    Help and completion read the table and import no command; a test holds it equal to the commands' own help.
    """

    def __init__(self, *given: Any, table: Mapping[str, str], home: str, **more: Any) -> None:
        super().__init__(*given, **more)
        self.table = table
        self.home = home

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        command: click.Command = import_module(self.home + cmd_name).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width - 6 - max(map(len, self.table))
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._brief(name, width)) for name in self.table])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        words = [CompletionItem(name, help=self._brief(name, 45)) for name in self.table if name.startswith(incomplete)]
        return [*words, *click.Command.shell_complete(self, ctx, incomplete)]

    def _brief(self, name: str, width: int) -> str:
        """As click shortens the help of a command that is there."""
        return click.Command(name, help=self.table[name]).get_short_help_str(width)
