"""Approvals: what a shell hears of a decision."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from flowbench.cli import flowctl
from flowbench.project import ApprovalRefused
from tests.cli.flowctl.conftest import Call


def code(repo: Path, *words: str) -> int:
    return flowctl.call(words, cwd=repo).code


def test_a_decision_is_an_exit_code(repo: Path, call: Call, epic: str) -> None:
    for question in ("Go on?", "Drop it?", "Well?"):
        call("approvals", "create", question, "--task", f"{epic}.1", "--kind", "mutation", "--payload", '{"a": 1}')
    call("approvals", "approve", "ap-1", "--note", "fine")
    call("approvals", "reject", "ap-2", "--reason", "no")

    assert [code(repo, "approvals", "show", f"ap-{n}", "--wait", "0") for n in (1, 2, 3)] == [0, 1, 3]
    told = call("approvals", "show", "ap-3", "--wait", "0")
    assert (told["success"], told["timed_out"], told["status"]) == (False, True, "pending")
    assert call("approvals", "show", "ap-2")["note"] == "no"
    assert call("approvals", "show", "ap-1", "--wait", "forever")["payload"] == {"a": 1}
    assert code(repo, "approvals", "create", "--question", "Still?", "--wait", "0") == 3
    assert [row["id"] for row in call("approvals", "list", "--status", "pending")["approvals"]] == ["ap-3", "ap-4"]


def test_a_person_reads_who_decided_what(call: Call, say: Callable[..., str]) -> None:
    assert say("approvals", "list") == "Nothing was asked."
    assert say("approvals", "create", "Go on?") == "Approval ap-1 waits for a decision"
    assert "alice@example.com" in say("approvals", "show", "ap-1")
    assert say("approvals", "approve", "ap-1") == "Approval ap-1 approved"
    assert "ap-1  approved" in say("approvals", "list")


def test_wrong_calls_are_refused(call: Call) -> None:
    with pytest.raises(click.UsageError, match="give the question"):
        call("approvals", "create")
    with pytest.raises(click.UsageError, match="no number of seconds"):
        call("approvals", "show", "ap-1", "--wait", "soon")
    with pytest.raises(ApprovalRefused, match="no JSON"):
        call("approvals", "create", "x", "--payload", "{")
    with pytest.raises(ApprovalRefused, match="No such approval"):
        call("approvals", "show", "ap-9")
