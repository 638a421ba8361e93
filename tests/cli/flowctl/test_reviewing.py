"""Reviewing: a function or a Blueprint of one's own reviews a task; its receipt is that of any other reviewer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from flowbench.cancel import Aborted, CancelToken
from flowbench.cli import flowctl
from flowbench.cli.exits import Refusal
from flowbench.project import NotFound, NoVerdict, ProgramFailed, ProgramLate, Project, ReviewRefused, reviewing
from tests.cli.flowctl.conftest import Call
from tests.cli.flowctl.programs import bin, branch

__all__ = ["bin", "branch"]

REVIEWER = """
import helper

def review(task, diff):
    print("looking at", task["id"])
    assert "+limit = 10" in diff and task["body"] and "spec" in task
    found = {"title": helper.TITLE, "severity": "Critical", "location": "api.py:1", "recommendation": "per user"}
    return {"verdict": "needs work", "findings": [found, {"title": "half"}]}
"""
BLUEPRINT = """
id: reviewer
flow:
  kind: branch
  cond: {op: eq, lhs: {op: path, at: $.files}, rhs: {op: lit, value: [api.py]}}
  then: {kind: assign, at: $.verdict, value: {op: lit, value: SHIP}}
  else: {kind: assign, at: $.verdict, value: {op: lit, value: MAJOR_RETHINK}}
"""
SLEEPER = """
import asyncio
from flowbench import blueprint as bp

@bp.agent(id="test_reviewing_sleeper")
async def sleeper(_):
    await asyncio.sleep(600)
