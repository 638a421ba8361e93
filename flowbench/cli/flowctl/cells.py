"""Cells: flowctl for a notebook: the same verbs, every refusal an error of one line, completion of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from flowbench.cli import usage
from flowbench.cli.exits import Refusal
from flowbench.cli.flowctl.answer import shown
from flowbench.cli.flowctl.calling import VARIABLE, call
from flowbench.cli.flowctl.naming import JSON
from flowbench.cli.flowctl.verbs import flowctl
from flowbench.notebook import UsageError


def told(words: Sequence[str]) -> tuple[dict[str, Any], str]:
    """(data, text) of what a verb answers; with `--json` the text is the JSON. Raises: FlowbenchError."""
    try:
        answer = call(words)
    except click.exceptions.NoArgsIsHelpError as error:
        return {}, error.format_message()
    except click.UsageError as error:
        raise UsageError(usage.line(error)) from None
    except click.ClickException as error:
        raise UsageError(error.format_message()) from None
    except Refusal as refusal:
        raise UsageError(refusal.message) from refusal
    except OSError as error:
        raise UsageError(f"{error.filename or 'flowctl'}: {error.strerror or error}") from error
    if answer.is_raw:
        return dict(answer.payload), answer.text
    return answer.data, answer.as_json() if JSON in words else shown(answer.text)


def complete(before: Sequence[str], word: str) -> list[str]:
    """What could stand for `word`, behind these words."""
    from click.shell_completion import ShellComplete

    found = ShellComplete(flowctl, {}, "flowctl", VARIABLE).get_completions(list(before), word)
    return [item.value for item in found if item.type == "plain"]
