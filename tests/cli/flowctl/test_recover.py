"""Recover: what the history says of tasks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from flowbench.cancel import Aborted, CancelToken
from flowbench.project import EpicRefused, GitFailed, Project
from flowbench.project.recovering import recover
from tests.cli.flowctl.conftest import Call


def git(repo: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=repo, check=True, capture_output=True)


def commit(repo: Path, message: str) -> None:
    git(repo, "commit", "-q", "--allow-empty", "-m", message)


def test_a_task_that_commits_name_is_done(call: Call, say: Callable[..., str], epic: str, repo: Path) -> None:
    git(repo, "init", "-q")
    for _ in range(8):
        call("task", "create", "--epic", epic, "--title", "More")
    call("task", "skip", f"{epic}.3")
    commit(repo, f"Schema ({epic}.1)")
    git(repo, "checkout", "-q", "-b", "other")
    commit(repo, f"Ready\n\nfor {epic}.1, and it is tested")
    commit(repo, f"Store: {epic}.10.")
    commit(repo, f"nothing of x{epic}.2 or {epic}.22 or {epic}.2.1")

    dry = call("recover", "--epic", epic, "--dry-run")
    told = call("recover", "--epic", epic)

    assert dry["dry_run"] is True
    assert dry["recovered"] == told["recovered"]
    assert [each["id"] for each in told["recovered"]] == [f"{epic}.1", f"{epic}.10"]
    first = told["recovered"][0]["commits"]
    assert [line.partition(" ")[2] for line in first] == ["Ready", f"Schema ({epic}.1)"]
    assert told["already_done"] == [f"{epic}.3"]
    assert told["summary"] == {"recovered_count": 2, "already_done_count": 1, "not_found_count": 8}
    shown = call("show", f"{epic}.1")
    assert shown["status"] == "done"
    assert shown["evidence"]["commits"] == [line.split()[0] for line in first]
    assert Project.find(repo).runtime(f"{epic}.1").final_rev == first[-1].split()[0]
    assert call("validate", "--epic", epic)["valid"]
    assert "0 recovered, 3 done already, 8 without commits" in say("recover", "--epic", epic)


def test_without_tasks_or_git_nothing_is_recovered(
    call: Call, epic: str, repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = call("epic", "create", "--title", "Empty")["id"]
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(EpicRefused, match="No tasks found"):
        call("recover", "--epic", empty)
    with pytest.raises(GitFailed, match="not a git repository"):
        call("recover", "--epic", epic)
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
    with pytest.raises(GitFailed, match=r"longer than 0\.1 s") as told:
        recover(Project.find(repo), epic, seconds=0.1)
    assert told.value.exit_code == 3
    with pytest.raises(Aborted):
        recover(Project.find(repo), epic, token=CancelToken(0.3))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitFailed, match="git cannot be run"):
        call("recover", "--epic", epic)
