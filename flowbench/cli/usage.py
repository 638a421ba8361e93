"""Usage: a wrong call in one line: what was wrong, what was probably meant, and where the options are."""

from __future__ import annotations

import re

import click

from flowbench.errors import nearest

_UNKNOWN = re.compile(r"No such command '(?P<name>.*)'", re.DOTALL)
_GUESS = re.compile(r"\.? \(?Did you mean (.*?)\)?$", re.DOTALL)  # click's own, in either of its forms


def line(error: click.UsageError, ctx: click.Context | None = None) -> str:
    """Instead of click's three lines. ctx: where it was met, if the error does not know."""
    asked = error.ctx or ctx
    said = _GUESS.sub(r" (did you mean \1)", " ".join(error.format_message().split())).rstrip(".")
    unknown = _UNKNOWN.fullmatch(said)
    if unknown is not None and asked is not None and isinstance(asked.command, click.Group):
        meant = nearest(unknown["name"], asked.command.list_commands(asked))
        said += f" (did you mean `{meant}`?)" if meant else ""
    how = "" if asked is None else f"; `{asked.command_path} --help` tells what there is"
    return f"{said[:1].lower()}{said[1:]}{how}"
