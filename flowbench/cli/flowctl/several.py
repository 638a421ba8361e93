"""Several: an option that takes all words up to the next option, as `--selected-paths a b` of the original does."""

from __future__ import annotations

from collections.abc import Iterable

import click


def takes_several(command: click.Command, option: str) -> None:
    """`option` is a repeatable one: each word after it counts as if it had the option before it."""
    parse = command.parse_args

    def parse_args(ctx: click.Context, args: list[str]) -> list[str]:
        return parse(ctx, list(spread(args, option)))

    command.parse_args = parse_args  # type: ignore[method-assign]


def spread(words: Iterable[str], option: str) -> Iterable[str]:
    """The same words, the option repeated before each of its values."""
    is_open = False
    for word in words:
        if word == option:
            is_open = True
        elif word.startswith("-") and word != "-":
            is_open = False
            yield word
        elif is_open:
            yield from (option, word)
        else:
            yield word
