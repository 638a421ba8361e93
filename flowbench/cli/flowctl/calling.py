"""Calling: one line of flowctl, from a shell or from Python: the same verb, the same answer."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from flowbench.cli import output, usage
from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.flowctl.answer import Answer, shown
from flowbench.cli.flowctl.naming import JSON
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.verbs import flowctl
from flowbench.errors import FlowbenchError

if TYPE_CHECKING:
    from flowbench.cancel import CancelToken

GARBAGE = (
    200_000  # objects before Python looks for circles: a listing of 10,000 tasks holds none, and each look is slow
)
VARIABLE = "_FLOWCTL_COMPLETE"  # click's: set by the scripts that complete words


def call(
    argv: Sequence[str], *, cwd: Path | None = None, stdin: TextIO | None = None, token: CancelToken | None = None
) -> Answer:
    """What the verb answers. argv: without `flowctl`; `--json` says nothing here.

    Abort raises Aborted in verbs that run programs or wait. cwd: absolute; by default this process's. stdin: what
    `--file -` reads. Help is printed, and answered with nothing. Raises: FlowbenchError, click.UsageError, Refusal.
    """
    session = Session(cwd or Path.cwd(), stdin or sys.stdin, token)
    words, _ = _split(argv)
    for word in words:
        if not _is_text(word):
            raise click.UsageError(f"{word.encode(errors='surrogateescape')!r} is no UTF-8 text")
    found = flowctl.main(args=words, prog_name="flowctl", standalone_mode=False, obj=session)
    return found if isinstance(found, Answer) else Answer({}, code=int(found or 0), is_raw=True)


def main() -> None:
    """The console script: one answer on standard output, and ends the process with its number."""
    if os.environ.get(VARIABLE):
        from flowbench.cli.flowctl.completions import register

        register()
    words, machine = _split(sys.argv[1:])
    gc.set_threshold(GARBAGE)
    sys.exit(_main(words, machine))


def _main(words: list[str], machine: bool) -> int:
    try:
        with output.checked():
            answer = call(words)
            if (machine or (answer.is_data and not sys.stdout.isatty())) and not answer.is_raw:
                output.say(answer.as_json())
            elif answer.text:
                output.say((answer.text if answer.is_raw else shown(answer.text)).removesuffix("\n"))
            return answer.code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return Exit.USAGE
    except click.UsageError as error:
        return _refused(usage.line(error), Exit.USAGE, machine)
    except click.ClickException as error:
        return _refused(error.format_message(), Exit.FAILED, machine)
    except FlowbenchError as error:
        return _refused(str(error), getattr(error, "exit_code", Exit.FAILED), machine)
    except Refusal as refusal:
        return _refused(refusal.message, refusal.exit_code, machine)
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except OSError as error:
        output.drop()
        if isinstance(error, BrokenPipeError):  # a reader that has seen enough, like head(1)
            return Exit.FAILED
        click.echo(f"Error: {error.strerror or error}", err=True)
        return Exit.FAILED


def _refused(message: str, code: int, machine: bool) -> int:
    if machine:
        try:
            click.echo(json.dumps({"success": False, "error": message}, indent=2))
        except OSError:
            output.drop()
            click.echo(f"Error: {message}", err=True)
    else:
        click.echo(f"Error: {shown(message)}", err=True)
    return code


def _is_text(word: str) -> bool:
    """Bytes of a command line that are none come as lone surrogates."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _split(argv: Sequence[str]) -> tuple[list[str], bool]:
    """The words without `--json`, wherever it stands before a `--`, and whether it was there."""
    end = argv.index("--") if "--" in argv else len(argv)
    if os.environ.get(VARIABLE):  # the shell asks about words, also about this one
        return list(argv), False
    return [word for place, word in enumerate(argv) if place >= end or word != JSON], JSON in argv[:end]
