"""Gap: what an epic lacks is noted once, keeps it open, and is closed with evidence."""

from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest

from flowbench.cli import flowctl
from flowbench.project import GapRefused, InvalidId, NotFound, Project
from tests.cli.flowctl.conftest import Call

REVIEW = """Here it is:
<findings>
[{"title": "No rate limit", "severity": "CRITICAL", "location": "api.py:3", "recommendation": "add one"},
 {"title": "Half", "severity": "major"},
 {"title": "Slow", "severity": "major", "location": "db.py", "recommendation": "index"},
 {"title": "Odd", "severity": "weird", "location": "db.py", "recommendation": "look"},
 {"title": "Typo", "severity": "nitpick", "location": "README", "recommendation": "fix"},]
</findings>"""


def test_a_gap_is_added_once(call: Call, epic: str) -> None:
    first = call("gap", "add", "--epic", epic, "--capability", "Password reset")
    again = call("gap", "add", "--epic", "fn-1", "--title", "  password RESET ")

    assert first["message"] == f"Gap {first['id']} added to {epic}"
    assert {**first["gap"], "added_at": ""} == {
        "id": first["id"],
        "capability": "Password reset",
        "priority": "required",
        "status": "open",
        "source": "manual",
        "task": None,
        "added_at": "",
        "resolved_at": None,
        "evidence": None,
    }
    assert (first["created"], again["created"]) == (True, False)
    assert again["gap"] == first["gap"]
    assert call("gap", "list", "--epic", epic)["count"] == 1


def test_the_id_of_a_gap_is_that_of_the_original() -> None:
    from flowbench.project.gaps import gap_id

    assert gap_id("fn-1-add-auth", " PASSWORD reset ") == "gap-94d532c1"


def test_a_gate_fails_while_a_gap_that_matters_is_open(call: Call, epic: str, repo: Path) -> None:
    call("gap", "add", "--epic", epic, "--capability", "Dark mode", "--priority", "nice-to-have", "--task", "fn-1.3")
    assert call("gap", "check", "--epic", epic)["gate"] == "pass"
    gap = call("gap", "add", "--epic", epic, "--capability", "Login", "--priority", "important")["id"]

    failed = flowctl.call(["gap", "check", "--epic", epic], cwd=repo)
    closed = call("gap", "resolve", "--epic", epic, "--id", gap, "--evidence", "done in .2")
    passed = call("gap", "check", "--epic", epic)

    assert (failed.code, failed.data["success"], failed.data["gate"]) == (1, False, "fail")
    assert "Login" in failed.text
    assert (closed["changed"], closed["gap"]["status"], closed["gap"]["evidence"]) == (True, "resolved", "done in .2")
    assert passed["open_non_blocking"][0]["task"] == f"{epic}.3"
    assert [len(passed[key]) for key in ("open_blocking", "open_non_blocking", "resolved")] == [0, 1, 1]
    assert call("gap", "resolve", "--epic", epic, "--capability", "login", "--evidence", "x")["changed"] is False


def test_wrong_gaps_are_refused(call: Call, epic: str) -> None:
    with pytest.raises(GapRefused, match=r"Gap not found: capability 'nope' \(computed id: gap-"):
        call("gap", "resolve", "--epic", epic, "--capability", "nope", "--evidence", "e")
    with pytest.raises(click.UsageError):
        call("gap", "resolve", "--epic", epic, "--evidence", "e")
    with pytest.raises(click.UsageError):
        call("gap", "add", "--epic", epic, "--capability", "x", "--priority", "huge")
    with pytest.raises(GapRefused, match="needs a capability"):
        call("gap", "add", "--epic", epic, "--capability", " ")
    with pytest.raises(InvalidId):
        call("gap", "add", "--epic", epic, "--capability", "x", "--task", "nope")
    with pytest.raises(NotFound):
        call("gap", "list", "--epic", "fn-9")


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(call: Call, epic: str, repo: Path) -> None:
    told = call("gap", "add", "--epic", epic, "--capability", "x", "--dry-run")

    assert told["plan"]["written"] == [f".flow/epics/{epic}.gaps.json"]
    assert told["plan"]["events"][0]["type"] == "gap_added"
    assert not (repo / ".flow/epics" / f"{epic}.gaps.json").exists()


def test_an_epic_with_an_open_gap_is_not_closed(call: Call, epic: str) -> None:
    for number in (1, 2, 3):
        call("task", "skip", f"{epic}.{number}")
    call("gap", "add", "--epic", epic, "--capability", "Password reset")

    with pytest.raises(Exception, match="Password reset"):
        call("epic", "close", epic)


def test_findings_are_read_and_become_gaps(call: Call, epic: str, repo: Path) -> None:
    read = call("parse-findings", "--file", "-", stdin=io.StringIO(REVIEW))
    told = call(
        "parse-findings", "--file", "-", "--epic", epic, "--register", "--source", "impl", stdin=io.StringIO(REVIEW)
    )
    again = call("parse-findings", "--file", "-", "--epic", epic, "--register", stdin=io.StringIO(REVIEW))

    assert (read["count"], read["registered"]) == (4, 0)
    assert read["warnings"] == ["Finding 2 missing keys: location, recommendation, skipping"]
    assert (told["registered"], again["registered"]) == (3, 0)
    assert "Unknown severity 'weird'" in told["warnings"][-1]
    kept = json.loads((repo / ".flow/epics" / f"{epic}.gaps.json").read_text())
    assert [(gap["capability"], gap["priority"], gap["source"]) for gap in kept] == [
        ("No rate limit", "required", "impl"),
        ("Slow", "important", "impl"),
        ("Odd", "important", "impl"),
    ]
    project = Project.find(repo)
    assert [event.type for event in project.events(epic=epic, type="gap_added")] == ["gap_added"] * 3
    project.close()


def test_findings_need_an_epic_to_be_registered(call: Call) -> None:
    with pytest.raises(GapRefused, match="--epic is required when --register is used"):
        call("parse-findings", "--file", "-", "--register", stdin=io.StringIO("[]"))


def test_findings_are_read_where_there_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text(REVIEW)

    assert flowctl.call(["parse-findings", "--file", "f.txt"], cwd=tmp_path).data["count"] == 4
