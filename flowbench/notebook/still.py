"""Still: what stays in a saved notebook. Graph, table and facts of a run, readable without a kernel and escaped."""

from __future__ import annotations

from html import escape
from typing import Any

from flowbench import blueprint as bp
from flowbench import flow
from flowbench.engine import StepRecord
from flowbench.notebook.picture import of_blueprint as drawn
from flowbench.notebook.picture import of_run as coloured
from flowbench.notebook.questions import answered
from flowbench.notebook.record import MIME, facts
from flowbench.notebook.view import cut, json_text, note
from flowbench.notebook.visits import Seen, Visits
from flowbench.runtime import Line, Log, PastRun, Run
from flowbench.words import count

ROWS = 25
COLUMNS = ("address", "agent", "done", "failed", "cancelled", "skipped", "seconds", "last error")
ALWAYS = ("address", "agent", "done", "seconds")
ERROR_LENGTH = 160
VALUE_LENGTH = 4_000  # characters of an input or output
LINE_LENGTH = 200  # characters of a line of the log
QUESTIONS = 20  # answered ones
LOG_ROWS = 20
FRAMES = 20  # lines of a traceback
LEFT = "text-align:left;white-space:pre-wrap;overflow-wrap:anywhere;font-size:11px;margin:4px 0"

Bundle = dict[str, Any]


def of_run(run: Run | PastRun, *, with_graph: bool = True) -> Bundle:
    """Mime bundle: HTML with graph and table, one line of text, and the run's facts as data.

    with_graph: False leaves it out, for who cannot wait for its layout.
    """
    picture = coloured(run) if with_graph else ""
    told = f"{_heading(run)}{picture}{_asked(run)}{_table(run)}{_log(run)}"
    return {
        "text/html": f'<div class="flowbench mathjax_ignore">{told}</div>',  # `$.a to $.b` is no formula
        "text/plain": run.summary(),
        MIME: facts(run),
    }


def of_blueprint(blueprint: bp.Blueprint) -> Bundle:
    """Mime bundle: the graph as HTML, one line of text."""
    return {
        "text/html": f'<div class="flowbench mathjax_ignore">{drawn(blueprint)}</div>',
        "text/plain": outline(blueprint),
    }


def of_step(step: StepRecord) -> Bundle:
    """Mime bundle of one visit: HTML with its input and output, one line of text."""
    line = (
        f"{step.agent} at {step.address}: {step.status} in {step.seconds:.3f} s{', recorded' if step.recorded else ''}"
    )
    values = {"input": json_text(step.input, VALUE_LENGTH)}
    if step.status == "done":
        values["output"] = json_text(step.output, VALUE_LENGTH)
        if step.parts:
            values["parts"] = json_text(step.parts, VALUE_LENGTH)
    elif step.error:
        values["reason" if step.status == "skipped" else "error"] = cut(step.error, VALUE_LENGTH)
    told = "".join(f'<small>{name}</small><pre style="{LEFT}">{escape(text)}</pre>' for name, text in values.items())
    plain = ", ".join(f"{name} {cut(' '.join(text.split()), ERROR_LENGTH)}" for name, text in values.items())
    return {
        "text/html": f'<div class="flowbench mathjax_ignore"><p>{escape(line)}</p>{told}</div>',
        "text/plain": f"{line}; {plain}",
    }


def outline(blueprint: bp.Blueprint) -> str:
    """One line: `demo: 5 steps by 3 agents`."""
    found = refs(blueprint)
    names = sorted(set(found))
    listed = f" ({', '.join(names[:6])}{', ...' if len(names) > 6 else ''})" if names else ""
    return f"{blueprint.id}: {count(len(found), 'step')} by {count(len(names), 'agent')}{listed}"


def _heading(run: Run | PastRun) -> str:
    why = note(run)
    return (
        f"<p><b>{escape(run.blueprint.id)}</b> {escape(run.state)}, {count(run.step_count, 'step')} "
        f"in {run.seconds:.2f} s <small>({escape(run.id)})</small>" + (f"<br>{escape(why)}" if why else "") + "</p>"
    )


