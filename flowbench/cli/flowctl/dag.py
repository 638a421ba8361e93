"""Dag: the verb that shows what waits for what: waves, what is ready, the critical path, and all of it as a picture."""

from __future__ import annotations

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import MARKS, aligned
from flowbench.cli.flowctl.verb import verb


@verb()
@click.option("--epic", metavar="ID", help="Only its tasks; by default those of all epics.")
@click.option("--svg", metavar="FILE", help="Draw it, coloured by status, the critical path marked; - prints it.")
def dag(session: Session, epic: str | None, svg: str | None) -> Answer:
    """Show which tasks wait for which: waves, what is ready, the critical path.

    A wave can be worked on at once, when the waves before it are done. The critical path is the longest chain by the
    time that tasks took; of those that are not done, by the time that is usual.
    """
    from flowbench.project import drawing
    from flowbench.project.planning import facts, plan

    found = plan(session.project, epic)
    session.warn()
    told = facts(found)
    if svg == "-":
        return Answer(told, drawing.svg_of(found), is_raw=True)
    if svg is not None:
        from flowbench.storage import write

        place = session.cwd / svg
        write(place, drawing.svg_of(found).encode(), mode=0o644)
        return Answer({**told, "svg": str(place)}, f"Drawn to {place}")
    if not found.tasks:
        return Answer(told, f"{found.epic or 'The project'} has no tasks yet.")
    ready, critical = set(found.ready), set(found.critical_path)
    lines = []
    for number, wave in enumerate(found.waves, 1):
        lines.append(f"wave {number}:")
        rows = [
            (
                f"  {MARKS[found.tasks[id].status]}",
                id,
                found.tasks[id].title,
                "ready" if id in ready else "",
                "critical" if id in critical else "",
            )
            for id in wave
        ]
        lines.append(aligned(rows))
    lines.append(f"critical path: {' > '.join(found.critical_path)}")
    return Answer(told, "\n".join(lines))
