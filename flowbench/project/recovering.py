"""Recovering: tasks whose commits are there, and which nobody has marked as done."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.project import sections
from flowbench.project.answering import told
from flowbench.project.errors import EpicRefused, GitFailed
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.project import Project

SECONDS = 60.0  # for one look through the history


def recover(project: Project, epic: str, *, dry_run: bool = False, seconds: float = SECONDS) -> dict[str, Any]:
    """{epic, dry_run, recovered: [{id, title, commits: ["hash subject"]}], already_done, not_found, summary}.

    A task that a commit of any branch names as a word is done: evidence are these commits, `final_rev` is the last one
    listed, the oldest. A task that was skipped counts as done already. seconds: for git.
    Raises: InvalidId, NotFound; EpicRefused for an epic without tasks; GitFailed.
    """
    wanted = project.epic(epic).id
    with project.change("recover", dry_run=dry_run) as change:
        tasks = change.tasks(wanted)
        if not tasks:
            raise EpicRefused(f"No tasks found for epic {wanted}")
        commits = _commits(project.layout.root, f"{wanted}.", seconds)
        recovered, already, missing = [], [], []
        for task in tasks:
            if task.status.is_satisfied:
                already.append(task.id)
                continue
            named = _named(task.id)
            found = [(hash, text.partition("\n")[0]) for hash, text in commits if named.search(text)]
            if not found:
                missing.append(task.id)
                continue
            hashes = [hash for hash, _ in found]
            proof: dict[str, Any] = {"commits": hashes, "tests": [], "prs": []}
            change.set(task.id, status=Status.DONE)
            change.body(task.id, lambda body, proof=proof: _written(body, proof))  # type: ignore[misc]
            change.evidence(task.id, proof)
            change.note(task.id, completed_at=change.now, final_rev=hashes[-1], blocked_reason=None)
            payload = {"recovered": True, "commits": hashes, "from": task.status.value}
            change.event("task_completed", task=task.id, payload=payload)
            lines = [f"{hash} {subject}" for hash, subject in found]
            recovered.append({"id": task.id, "title": task.title, "commits": lines})
    facts: dict[str, list[Any]] = {"recovered": recovered, "already_done": already, "not_found": missing}
    summary = {f"{name}_count": len(each) for name, each in facts.items()}
    return {"epic": wanted, "dry_run": dry_run, **told(change, **facts), "summary": summary}


def _written(body: str, proof: dict[str, Any]) -> str:
    summed = sections.patched(body, sections.SUMMARY, "- Recovered from the history of the repository")
    return sections.patched(summed, sections.EVIDENCE, sections.evidence_text(proof))


def _named(id: str) -> re.Pattern[str]:
    """The id as a word: `fn-1.1` is not in `fn-1.10`, nor in `x-fn-1.1`."""
    return re.compile(rf"(?<![\w.-]){re.escape(id)}(?!\w|\.\d)")


def _commits(root: Path, text: str, seconds: float) -> list[tuple[str, str]]:
    """(short hash, message) of all commits whose message holds a text, newest first. Raises: GitFailed."""
    import subprocess

    asked = [
        "log",
        "--all",
        "--topo-order",
        "--no-color",
        "--no-show-signature",
        "-z",
        "--format=%h%n%B",
        "--fixed-strings",
    ]
    try:
        found = subprocess.run(
            ["git", *asked, f"--grep={text}"],
            cwd=root,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GitFailed(f"git log took longer than {seconds:g} s and was ended", timed_out=True) from None
    except OSError as error:
        raise GitFailed(f"git cannot be run: {error.strerror or error}") from None
    if found.returncode:
        said = found.stderr.decode(errors="replace").strip().splitlines()
        raise GitFailed(f"git log: {said[0] if said else f'exit code {found.returncode}'}")
    entries = found.stdout.decode(errors="replace").split("\0")
    return [(hash, message) for hash, _, message in (entry.strip().partition("\n") for entry in entries) if hash]
