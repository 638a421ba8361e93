"""Lazy: groups that know their commands by name and by a line of help; a command is imported when it is to run."""

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


class Listing(Lazy):
    """A group about things that can be listed: without a word it lists, and options without a word are those of
    `list`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        helps = set(ctx.help_option_names)
        is_asked = not ctx.resilient_parsing  # a shell that completes `runs ` wants the words
        if is_asked and (not args or (args[0].startswith("-") and args[0] not in helps)):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        if not incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        listing = self.get_command(ctx, "list")
        assert listing is not None
        return listing.shell_complete(click.Context(listing, info_name="list", parent=ctx), incomplete)
