"""Completion: what can follow in a `%fb` line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from flowbench import blueprint as bp
from flowbench.notebook.arguments import LOOKING, STEPS, USAGE, is_moment
from flowbench.notebook.body import paths
from flowbench.notebook.recent import Recent
from flowbench.notebook.tool_words import FLAGS as TOOL_FLAGS
from flowbench.runtime import runs

FLAGS = {
    "agents": ["--out"],
    "ctx": ["--out"],
    "diff": ["--out"],
    "explain": ["--answers", "--ctx", "--operator", "--out"],
    "lint": ["--allow", "--deny", "--out", "--warn"],
    "runs": ["--out"],
    "run": [
        "--answers",
        "--bg",
        "--check",
        "--ctx",
        "--durability",
        "--limit",
        "--on-abort",
        "--operator",
        "--out",
        "--step",
        "--timeout",
    ],
    "rerun": [
        "--answers",
        "--at",
        "--bg",
        "--limit",
        "--on-abort",
        "--operator",
        "--out",
        "--set",
        "--timeout",
        "--with",
    ],
    **TOOL_FLAGS,
    "resume": ["--answers", "--bg", "--limit", "--on-abort", "--operator", "--out", "--timeout"],
}
CHOICES = {
    "--check": ["fail", "off", "warn"],
    "--on-abort": ["continue", "stop"],
    "--durability": ["memory", "power", "process"],
}
NAMING = ("run", "graph", "agents", "explain", "lint")
RUN_NAMING = ("abort", "ctx", "diff")
ADDRESSES = 50  # steps of a run that are offered
OFFERED = 20  # recorded runs


_LINE = re.compile(r"\s*%(?:fb|flowbench)\s")


def complete_line(before: str, variables: Mapping[str, Any], recent: Recent) -> tuple[str, list[str]]:
    """The word that stands before the cursor and what it may become; ("", []) in a line that is not ours."""
    if not _LINE.match(before):
        return "", []
    word = "" if before[-1].isspace() else before.split()[-1]
    return word, complete(before, variables, recent)


def complete(before: str, variables: Mapping[str, Any], recent: Recent) -> list[str]:
    """Candidates for the last word, which may be empty. before: the line up to the cursor, `%fb` included."""
    _, *given = before.split()
    if not given or (len(given) == 1 and not before.endswith(" ")):
        return _starting(given[-1] if given else "", [*USAGE, *TOOL_FLAGS])
    name, *rest = given
    word = "" if before.endswith(" ") else rest.pop()
    if rest and rest[-1] in CHOICES:
        return _starting(word, CHOICES[rest[-1]])
    if rest and rest[-1] in ("--ctx", "--answers", "--operator"):
        return _starting(word, [key for key in variables if not key.startswith("_")])
    if word.startswith("-"):
        return _starting(word, FLAGS.get(name, []))
    if name in TOOL_FLAGS:
        return []  # paths are IPython's own business
    if name == "step":
        return (
            _starting(word, STEPS)
            if not rest
            else _starting(word, paths(recent.known_ctx()))
            if rest == ["set"]
            else []
        )
    if name in NAMING and not rest:
        known = blueprint_names(variables)
        return _starting(word, [*known, *(run.id for run in recent.runs())] if name == "graph" and word else known)
    if name == "rerun" and rest and rest[-1] == "--at":
        return _starting(word, _addresses(rest[0], word, recent))
    if name == "rerun" and rest and rest[-1] == "--with":
        return _starting(word, blueprint_names(variables))
    if name in ("resume", "rerun") and not rest:
        return _starting(word, [info.id for info in runs()[:OFFERED]])[::-1]  # the newest first
    if name in RUN_NAMING:
        found = [run.id for run in recent.runs()] if not rest else []
        if name in LOOKING and len(rest) < LOOKING[name]:
            found += _addresses(rest[0] if rest else "", word, recent)
        return _starting(word, found)
    return [] if word else FLAGS.get(name, [])


def blueprint_names(variables: Mapping[str, Any]) -> list[str]:
    """Variables that hold a Blueprint; not those of IPython's own history."""
    return [name for name, value in variables.items() if isinstance(value, bp.Blueprint) and not name.startswith("_")]


def _addresses(run: str, word: str, recent: Recent) -> list[str]:
    """Of the run that was named first, else of the newest one."""
    known: list[Any]
    if run and not is_moment(run):
        known = [recent.look_up(run)] if recent.is_run(run) else []
    else:
        known = [*recent.runs()][:1]
    steps = [step for each in known for step in list(each.steps)]
    found = dict.fromkeys(step.address for step in steps if step.address.startswith(word))
    return [*islice(found, ADDRESSES), *(end for end in ("start", "end") if word and end.startswith(word))]


def _starting(word: str, candidates: Any) -> list[str]:
    return sorted(candidate for candidate in candidates if candidate.startswith(word))
