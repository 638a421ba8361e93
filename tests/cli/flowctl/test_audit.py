"""Audit, and the names of a later flowctl."""

from __future__ import annotations

import io
from collections.abc import Callable

from tests.cli.flowctl.conftest import Call

PLAN = """# Plan
## Overview
TBD
## Acceptance
- [ ] Schema migrations run
- [x] Passwords are hashed
"""


def test_an_audit_names_what_is_left_open(call: Call, say: Callable[..., str], epic: str) -> None:
    call("epic", "plan", epic, "--file", "-", stdin=io.StringIO(PLAN))
    call("task", "set-acceptance", f"{epic}.1", "--file", "-", stdin=io.StringIO("- [ ] schema migrations apply\n"))
    call("done", f"{epic}.1", "--force", "--evidence-json", '{"commits": ["c0ffee"]}')
    call("gap", "add", "--epic", epic, "--capability", "Reset")

    told = call("epic", "audit", epic)

    assert told["acceptance"] == [
        {"text": "Schema migrations run", "checked": False, "covered_by": [f"{epic}.1"]},
        {"text": "Passwords are hashed", "checked": True, "covered_by": []},
    ]
    found = {(each["kind"], each["id"][len(epic) :]) for each in told["findings"]}
    assert found == {
        ("plan_open", ""),
        ("plan_not_reviewed", ""),
        ("criterion_uncovered", ""),
        ("files_missing", ".1"),
        ("tests_missing", ".1"),
        ("acceptance_unchecked", ".1"),
        ("acceptance_missing", ".2"),
        ("acceptance_missing", ".3"),
        ("gap_open", ""),
        ("files_shared", ""),
    }
    assert told["counts"]["acceptance_missing"] == 2
    assert (told["success"], told["advisory"]) == (True, True)
    assert "no task is about: Passwords are hashed" in say("epic", "audit", epic)


def test_names_of_a_later_flowctl_are_known(call: Call, epic: str) -> None:
    assert call("epic", "review", epic, "--status", "ship")["plan_review_status"] == "ship"
    assert call("epic", "completion", epic, "--status", "ship")["completion_review_status"] == "ship"
    told = call("task", "spec", f"{epic}.1", "--description", "-", stdin=io.StringIO("x"))
    assert told["sections"] == ["## Description"]
