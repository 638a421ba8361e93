"""Task graph: the picture of what waits for what, as it stays in a saved notebook."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

import msgspec

from flowbench.graph import GraphError
from flowbench.notebook.picture import LARGEST, shown_width
from flowbench.project import Project
from flowbench.project.drawing import svg_of
from flowbench.project.planning import Plan, plan


class TaskGraph(msgspec.Struct, frozen=True):
    """plan: what it shows. svg: "" where it cannot be drawn; why says why."""

    plan: Plan
    svg: str
    why: str = ""

    @classmethod
    def of(cls, project: Project, epic: str | None = None) -> TaskGraph:
        """Raises: NotFound, Cycle."""
        found = plan(project, epic)
        try:
            return cls(found, svg_of(found))
        except GraphError as error:
            return cls(found, "", str(error))

    def __repr__(self) -> str:
        path = " > ".join(self.plan.critical_path)
        return f"<graph of {self.plan.title}: {len(self.plan.tasks)} tasks, critical path {path or 'empty'}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if not self.plan.tasks:
            return {"text/plain": repr(self), "text/html": "<p>No graph: there are no tasks yet</p>"}
        if not self.svg or len(self.svg) > LARGEST:
            why = self.why or f"its {len(self.svg) // 1000} kB are too much to keep in a notebook"
            return {"text/plain": repr(self), "text/html": f"<p>No graph: {escape(why)}</p>"}
        data = base64.b64encode(self.svg.encode()).decode()
        wide = shown_width(self.svg)
        size = f' width="{wide}"' if wide else ""
        alt = escape(f"Tasks of {self.plan.title}", quote=True)
        image = f'<img alt="{alt}"{size} src="data:image/svg+xml;base64,{data}" style="max-width:100%">'
        return {
            "text/plain": repr(self),
            "text/html": f'<div class="flowbench mathjax_ignore">{image}</div>',
            "image/svg+xml": self.svg,
        }
