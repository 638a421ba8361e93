"""Warned: warnings of lint as lines of ours on standard error, whatever Python is told to do with warnings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def told() -> Iterator[None]:
    """A LintWarning that is given in here is said when it is over; others take their usual way."""
    from flowbench.runtime import LintWarning

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", LintWarning)
        yield
    for each in heard:
        if issubclass(each.category, LintWarning):
            click.echo(str(each.message), err=True)
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
