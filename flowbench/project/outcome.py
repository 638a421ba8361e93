"""Outcome: what the run of a task leaves in it: summary, evidence, the reason of a failure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flowbench.words import count

if TYPE_CHECKING:
    from flowbench.runtime import Run

LISTS = ("commits", "tests", "prs", "files")  # keys of the ctx that are evidence
SUMMARY = "summary"
SHOWN = 12  # keys of the ctx in a summary that the Blueprint has not written itself
LENGTH = 200  # characters of one value there
_HEADING = re.compile(r"^(#{1,2})(?=\s)", re.MULTILINE)


def summary_of(run: Run, given: Mapping[str, Any]) -> str:
    """Markdown: `summary` of the ctx, if it is a text; else which run it was and what it left, a line per key.

    given: the ctx that it began with; what is still so was left by nobody. A heading in it is made a smaller one: the
    sections of a task are its own.
    """
    ctx = run.ctx
    told = ctx.get(SUMMARY) if isinstance(ctx, dict) else None
    if isinstance(told, str) and told.strip():
        return _HEADING.sub("###", told.strip())
    lines = [f"- `{run.blueprint.id}` ran: {count(run.step_count, 'step')} in {run.seconds:.1f} s ({run.id})"]
    if isinstance(ctx, dict):
        left = [key for key in ctx if key not in LISTS and (key not in given or ctx[key] != given[key])]
        lines += [f"- {_line(key)}: {_line(json.dumps(ctx[key], ensure_ascii=False))}" for key in left[:SHOWN]]
        if len(left) > SHOWN:
            lines.append(f"- ... {len(left) - SHOWN} more")
    return "\n".join(lines)


def evidence_of(run: Run) -> dict[str, Any]:
    """{commits, tests, prs, files, run_id, blueprint}: lists of texts, as far as the ctx has them."""
    ctx = run.ctx if isinstance(run.ctx, dict) else {}
    found: dict[str, Any] = {key: _texts(ctx.get(key)) for key in LISTS}
    return {**found, "run_id": run.id, "blueprint": run.blueprint.id}


def error_text(run: Run) -> str:
    """One line: why it is not done."""
    return " ".join((run.error or run.summary()).split())


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
