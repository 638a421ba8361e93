"""`flowbench runs`: what is recorded on this machine: list, show, rm, gc. Without a word it lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowbench.cli.lazy import Lazy

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "list": "List the runs on this machine, newest first.",
    "show": "Show a recorded run: state, steps, error, ctx.",
    "rm": "Remove runs with all that they recorded.",
    "gc": "Remove old runs, and files that processes left when they died.",
}


class Runs(Lazy):
    """Each word has a module; options without a word are those of `list`."""

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


@click.group(cls=Runs, table=COMMANDS, home="flowbench.cli.runs_")
def command() -> None:
    """List the runs on this machine; show, remove and clean up.

    Without a word: list, with its options. ID is a run's id, a part of it that only one run has, or @last.
    """
