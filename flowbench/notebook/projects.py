"""Projects: a project as a person has it in a notebook: tables, the graph, the board, and the verbs of daily work."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench import project as projects
from flowbench.project import failing, frames, restarting, tasks, working

if TYPE_CHECKING:
    import pandas as pd

    from flowbench.notebook.boards import LiveBoard
    from flowbench.notebook.task_graph import TaskGraph
    from flowbench.runtime import Run


class Project:
    """The project of a folder, found by walking up. core: the same for programs, see flowbench.project.Project.

    Each table is read anew when it is asked for. Ids may be short: `fn-1.2`.
    """

    def __init__(self, start: str | os.PathLike[str] | None = None) -> None:
        """start: a folder; by default the working one. Raises: NoProject, SchemaUnknown."""
        self.core = projects.Project.find(None if start is None else Path(start))

    @classmethod
    def init(cls, start: str | os.PathLike[str] | None = None) -> Project:
        """Make `.flow/` there, or what it lacks."""
        made, _ = projects.Project.init(None if start is None else Path(start))
        made.close()
        return cls(start)

    # Tables

    @property
    def epics(self) -> pd.DataFrame:
        """One row per epic, see project.frames.epics_frame."""
        return frames.epics_frame(self.core)

    @property
    def tasks(self) -> pd.DataFrame:
        """One row per task, see project.frames.tasks_frame."""
        return frames.tasks_frame(self.core)

    def ready(self, epic: str | None = None) -> pd.DataFrame:
        """What could start now, by priority."""
        return frames.ready_frame(self.core, epic)

    def waves(self, epic: str | None = None) -> pd.DataFrame:
        """Tasks by wave: those of one wave can be worked on at once, when the waves before it are done."""
        return frames.waves_frame(self.core, epic)

    def critical_path(self, epic: str | None = None) -> pd.DataFrame:
        """The longest chain of tasks, by the seconds that they took or usually take."""
        return frames.critical_path_frame(self.core, epic)

    def stats(self) -> pd.DataFrame:
        """Counts and times by epic, and of all together."""
        return frames.stats_frame(self.core)

    # Pictures

    def graph(self, epic: str | None = None) -> TaskGraph:
        """What waits for what, coloured by status, the critical path marked. Its `svg` is the picture as text."""
        from flowbench.notebook.task_graph import TaskGraph

        return TaskGraph.of(self.core, epic)

    def board(self, epic: str | None = None) -> LiveBoard:
        """Columns by status, with buttons. It shows what others change, too, and never holds the kernel up."""
        from flowbench.notebook.boards import LiveBoard

        return LiveBoard(self.core, epic)

    def approvals(self, epic: str | None = None) -> LiveBoard:
        """What waits for a decision of a person, with buttons. See project.approvals.Approvals for programs."""
        from flowbench.notebook.boards import LiveBoard

        return LiveBoard(self.core, epic, is_approvals=True)

    # Work

    def create_epic(self, title: str) -> str:
        """The id of a new epic."""
        with self.core.change("epic create") as change:
            return change.create_epic(title).id

    def create_task(
        self,
        epic: str,
        title: str,
        *,
        depends_on: str | Sequence[str] = (),
        blueprint: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        acceptance: str = "",
        priority: int | None = None,
        domain: str | None = None,
        files: str | Sequence[str] = (),
    ) -> str:
        """The id of a new task. blueprint: what runs it, a file of the project or stored:ID@SELECTOR. inputs: what its
        ctx begins with. acceptance: Markdown. Raises: NotFound, InvalidId, ProjectError."""
        core = self.core
        if inputs is not None and not isinstance(inputs, Mapping):
            raise projects.ProjectError(f"inputs has to be a mapping of names to values, and is {inputs!r}")
        if priority is not None and not isinstance(priority, int):
            raise projects.ProjectError(f"priority has to be a whole number, and is {priority!r}")
        with core.change("task create") as change:
            return change.create_task(
                core.resolve(epic),
                title,
                depends_on=[core.resolve(each) for each in _each(depends_on)],
                acceptance=acceptance,
                priority=priority,
                domain=domain,
                files=_each(files),
                blueprint=blueprint,
                inputs=None if inputs is None else dict(inputs),
            ).id

    def start(self, task: str, **options: Any) -> dict[str, Any]:
        """See project.working.start: force, note."""
        return working.start(self.core, task, **options)

    def done(self, task: str, summary: str = "", **options: Any) -> dict[str, Any]:
        """See project.working.done: evidence, force."""
        return working.done(self.core, task, summary=summary, **options)

    def block(self, task: str, reason: str) -> dict[str, Any]:
        """See project.working.block."""
        return working.block(self.core, task, reason=reason)

    def fail(self, task: str, reason: str = "", **options: Any) -> dict[str, Any]:
        """See project.failing.fail: force."""
        return failing.fail(self.core, task, reason=reason, **options)

    def skip(self, task: str, reason: str = "") -> dict[str, Any]:
        """See project.tasks.skip."""
        return tasks.skip(self.core, task, reason=reason)

    def restart(self, task: str, **options: Any) -> dict[str, Any]:
        """See project.restarting.restart: force."""
        return restarting.restart(self.core, task, **options)

    def run(self, task: str, **options: Any) -> dict[str, Any]:
        """Run the Blueprint of a task, its panel in the cell; the Stop button stops it, and the task is todo again.

        See project.running.run: force, fresh, and the options of a launch.
        """
        options.setdefault("watch", _watched)
        if "seat" not in options:
            options.setdefault("operator", "people")
        return self.core.run(task, **options)

    def facts(self, id: str) -> dict[str, Any]:
        """All that is known of an epic or task, as `flowctl show` has it."""
        return self.core.facts(id)

    def body(self, id: str) -> str:
        """Markdown of a task or an epic."""
        return self.core.body(id)

    def __repr__(self) -> str:
        return f"<Project {self.core.layout.root}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        epics = self.epics
        head = f"<b>{escape(self.core.layout.root.name)}</b> · {escape(str(self.core.layout.root))}"
        table = epics[["title", "status", "tasks", "done"]].to_html() if len(epics) else "<p>no epics yet</p>"
        return {"text/plain": repr(self), "text/html": f'<div class="flowbench mathjax_ignore">{head}{table}</div>'}


def _each(names: str | Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def _watched(run: Run) -> None:
    """Wait for a run, its panel in the output of the cell where there is one."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        run.wait()
        return
    from flowbench.notebook.magics import QUICK_SECONDS
    from flowbench.notebook.show import show

    shown = show(run, shell)
    if run.wait(QUICK_SECONDS):
        shown.begin_at_end()
    else:
        shown.begin()
        run.wait()
        shown.finish()
