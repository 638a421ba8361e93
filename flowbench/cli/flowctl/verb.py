"""Verb: turns a function of (session, options) that answers into a command, with the options that all verbs share."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.naming import Command, named
from flowbench.cli.flowctl.session import Session

Function = Callable[..., Answer]

REHEARSED = " (dry run: nothing has changed)"


def verb(
    name: str = "",
    *,
    of: click.Group | None = None,
    changes: bool = False,
    hidden: bool = False,
    marked: bool = True,
) -> Callable[[Function], click.Command]:
    """Decorates `function(session, **options) -> Answer`; click's own options and arguments stand below.

    name: by default the function's, hyphens for underscores. of: the group that it belongs to. changes: it changes
    something, so that it takes --dry-run, too. hidden: an older name of a verb, which help does not list. marked: the
    payload of a dry run says `dry_run`.
    """

    def made(function: Function) -> click.Command:
        word = name or function.__name__.rstrip("_").replace("_", "-")
        called = click.pass_obj(_watched(function, marked) if changes else function)
        command = click.command(word, cls=Command, hidden=hidden)(called)
        named(command.params, is_plain=of is None)
        if changes:
            command.params.append(_dry_run())
        if of is not None:
            of.add_command(command)
        return command

    return made


def alias(command: click.Command, name: str, *, of: click.Group) -> None:
    """Another name of a verb, which help does not list."""
    shadow = copy(command)
    shadow.name, shadow.hidden = name, True
    of.add_command(shadow)


def _watched(function: Function, marked: bool) -> Function:
    """The function, which also says which files it had to leave out, and of a dry run that it was one."""

    @wraps(function)
    def called(session: Session, **options: Any) -> Answer:
        answer = function(session, **options)
        session.warn()
        if not session.dry_run:
            return answer
        payload = {**answer.payload, "dry_run": True} if marked else answer.payload
        first, line, rest = answer.text.partition("\n")
        if first and not re.search(r"dry run|\bwould\b", answer.text):
            first += REHEARSED
        return answer._replace(payload=payload, text=first + line + rest)

    return called


def _dry_run() -> click.Option:
    def keep(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        session: Any = ctx.obj
        if value and isinstance(session, Session):
            session.dry_run = True

    return click.Option(
        ["--dry-run"], is_flag=True, expose_value=False, callback=keep, help="Say what would change; change nothing."
    )
