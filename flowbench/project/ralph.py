"""Ralph: loops of an agent that works through a project by itself: which run, how far, paused or asked to stop.

Files only: `scripts/ralph/runs/<id>/progress.txt`, and `PAUSE` and `STOP` beside it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flowbench.project.errors import NoSuchRun
from flowbench.storage import write

RUNS = Path("scripts", "ralph", "runs")
LARGEST = 1 << 20  # bytes of a progress file that are looked at, from its end
_ITERATION = re.compile(r"\biteration\b[\s:=#]*(\d{1,9})", re.IGNORECASE)
_EPIC = re.compile(r"\bepic\b[\s:=]*(fn-[\w-]+)", re.IGNORECASE)
_TASK = re.compile(r"\btask\b[\s:=]*(fn-[\w-]+\.\d+)", re.IGNORECASE)


def runs(root: Path) -> list[dict[str, Any]]:
    """{id, iteration, current_epic, current_task, paused, stopped} of each active run; what is not told is None.

    A run is active until its progress says both `completion_reason=` and `promise=COMPLETE`.
    """
    found = []
    try:
        folders = sorted(each for each in (root / RUNS).iterdir() if each.is_dir())
    except OSError:
        return []
    for folder in folders:
        text = _tail(folder / "progress.txt")
        if text is not None and not ("completion_reason=" in text and "promise=COMPLETE" in text):
            iteration = _last(_ITERATION, text)
            found.append(
                {
                    "id": folder.name,
                    "iteration": None if iteration is None else int(iteration),
                    "current_epic": _last(_EPIC, text),
                    "current_task": _last(_TASK, text),
                    "paused": (folder / "PAUSE").exists(),
                    "stopped": (folder / "STOP").exists(),
                }
            )
    return found


def chosen(root: Path, run: str | None = None) -> dict[str, Any]:
    """The one active run, or the one that is named. Raises: NoSuchRun."""
    active = runs(root)
    names = [each["id"] for each in active]
    if run is not None:
        if run not in names:
            raise NoSuchRun(
                f"Run not found: {run}" + (f" (active: {', '.join(names)})" if names else " (no active runs)")
            )
        return active[names.index(run)]
    if not active:
        raise NoSuchRun("No active runs")
    if len(active) > 1:
        raise NoSuchRun(f"Several active runs: {', '.join(names)}. Name one with --run.")
    return active[0]


def pause(root: Path, run: str | None = None, *, dry_run: bool = False) -> dict[str, Any]:
    """{run, action: paused}. Raises: NoSuchRun, StorageError."""
    return _flag(root, run, "PAUSE", "paused", dry_run)


def stop(root: Path, run: str | None = None, *, dry_run: bool = False) -> dict[str, Any]:
    """{run, action: stop_requested}. Raises: NoSuchRun, StorageError."""
    return _flag(root, run, "STOP", "stop_requested", dry_run)


def resume(root: Path, run: str | None = None, *, dry_run: bool = False) -> dict[str, Any]:
    """{run, action: resumed}. Raises: NoSuchRun."""
    name = chosen(root, run)["id"]
    if not dry_run:
        (root / RUNS / name / "PAUSE").unlink(missing_ok=True)
    return {"run": name, "action": "resumed", **({"dry_run": True} if dry_run else {})}


def _flag(root: Path, run: str | None, file: str, action: str, dry_run: bool) -> dict[str, Any]:
    name = chosen(root, run)["id"]
    if not dry_run:
        write(root / RUNS / name / file, b"", mode=0o644)
    return {"run": name, "action": action, **({"dry_run": True} if dry_run else {})}


def _tail(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LARGEST))
            return file.read().decode(errors="replace")
    except OSError:
        return None


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    found = None
    for match in pattern.finditer(text):
        found = match[1]
    return found
