"""Recordings: runs of the original of flowctl, and the state of a project in which each of them was made.

Only what was asked and answered is on record; the state before each run is told here, as far as the answer shows it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from flowbench.project import Project

EXAMPLES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("recorded.json").read_text())["examples"]
E1, E2, E6 = "fn-1-add-auth", "fn-2-search", "fn-2-billing"
FILES = {
    "r.md": "waits for a key\n",
    "d.md": "What it is about\n",
    "acc1.md": "- [ ] it works\n",
    "m.txt": "Is this right?\n",
    "f.txt": """Found:
<findings>[{"title": "No rate limit", "severity": "Critical", "location": "api.py:3", "recommendation": "add one"},
{"title": "No log"},
{"title": "Typo", "severity": "nitpick", "location": "README", "recommendation": "fix"}]</findings>""",
}
TASKS: list[dict[str, Any]] = [
    {"title": "Design schema", "priority": 1, "domain": "architecture"},
    {"title": "Implement store", "deps": [1], "files": ["src/db.py", "src/store.py"]},
    {"title": "Implement API", "deps": [2], "files": ["src/db.py", "src/api.py"]},
    {"title": "Frontend form", "deps": [1]},
    {"title": "Write tests", "deps": [3, 4]},
    {"title": "Docs"},
    {"title": "Ops", "deps": [5]},
    {"title": "Release", "deps": [7]},
]
Base = Literal["nothing", "empty", "epic", "full"]
"""nothing: a repository. empty: with a project. epic: with E1 without tasks. full: E1 with all tasks, E2 with one."""


class Before(NamedTuple):
    """What there was before a run: the base, verbs that had been called, and what the run itself reads."""

    base: Base = "full"
    verbs: Sequence[str] = ()
    stdin: str = ""
    files: dict[str, str] = {}  # noqa: RUF012 -- never changed


_FINISHED = [f"done {{E1}}.{number} --force" for number in range(1, 9)]
_GAPS = [
    "gap add --epic {E1} --capability Password_reset",
    "gap add --epic {E1} --capability Dark_mode --priority nice-to-have --task {E1}.4",
]
_LEARNED = [
    "memory init",
    "memory add pitfall Use_python_pytest_fixtures_for_the_api_test",
    "memory add convention Name_branches_feat/x",
]
_RUN = {"scripts/ralph/runs/run-a/progress.txt": "iteration: 3\nepic={E1}\ntask={E1}.2\n"}
_RECEIPT = (
    '{"type":"impl_review","mode":"codex","verdict":"SHIP","review_receipt":{"type":"impl_review","mode":"codex"}}'
)

BEFORE: dict[str, Before] = {
    **dict.fromkeys(
        ("detect", "status", "epics !", "config get memory.enabled !", "next !", "init"), Before("nothing")
    ),
    **dict.fromkeys(
        (
            *("epics", "config get memory.enabled", "next", "tasks", "tasks --status nope !", "list", "queue"),
            *("validate --all", "validate !", "state-path", "doctor", "config set scouts.github true"),
            *("review-backend", "epic create --title Add auth", "epic create !", "task create --title x !", "done !"),
            *("epic clean", "memory init", "guard", "stack show", "stack detect --dry-run", "invariants show"),
            *("invariants check", "invariants init", "ralph status !", "codex check", "ready !"),
        ),
        Before("empty"),
    ),
    "task create --epic {E1} --title Design schema --priority 1 --domain architecture": Before("epic"),
    "show {E1}": Before("epic"),
    'done {E1}.1 --summary Schema ready --evidence-json {"commits":["c0ffee1"],"tests":["make test"]}': Before(
        verbs=["start {E1}.1"]
    ),
    "epic set-plan {E1} --file -": Before(stdin="# Plan\n## A\nx\n"),
    "epic set-plan {E1} --file - !": Before(stdin="# Plan\n## A\nx\n## A\ny\n"),
    "task set-description {E1}.1 --file -": Before(stdin="What it is about\n"),
    "task show-backend {E1}.1": Before(
        verbs=["epic set-backend {E1} --impl codex:high --review claude:opus", "task set-backend {E1}.1 --review rp"]
    ),
    "block {E1}.1 --reason-file r.md !": Before(verbs=["done {E1}.1 --force"]),
    "restart {E1}.3 --dry-run": Before(verbs=["block {E1}.3 --reason-file r.md"]),
    "task reset {E1}.4 !": Before(verbs=["done {E1}.1 --force", "start {E1}.4"]),
    "checkpoint restore --epic {E1}": Before(verbs=["checkpoint save --epic {E1}"]),
    "checkpoint delete --epic {E1}": Before(verbs=["checkpoint save --epic {E1}"]),
    "lock-check --file b.py": Before(verbs=["lock --task {E1}.5 --files b.py"]),
    "unlock --task {E1}.5 --files a.py": Before(verbs=["lock --task {E1}.5 --files a.py,b.py"]),
    "gap list --epic {E1}": Before(verbs=_GAPS),
    "gap check --epic {E1}": Before(
        verbs=[
            *_GAPS,
            "gap add --epic {E1} --capability T --priority important --source impl",
            "gap resolve --epic {E1} --capability Password_reset --evidence done_in_.9",
            "gap resolve --epic {E1} --capability T --evidence x",
        ]
    ),
    "gap resolve --epic {E1} --capability Password reset --evidence done in .9": Before(verbs=_GAPS),
    "parse-findings --file - --register !": Before(stdin="<findings>[]</findings>"),
    "epic close {E1}": Before(verbs=_FINISHED),
    "epic archive {E1}": Before(
        verbs=[
            "task split {E1}.7 --titles A|B --chain",
            *(f"done {{E1}}.{number} --force" for number in (1, 3, 4, 5, 6, 8, 9, 10)),
            f"done {{E1}}.2 --force --evidence-json {_RECEIPT}",
            "epic close {E1}",
        ]
    ),
    "epic reopen {E1}": Before(verbs=[*_FINISHED, "epic close {E1}"]),
    "memory add pitfall Use python pytest fixtures for the api test": Before("empty", ["memory init"]),
    "memory add rumour x !": Before("empty", ["memory init"]),
    **dict.fromkeys(
        (
            *("memory list", "memory read", "memory search BRANCHES", "memory inject", "memory verify 1"),
            "memory gc --days 0 --dry-run",
        ),
        Before("empty", _LEARNED),
    ),
    "guard !": Before(
        "empty",
        ["stack set --file stack.json"],
        files={"stack.json": '{"backend": {"language": "python", "test": "true", "lint": "false"}}'},
    ),
    "stack set --file -": Before("empty", stdin='{"backend": {"language": "python", "lint": "true", "test": "true"}}'),
    "stack set --file - !": Before("empty", stdin="[]"),
    **dict.fromkeys(
        ("ralph status", "ralph pause --run run-a", "ralph resume", "ralph stop"), Before("full", files=_RUN)
    ),
    "migrate-state": Before(verbs=["epic archive {E1} --force", "epic set-title {E2} --title Billing"]),
}


def key(example: dict[str, Any]) -> str:
    """The words of a run; `!` for one that failed."""
    return " ".join(example["argv"]) + (" !" if example["exit"] else "")


def named(value: Any, root: Path) -> Any:
    """With the ids and paths of here in the place of placeholders."""
    if isinstance(value, str):
        return value.replace("{E1}", E1).replace("{E2}", E2).replace("{E6}", E6).replace("<ROOT>", str(root))
    if isinstance(value, list):
        return [named(each, root) for each in value]
    if isinstance(value, dict):
        return {named(name, root): named(each, root) for name, each in value.items()}
    return value


def words(line: str) -> list[str]:
    """Of one verb; `_` within a word is a space."""
    return [word if word.startswith("{") else word.replace("_", " ") for word in named(line, Path()).split(" ")]


def build(base: Base, folder: Path) -> Path:
    """A repository with what the base says."""
    repo = folder / "repo"
    subprocess.run(["git", "init", "-q", "--template=", str(repo)], check=True)
    for name, text in FILES.items():
        (repo / name).write_text(text)
    if base == "nothing":
        return repo
    project, _ = Project.init(repo)
    if base != "empty":
        with project.change("made") as change:
            change.create_epic("Add auth")
            for task in TASKS if base == "full" else ():
                given = {name: value for name, value in task.items() if name not in ("title", "deps")}
                deps = [f"{E1}.{number}" for number in task.get("deps", ())]
                change.create_task(E1, task["title"], depends_on=deps, **given)
            if base == "full":
                change.create_epic("Search")
                change.create_task(E2, "Index")
    project.close()
    return repo
