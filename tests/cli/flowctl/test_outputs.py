"""Outputs: what a worker leaves for whoever goes on."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from flowbench.project import InvalidId, NotFound, TaskRefused
from tests.cli.flowctl.conftest import Call


def test_a_note_is_left_listed_and_read(call: Call, say: Callable[..., str], epic: str, repo: Path) -> None:
    told = call("outputs", "write", f"{epic}.10"[:-1], "--file", "-", stdin=io.StringIO("# Schema\nsee db.py\n"))

    assert told["path"] == f".flow/outputs/{epic}.1.md"
    assert (repo / told["path"]).read_text() == "# Schema\nsee db.py\n"
    call("outputs", "write", "fn-1.2", "--text", "half done")
    assert [row["task"] for row in call("outputs", "list", "--epic", epic)["outputs"]] == [f"{epic}.1", f"{epic}.2"]
    assert call("outputs", "show", f"{epic}.2")["content"] == "half done\n"
    assert say("outputs", "show", f"{epic}.1") == "# Schema\nsee db.py\n"
    assert call("outputs", "write", f"{epic}.2", "--text", "done")["replaced"] is True
    assert "bytes" in say("outputs", "list")


def test_a_dry_run_leaves_no_note(call: Call, epic: str) -> None:
    assert call("outputs", "write", f"{epic}.1", "--text", "x", "--dry-run")["plan"]["written"] == [
        f".flow/outputs/{epic}.1.md"
    ]
    assert call("outputs", "list")["count"] == 0


def test_notes_that_cannot_be_are_refused(call: Call, epic: str) -> None:
    with pytest.raises(TaskRefused, match="no hand-off note"):
        call("outputs", "show", f"{epic}.1")
    with pytest.raises(NotFound):
        call("outputs", "show", f"{epic}.9")
    with pytest.raises(InvalidId):
        call("outputs", "write", "../x", "--text", "x")
    with pytest.raises(TaskRefused, match="empty"):
        call("outputs", "write", f"{epic}.1", "--text", " ")
    with pytest.raises(click.UsageError):
        call("outputs", "write", f"{epic}.1")