def _asked(run: Run | PastRun) -> str:
    """What people were asked, and what they said."""
    said = answered(run)
    rows = [
        f"<li><code>{escape(each['who'])}</code> {escape(each['prompt'])} <b>{escape(each['text'])}</b>"
        + (f" {escape(each['value'])}" if each["value"] else "")
        + "</li>"
        for each in said[-QUESTIONS:]
    ]
    if len(said) > QUESTIONS:
        rows.insert(0, f"<li>{len(said) - QUESTIONS} earlier answers</li>")
    return f'<ul style="{LEFT};list-style:none;padding:0">{"".join(rows)}</ul>' if rows else ""


def _table(run: Run | PastRun) -> str:
    """One row per step of the flow, in program order as far as they were reached. What no step has, has no column."""
    seen = Visits(run.steps).seen()
    if not seen:
        return ""
    shapes = sorted(seen, key=_program_order)
    rows = [_row(shape, seen[shape], run.log) for shape in shapes[:ROWS]]
    shown = [place for place, name in enumerate(COLUMNS) if name in ALWAYS or any(row[place] for row in rows)]
    body = "".join("<tr>" + "".join(f"<td>{row[place]}</td>" for place in shown) + "</tr>" for row in rows)
    if len(shapes) > ROWS:
        body += f'<tr><td colspan="{len(shown)}">and {len(shapes) - ROWS} more</td></tr>'
    head = "".join(f"<th>{COLUMNS[place]}</th>" for place in shown)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _program_order(shape: str) -> tuple[int, ...]:
    return flow.key(".".join(part + "0" if part in ("f", "i") else part for part in shape.split(".")))


def _row(shape: str, seen: Seen, log: Log) -> list[str]:
    """One cell per column, as HTML."""
    counts = [str(number or "") for number in (seen.done, seen.failed, seen.cancelled, seen.skipped)]
    return [escape(shape), escape(seen.last.agent), *counts, f"{seen.seconds:.3f}", _wrong(seen, log)]


def _wrong(seen: Seen, log: Log) -> str:
    """The last error; behind a fold, where in the person's own code it was raised."""
    if seen.wrong is None:
        return escape(cut(seen.last.error or "", ERROR_LENGTH)) if seen.last.status == "unknown" else ""
    error = escape(cut(seen.wrong.error or "", ERROR_LENGTH))
    frames = [cut(line.text, LINE_LENGTH) for line in log.lines(seen.wrong.address) if line.stream == "note"]
    if len(frames) < 2:  # the error alone, which stands here already
        return error
    told = escape("\n".join(frames[-FRAMES:]))
    return f'<details><summary>{error}</summary><pre style="{LEFT}">{told}</pre></details>'


def _log(run: Run | PastRun) -> str:
    """The end of what the steps said. Frames that the table folds out are not said twice."""
    rows = Visits(run.steps).seen()
    wrong = [rows[shape].wrong for shape in sorted(rows, key=_program_order)[:ROWS]]
    told = {step.address for step in wrong if step is not None}
    lines = [line for line in run.log.lines() if line.stream != "note" or line.at not in told]
    if not lines:
        return ""
    shown = lines[-LOG_ROWS:]
    name = f"Log, the last {len(shown)} of {len(lines) + run.log.dropped} lines" if len(lines) > LOG_ROWS else "Log"
    wide = max(len(_who(line)) for line in shown)
    said = "\n".join(f"{_who(line):{wide}}  {cut(line.text, LINE_LENGTH)}" for line in shown)
    return f'<details open><summary>{name}</summary><pre style="{LEFT}">{escape(said)}</pre></details>'


def _who(line: Line) -> str:
    return cut(f"{line.agent} {line.at}".strip(), 30)


def refs(blueprint: bp.Blueprint) -> list[str]:
    """The agents of all steps in reading order, some of them more than once."""
    return _refs(bp.to_json(blueprint)["flow"])


def _refs(node: Any) -> list[str]:
    if node["kind"] == "step":
        return [node["ref"]]
    inner = [*node.get("children", ()), *(node[name] for name in ("then", "else", "body", "catch") if name in node)]
    return [ref for child in inner for ref in _refs(child)]
