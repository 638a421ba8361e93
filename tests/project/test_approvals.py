"""Approvals: asked, decided once, and waited for."""

from __future__ import annotations

import threading

import pytest

from flowbench.cancel import Aborted, CancelToken
from flowbench.project import ApprovalRefused, NotFound, Project


def test_a_question_waits_for_a_decision_and_is_decided_once(project: Project, epic: str) -> None:
    asked = project.approvals.create("Delete the table?", task=f"{epic}.1", payload={"table": "users"})

    assert (asked["id"], asked["status"], asked["epic"], asked["created_by"]) == (
        "ap-1",
        "pending",
        epic,
        "alice@example.com",
    )
    assert project.approvals.create("Another?")["id"] == "ap-2"
    decided = project.approvals.decide("ap-1", "approved", note=" go on ")
    assert (decided["status"], decided["note"], decided["decided_by"]) == ("approved", "go on", "alice@example.com")
    assert project.approvals.get("ap-1").payload == {"table": "users"}
    assert "already" in project.approvals.decide("ap-1", "approved")["message"]
    with pytest.raises(ApprovalRefused, match=r"ap-1 was approved by alice@example\.com"):
        project.approvals.decide("ap-1", "rejected")
    assert [event.type for event in project.events(task=f"{epic}.1") if "approval" in event.type] == [
        "approval_created",
        "approval_approved",
    ]


def test_approvals_are_listed_as_they_were_asked(project: Project, epic: str) -> None:
    for number in range(11):
        project.approvals.create(f"Question {number}", epic=epic if number % 2 else None)
    project.approvals.decide("ap-2", "rejected")

    assert [each.id for each in project.approvals.list()] == [f"ap-{number}" for number in range(1, 12)]
    assert [each.id for each in project.approvals.list(status="rejected")] == ["ap-2"]
    assert len(project.approvals.list(status="pending", epic=epic)) == 4


def test_what_cannot_be_asked_or_decided_is_refused(project: Project, epic: str) -> None:
    with pytest.raises(ApprovalRefused, match="question is needed"):
        project.approvals.create("  ")
    with pytest.raises(NotFound):
        project.approvals.create("x", task=f"{epic}.9")
    with pytest.raises(ApprovalRefused, match="No such approval: ap-1"):
        project.approvals.decide("ap-1", "approved")
    assert project.approvals.list() == []


def test_a_dry_run_asks_nothing(project: Project) -> None:
    assert project.approvals.create("x", dry_run=True)["plan"]["events"][0]["type"] == "approval_created"

    assert project.approvals.list() == []


def test_who_waits_hears_of_what_another_process_decides(project: Project) -> None:
    project.approvals.create("x")
    other = Project.find(project.layout.root)
    waiter = threading.Thread(target=other.approvals.decide, args=("ap-1", "rejected"))
    waiter.start()

    found = project.approvals.wait("ap-1", 60.0, every=0.01)

    waiter.join()
    other.close()
    assert found.status == "rejected"


def test_a_wait_ends_with_its_time_or_its_token(project: Project) -> None:
    project.approvals.create("x")
    token = CancelToken(0.0)

    assert project.approvals.wait("ap-1", 0.0).status == "pending"
    with pytest.raises(Aborted):
        project.approvals.wait("ap-1", token=token)
