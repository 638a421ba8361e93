"""Executing: a notebook is run for a command, which then says what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from flowbench.cli import output as standard
from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.words import as_json, seconds
from flowbench.words import count

if TYPE_CHECKING:
    from flowbench.notebook import NotebookError, Options, Result


def execute(source: Path, target: Path, machine: bool, **options: Unpack[Options]) -> None:
    """Execute and tell: lines for a person, one JSON object for a program, also of a notebook that did not get through.

    Raises: Refusal, which says where the notebook was saved as far as it came.
    """
    from flowbench.notebook import NotebookError, NotebookRefused, run_notebook

    try:
        result = run_notebook(source, target, **options)
    except NotebookRefused:  # nothing was written
        raise
    except NotebookError as error:
        runs = _runs(target)
        if machine:
            standard.say(as_json(_unfinished(target, error, runs)))
        hints = "".join(f"; go on with: flowbench resume {run['id']}" for run in runs if run["state"] == "interrupted")
        raise Refusal(f"{error} (saved as {target}){hints}", Exit(error.exit_code)) from error
    if machine:
        standard.say(as_json(facts(result)))
        return
    standard.say(f"Executed  {count(result.cells, 'cell')} in {seconds(result.seconds)}")
    if result.run_ids:
        standard.say(f"Ran       {count(len(result.run_ids), 'run')}: {', '.join(result.run_ids)}")
    standard.say(f"Notebook  {result.notebook}")


def facts(result: Result) -> dict[str, object]:
    """{"notebook": absolute path, "state": "done", "run_ids": [str], "runs": [facts], "seconds": float, "cells": int,
    "error": None, "output": what it handed over}"""
    return {
        "notebook": str(result.notebook),
        "state": "done",
        "run_ids": list(result.run_ids),
        "runs": list(result.runs),
        "seconds": round(result.seconds, 3),
        "cells": result.cells,
        "error": None,
        "output": result.output,
    }


def _unfinished(target: Path, error: NotebookError, runs: list[dict[str, object]]) -> dict[str, object]:
    """The same of a notebook that ended early; `cell`: from 1, the one that stopped it."""
    summary = _metadata(target)
    return {
        "notebook": str(target.absolute()),
        "state": error.outcome,
        "run_ids": [run["id"] for run in runs],
        "runs": runs,
        "seconds": summary.get("seconds"),
        "cells": summary.get("cells"),
        "error": str(error),
        "cell": None if error.cell is None else error.cell + 1,
    }


def _runs(target: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = _metadata(target).get("runs", [])
    return found


def _metadata(target: Path) -> dict[str, Any]:
    import json

    try:
        found = json.loads(target.read_text(encoding="utf-8"))["metadata"]["flowbench"]
    except (OSError, ValueError, KeyError):  # a target that cannot be read back, such as a device
        return {}
    return found if isinstance(found, dict) else {}
