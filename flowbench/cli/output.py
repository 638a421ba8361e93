"""Output: standard output is what a command answers with; one that cannot be written to is an error like any other."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

import click

from flowbench.cli.exits import Exit, Refusal

ANSWERED = "flowbench.answered"  # in the meta of click's context: this command has said something


def say(text: str, out: TextIO | None = None) -> None:
    """One line, or several, to `out` (default: standard output). Raises: Refusal if it is full."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[ANSWERED] = True
    with _told():
        click.echo(text, file=out)


@contextmanager
def checked() -> Iterator[None]:
    """Whatever is printed in here has arrived when it ends. Raises: Refusal if standard output is closed or full.

    A closed one is refused before anything runs: its number would go to the next file that is opened, the journal,
    and a program that an agent starts would write into that.
    """
    if sys.stdout is None:
        raise Refusal("standard output is closed; send it to /dev/null if nobody wants it", Exit.FAILED)
    try:
        yield
    finally:
        with _told():
            sys.stdout.flush()


@contextmanager
def reserved() -> Iterator[TextIO]:
    """Standard output for us alone: what agents print in here goes to standard error."""
    ours = sys.stdout
    with redirect_stdout(sys.stderr):
        yield ours


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:  # a reader that has seen enough, like head(1): click ends quietly
            raise
        drop()
        raise Refusal(f"cannot write to standard output: {error.strerror or error}", Exit.FAILED) from error


def drop() -> None:
    """What is still buffered goes nowhere, or Python would try to write it once more when it exits, and say so."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
