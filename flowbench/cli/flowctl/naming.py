"""Naming: words of a verb that name an epic or a task; a shell completes them from the project, with their titles."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.types import StringParamType

from flowbench.errors import FlowbenchError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

JSON = "--json"


class Naming(StringParamType):
    """Text, for all but completion. epics, tasks: what it may name."""

    def __init__(self, *, epics: bool, tasks: bool) -> None:
        self.epics, self.tasks = epics, tasks

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from flowbench.project import Project

        found: list[CompletionItem] = []
        with suppress(FlowbenchError, OSError):  # no project, or none that can be listed: nothing to offer
            catalogue = Project.find(Path.cwd()).catalogue()
            records = [
                *(catalogue.epics.values() if self.epics else ()),
                *(catalogue.tasks.values() if self.tasks else ()),
            ]
            found = [CompletionItem(each.id, help=each.title) for each in records if each.id.startswith(incomplete)]
        return found


EPIC, TASK, EITHER = (Naming(epics=epics, tasks=tasks) for epics, tasks in ((True, False), (False, True), (True, True)))


class Command(click.Command):
    """A verb; a shell is offered `--json` for it, too, which is taken out before click sees a line."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-") and JSON.startswith(incomplete):
            found.append(CompletionItem(JSON, help="Print one JSON value."))
        return found


def named(params: Iterable[click.Parameter], is_plain: bool) -> None:
    """Say of each word of a verb by its name what it names. is_plain: a verb of no group, whose `id` is any record."""
    words = {param.name: param for param in params if param.type is click.STRING}
    kinds = {"epic": EPIC, "task": TASK, "depends_on": TASK if "task" in words else EPIC}
    if is_plain:
        kinds["id"] = EITHER
    for word, kind in kinds.items():
        if word in words:
            words[word].type = kind
