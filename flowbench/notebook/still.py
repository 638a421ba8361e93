"""Still: what stays in a saved notebook. Graph, table and facts of a run, readable without a kernel and escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from flowbench import blueprint as bp
from flowbench import flow
from flowbench.engine import StepRecord
from flowbench.notebook.picture import of_blueprint as drawn
from flowbench.notebook.picture import of_run as coloured
from flowbench.notebook.record import MIME
from flowbench.notebook.view import cut, note
from flowbench.runtime import Run

ROWS = 25
ERROR_LENGTH = 160

Bundle = dict[str, Any]


def of_run(run: Run, *, with_graph: bool = True) -> Bundle:
    """Mime bundle: HTML with graph and table, one line of text, and the run's facts as data.

    with_graph: False leaves it out, for who cannot wait for its layout.
    """
    picture = coloured(run) if with_graph else ""
    return {
        "text/html": f'<div class="flowbench">{_heading(run)}{picture}{_table(run.steps)}</div>',
        "text/plain": run.summary(),
        MIME: facts(run),
    }


def of_blueprint(blueprint: bp.Blueprint) -> Bundle:
    """Mime bundle: the graph as HTML, one line of text."""
    return {"text/html": f'<div class="flowbench">{drawn(blueprint)}</div>', "text/plain": outline(blueprint)}


def facts(run: Run) -> dict[str, Any]:
    """{"id", "blueprint", "state": str, "steps": int, "seconds", "started": float, "error": str | None}"""
    return {
        "id": run.id,
        "blueprint": run.blueprint.id,
        "state": run.state,
        "steps": len(run.steps),
        "seconds": round(run.seconds, 6),
        "started": run.started,
        "error": run.error,
    }


def outline(blueprint: bp.Blueprint) -> str:
    """One line: `demo: 5 steps by 3 agents`."""
    refs = _refs(bp.to_json(blueprint)["flow"])
    names = sorted(set(refs))
    listed = f" ({', '.join(names[:6])}{', ...' if len(names) > 6 else ''})" if names else ""
    return f"{blueprint.id}: {count(len(refs), 'step')} by {count(len(names), 'agent')}{listed}"


def count(number: int, word: str) -> str:
    """1 -> `1 step`, 3 -> `3 steps`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def _heading(run: Run) -> str:
    why = note(run)
    return (
        f"<p><b>{escape(run.blueprint.id)}</b> {escape(run.state)}, {count(len(run.steps), 'step')} "
        f"in {run.seconds:.2f} s <small>({escape(run.id)})</small>" + (f"<br>{escape(why)}" if why else "") + "</p>"
    )


def _table(steps: Sequence[StepRecord]) -> str:
    """One row per step of the flow, in program order as far as the steps were reached."""
    rows: dict[str, list[StepRecord]] = {}
    for step in list(steps):
        rows.setdefault(flow.shape(step.address), []).append(step)
    if not rows:
        return ""
    shapes = sorted(rows, key=_program_order)
    body = "".join(_row(shape, rows[shape]) for shape in shapes[:ROWS])
    if len(shapes) > ROWS:
        body += f'<tr><td colspan="6">and {len(shapes) - ROWS} more</td></tr>'
    head = "".join(f"<th>{name}</th>" for name in ("address", "agent", "done", "failed", "seconds", "last error"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _program_order(shape: str) -> tuple[int, ...]:
    return flow.key(".".join(part + "0" if part in ("f", "i") else part for part in shape.split(".")))


def _row(shape: str, visits: Sequence[StepRecord]) -> str:
    failed = [step for step in visits if step.status == "failed"]
    cancelled = sum(step.status == "cancelled" for step in visits)
    done = len(visits) - len(failed) - cancelled
    error = cut(failed[-1].error or "", ERROR_LENGTH) if failed else "cancelled" if cancelled else ""
    seconds = sum(step.seconds for step in visits)
    cells = (shape, visits[0].agent, str(done), str(len(failed) or ""), f"{seconds:.3f}", error)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _refs(node: Any) -> list[str]:
    if node["kind"] == "step":
        return [node["ref"]]
    inner = [*node.get("children", ()), *(node[name] for name in ("then", "else", "body", "catch") if name in node)]
    return [ref for child in inner for ref in _refs(child)]
