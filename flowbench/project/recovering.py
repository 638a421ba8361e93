"""Recovering: tasks whose commits are there, and which nobody has marked as done."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.cancel import CancelToken, bound
from flowbench.project import sections
from flowbench.project.answering import told
from flowbench.project.errors import EpicRefused, GitFailed
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.project import Project

SECONDS = 60.0  # for one look through the history
LOOK_SECONDS = 0.1  # between looks at the token


def recover(
    project: Project, epic: str, *, dry_run: bool = False, seconds: float = SECONDS, token: CancelToken | None = None
) -> dict[str, Any]:
    """Abort raises Aborted, and nothing has changed.

    {epic, dry_run, recovered: [{id, title, commits: ["hash subject"]}], already_done, not_found, summary}.
    A task that a commit of any branch names as a word is done: evidence are these commits, `final_rev` is the last one
    listed, the oldest. A task that was skipped counts as done already. seconds: for git.
    Raises: InvalidId, NotFound; EpicRefused for an epic without tasks; GitFailed.
    """
    wanted = project.epic(epic).id
    if not project.tasks(wanted):
        raise EpicRefused(f"No tasks found for epic {wanted}")
    commits = _commits(project.layout.root, f"{wanted}.", seconds, bound(token))
    with project.change("recover", dry_run=dry_run) as change:
        recovered, already, missing = [], [], []
        for task in change.tasks(wanted):
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


def _commits(root: Path, text: str, seconds: float, stop: CancelToken) -> list[tuple[str, str]]:
    """(short hash, message) of all commits whose message holds a text, newest first. Raises: GitFailed, Aborted."""
    asked = ["log", "--all", "--topo-order", "--no-color", "--no-show-signature", "-z", "--format=%h%n%B"]
    code, out, err = _git([*asked, "--fixed-strings", f"--grep={text}"], root, seconds, stop)
    if code:
        said = err.strip().splitlines()
        raise GitFailed(f"git log: {said[0] if said else f'exit code {code}'}")
    entries = (entry.strip().partition("\n") for entry in out.split("\0"))
    return [(hash, message) for hash, _, message in entries if hash]


def _git(words: list[str], root: Path, seconds: float, stop: CancelToken) -> tuple[int, str, str]:
    """(exit code, what it printed, and on standard error)."""
    import subprocess

    stop.heartbeat()
    until = time.monotonic() + seconds
    try:
        process = subprocess.Popen(
            ["git", *words],
            cwd=root,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise GitFailed(f"git cannot be run: {error.strerror or error}") from None
    with process:
        try:
            while True:
                try:
                    out, err = process.communicate(timeout=LOOK_SECONDS)
                    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")
                except subprocess.TimeoutExpired:
                    stop.heartbeat()
                    if time.monotonic() >= until:
                        raise GitFailed(
                            f"git log took longer than {seconds:g} s and was ended", timed_out=True
                        ) from None
        finally:
            if process.poll() is None:
                process.kill()