"""


def test_a_function_reviews_a_task(call: Call, branch: str, repo: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (repo / "my-reviewer2.py").write_text(REVIEWER)
    (repo / "helper.py").write_text("TITLE = 'One limit for all'\n")

    told = call("review", "impl", "fn-1.1", "--reviewer", "my-reviewer2.py", "--register", "--receipt", "r.json")

    finding = {
        "title": "One limit for all",
        "severity": "critical",
        "location": "api.py:1",
        "recommendation": "per user",
    }
    assert told == {
        "success": True,
        "type": "impl_review",
        "id": branch,
        "mode": "my_reviewer",
        "base": "main",
        "receipt": f".flow/reviews/impl_review-{branch}-my_reviewer.json",
        "verdict": "NEEDS_WORK",
        "session_id": None,
        "review": "[critical] api.py:1: One limit for all",
        "findings": [finding],
        "warnings": ["Finding 2 missing keys: severity, location, recommendation, skipping"],
        "registered": 1,
    }
    kept = json.loads((repo / told["receipt"]).read_text())
    assert kept == json.loads((repo / "r.json").read_text())
    assert list(kept)[:7] == ["type", "id", "mode", "verdict", "session_id", "timestamp", "review"]
    assert call("review-backend", "--epic", "fn-1")["verdicts"] == {"my_reviewer": "NEEDS_WORK"}
    assert call("gap", "list", "--epic", "fn-1")["gaps"][0]["source"] == "my_reviewer"
    project = Project.find(repo)
    assert [event.payload["verdict"] for event in project.events(type="review_made")] == ["NEEDS_WORK"]
    project.close()
    assert f"looking at {branch}" in capfd.readouterr().err


def test_a_function_may_be_async_and_answer_in_tags(call: Call, branch: str, repo: Path) -> None:
    (repo / "r.py").write_text("async def review(task, diff):\n    return 'Fine. <verdict>SHIP</verdict>'\n")

    told = call("review", "impl", branch, "--reviewer", "r.py")

    assert (told["verdict"], told["review"], told["findings"]) == ("SHIP", "Fine. <verdict>SHIP</verdict>", [])
    assert told["warnings"] == []
    assert call("review", "impl", branch, "--reviewer", "r.py", "--base", "feature")["warnings"] == [
        "Nothing was committed since feature: the reviewer was shown no changes"
    ]


def test_a_function_of_this_process_reviews_a_task(branch: str, repo: Path) -> None:
    project = Project.find(repo)
    pid = os.getpid()

    def elsewhere(task: dict[str, Any], diff: str) -> Any:
        return {"verdict": "SHIP" if os.getpid() != pid and "+limit" in diff else "NEEDS_WORK", "review": task["id"]}

    told = reviewing.impl(project, "fn-1.1", elsewhere)

    assert (told["verdict"], told["review"], told["mode"]) == ("SHIP", branch, "elsewhere")
    project.close()


def test_a_blueprint_reviews_a_task(call: Call, branch: str, repo: Path) -> None:
    (repo / "reviewer.yaml").write_text(BLUEPRINT)

    told = call("review", "impl", branch, "--reviewer", "reviewer.yaml")

    assert (told["verdict"], told["mode"]) == ("SHIP", "reviewer")


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("def review(task, diff): return {'verdict': 'PERHAPS'}", NoVerdict, 'gave the verdict "PERHAPS"'),
        ("def review(task, diff): return {}", NoVerdict, "gave no verdict: expected SHIP"),
        ("def review(task, diff): return 7", NoVerdict, "came to 7"),
        ("def review(task, diff):\n    raise KeyError('x')", ProgramFailed, r"KeyError: 'x' \(bad\.py:2\)"),
        ("import os\ndef review(task, diff): os._exit(3)", ProgramFailed, "bad.py failed"),
        ("def review(task, diff): return {'verdict': {1}}", ProgramFailed, "bad.py failed"),
        ("x = (", ProgramFailed, "SyntaxError"),
        ("y = 1", ProgramFailed, "has no function `review"),
    ],
)
def test_a_reviewer_that_fails_is_named_and_leaves_no_receipt(
    call: Call, branch: str, repo: Path, text: str, kind: type[ProgramFailed | NoVerdict], said: str
) -> None:
    (repo / "bad.py").write_text(text)
    (repo / "r.json").write_text('{"verdict": "SHIP"}')

    with pytest.raises(kind, match=said) as raised:
        call("review", "impl", branch, "--reviewer", "bad.py", "--receipt", "r.json")

    assert raised.value.exit_code == 2
    assert "\n" not in str(raised.value)
    assert not (repo / "r.json").exists()
    assert list((repo / ".flow/reviews").iterdir()) == []


def test_a_reviewer_that_takes_too_long_is_ended(call: Call, branch: str, repo: Path) -> None:
    (repo / "slow.py").write_text("import time\ndef review(task, diff): time.sleep(600)")
    (repo / "sleeper.py").write_text(SLEEPER)
    (repo / "slow.yaml").write_text("id: slow\nflow: {kind: step, ref: test_reviewing_sleeper, in: $, out: $.x}\n")

    with pytest.raises(ProgramLate, match=r"slow\.py timed out after 0\.3s") as raised:
        call("review", "impl", branch, "--reviewer", "slow.py", "--timeout", "0.3")
    with pytest.raises(Refusal, match="test_reviewing_sleeper"):  # nobody knows it yet
        call("review", "impl", branch, "--reviewer", "slow.yaml")
    with pytest.raises(ProgramLate, match=r"slow\.yaml timed out after 0\.3s"):
        call("review", "impl", branch, "--reviewer", "slow.yaml", "--agents", "sleeper.py", "--timeout", "0.3")

    assert raised.value.exit_code == 3


def test_an_abort_ends_a_reviewer(branch: str, repo: Path) -> None:
    (repo / "r.py").write_text("def review(task, diff): return {'verdict': 'SHIP'}")
    token = CancelToken()
    token.abort()

    with pytest.raises(Aborted):
        flowctl.call(["review", "impl", branch, "--reviewer", "r.py"], cwd=repo, token=token)


def test_wrong_calls_are_refused(call: Call, branch: str, repo: Path) -> None:
    (repo / "r.py").write_text("def review(task, diff): return {'verdict': 'SHIP'}")

    with pytest.raises(ReviewRefused, match="is not there"):
        call("review", "impl", branch, "--reviewer", "none.py")
    with pytest.raises(ReviewRefused, match=r"nowhere\.\.\.HEAD"):
        call("review", "impl", branch, "--reviewer", "r.py", "--base", "nowhere")
    with pytest.raises(NotFound):
        call("review", "impl", "fn-1.9", "--reviewer", "r.py")


def test_a_dry_run_asks_nobody(call: Call, branch: str, repo: Path) -> None:
    (repo / "r.py").write_text("raise SystemExit")

    told = call("review", "impl", branch, "--reviewer", "r.py", "--dry-run")

    assert (told["dry_run"], told["files"]) == (True, ["api.py"])
    assert list((repo / ".flow/reviews").iterdir()) == []
