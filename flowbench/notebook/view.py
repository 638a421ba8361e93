"""View: everything the panel shows of a run, as one small JSON object, computed from facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from flowbench import blueprint as bp
from flowbench.runtime import PastRun, Progress, Run

SCALE = 0.8  # of a graph's natural size, live and still: labels as large as the text of a notebook
SHOWN = 4  # running steps that are named; the rest is a number
TEXT_LENGTH = 4_000  # characters of one JSON value in the stepper: a person reads it, a browser lays it out
DEEPEST = 60  # levels of one JSON value
ERROR_LENGTH = 600


def view(run: Run, progress: Progress, total: int | None, now: float) -> dict[str, Any]:
    """{"state", "over", "done", "failed", "cancelled", "skipped": int, "fraction": float | None, "of": str, "running":
    [[agent, address, seconds]], "more": int, "seconds", "nodes": {id: status}, "counts": {id: text}, "note": str}

    total: steps the whole run will take, None if nobody can know. now: unix seconds.
    """
    fraction, of = _share(progress, total)
    running = [[agent, address, max(now - since, 0.0)] for address, agent, since in progress.running]
    return {
        "state": run.state,
        "over": run.has_ended,
        "done": progress.done,
        "failed": progress.failed,
        "cancelled": progress.cancelled,
        "skipped": progress.skipped,
        "fraction": 1.0 if run.state == "done" else fraction,
        "of": of,
        "running": running[:SHOWN],
        "more": max(len(running) - SHOWN, 0),
        "seconds": run.seconds,
        "nodes": progress.status(),
        "counts": progress.counts(),
        "note": note(run),
    }


def note(run: Run | PastRun) -> str:
    """Why the run stopped or is about to; empty while nothing is wrong."""
    cause = run.cause
    if cause is not None and run.state != "done":
        return f"Aborted: {cause.reason} (by {cause.by})"
    return cut(run.error or "", ERROR_LENGTH)


def steps_total(blueprint: bp.Blueprint) -> int | None:
    """How many steps the flow takes, where its shape alone says so; None with fan-outs, loops and uneven branches."""
    flow: Mapping[str, Any] = bp.to_json(blueprint)["flow"]
    return _steps(flow)


def json_text(value: Any, length: int = TEXT_LENGTH) -> str:
    """Indented JSON, cut to `length` characters; costs no more than these, however large the value is."""
    import msgspec

    return cut(msgspec.json.format(msgspec.json.encode(_beginning(value, [length], 0)), indent=2).decode(), length)


def _beginning(value: Any, room: list[int], depth: int) -> Any:
    """So much of a value that its text is as long as `room`, one number that shrinks."""
    room[0] -= 2
    if isinstance(value, str):
        room[0] -= len(value)
        return value[: max(room[0] + len(value) + 1, 1)]
    if isinstance(value, (dict, list, tuple)) and value and depth > DEEPEST:
        return "…"
    if isinstance(value, dict):
        found = {}
        for key, inner in value.items():
            if room[0] < 0:
                break
            room[0] -= len(key)
            found[key] = _beginning(inner, room, depth + 1)
        return found
    if isinstance(value, (list, tuple)):
        return [_beginning(inner, room, depth + 1) for inner in takewhile(lambda _: room[0] >= 0, value)]
    return value


def cut(text: str, length: int) -> str:
    """At most `length` characters, with an ellipsis where some are missing."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _share(progress: Progress, total: int | None) -> tuple[float | None, str]:
    if total:
        return min(progress.ended / total, 1.0), f"of {total}"
    promised = sum(progress.expected.values())
    if not promised:
        return None, ""
    there = sum(
        min(progress.by_shape[shape].ended, visits)
        for shape, visits in progress.expected.items()
        if shape in progress.by_shape
    )
    return (there / promised, "") if there < promised else (None, "")  # all fan-outs are through; what follows is open


def _steps(node: Mapping[str, Any]) -> int | None:
    kind = node["kind"]
    if kind == "step":
        return 1
    if kind in ("assign", "let"):
        return 0
    if kind == "seq":
        parts = [_steps(child) for child in node["children"]]
        return None if None in parts else sum(part or 0 for part in parts)
    if kind == "branch":
        arms = _steps(node["then"]), _steps(node["else"])
        return arms[0] if arms[0] == arms[1] else None
    if kind == "try" and _steps(node["catch"]) == 0:
        return _steps(node["body"])
    return None
