"""Programs: stand-ins for tools of third parties, put on PATH in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Put = Callable[[str, str], Path]


@pytest.fixture
def bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """`bin("codex", "echo hello")`: a program of that name; before, PATH holds git and what a shell needs, no more."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("git", "sh", "cat", "sleep", "grep", "env"):
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    for variable in ("FLOW_CODEX_TIMEOUT", "FLOW_CODEX_MODEL", "CODEX_SANDBOX", "RALPH_ITERATION", "FLOW_RP_TIMEOUT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("FLOW_REVIEW_BACKEND", raising=False)

    def put(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def branch(repo: Path, epic: str) -> str:
    """The project in a git repository: `main`, and a branch with one change more. The first task."""

    def git(*words: str) -> None:
        who = {"NAME": "alice", "EMAIL": "alice@example.com"}
        env = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        subprocess.run(["git", *words], cwd=repo, check=True, capture_output=True, env={**os.environ, **env})

    git("init", "-q", "-b", "main")
    (repo / "api.py").write_text("limit = None\n")
    git("add", ".")
    git("commit", "-qm", "begin")
    git("checkout", "-qb", "feature")
    (repo / "api.py").write_text("limit = 10  # ``` per second\n")
    git("commit", "-qam", "limit")
    return f"{epic}.1"
