"""Codex: what its program is asked, what becomes of its answer, and which number says why there is none."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from flowbench.cli import flowctl
from flowbench.project import (
    InvalidId,
    NotFound,
    NoVerdict,
    ProgramError,
    ProgramFailed,
    ProgramLate,
    ProgramMissing,
    Project,
    ReviewRefused,
    SandboxBlocked,
)
from tests.cli.flowctl.conftest import Call
from tests.cli.flowctl.programs import Put, bin, branch

__all__ = ["bin", "branch"]

EVENTS = r"""cat > "$0.stdin"; echo "$@" >> "$0.argv"
echo '{"type":"thread.started","thread_id":"t-1"}'
echo '{"type":"item.completed","item":{"type":"agent_message","text":"Say <verdict>NEEDS_WORK</verdict> or so."}}'
echo '{"type":"item.completed","item":{"type":"agent_message","text":"All good. <verdict>SHIP</verdict>"}}'"""
STUBBORN = """trap '' TERM; sleep 600 & echo "$$ $!" > "$0.pids"; wait; sleep 600"""


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_task_is_reviewed(call: Call, bin: Put, branch: str, repo: Path) -> None:
    codex = bin("codex", EVENTS)

    told = call(
        "codex", "impl-review", branch, "--base", "main", "--receipt", "r.json", "--focus", "limits", "--effort", "low"
    )

    assert {**told, "review": ""} == {
        "success": True,
        "type": "impl_review",
        "id": branch,
        "verdict": "SHIP",
        "session_id": "t-1",
        "mode": "codex",
        "standalone": False,
        "review": "",
    }
    assert told["review"].endswith("All good. <verdict>SHIP</verdict>")
    receipt = json.loads((repo / "r.json").read_text())
    assert {**receipt, "timestamp": "", "review": ""} == {
        "type": "impl_review",
        "id": branch,
        "mode": "codex",
        "verdict": "SHIP",
        "session_id": "t-1",
        "timestamp": "",
        "review": "",
        "base": "main",
        "focus": "limits",
    }
    prompt, argv = (codex.parent / "codex.stdin").read_text(), (codex.parent / "codex.argv").read_text()
    for part in ("## Description", "+limit = 10", "````\nlimit = 10", "limits", "<verdict>MAJOR_RETHINK</verdict>"):
        assert part in prompt
    assert argv == 'exec -c model_reasoning_effort="low" --sandbox read-only --skip-git-repo-check --json -\n'
    project = Project.find(repo)
    (event,) = project.events(type="review_made")
    assert (event.task, event.payload["verdict"]) == (branch, "SHIP")
    project.close()


def test_a_branch_is_reviewed_without_a_task(
    call: Call,
    bin: Put,
    branch: str,
    repo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bin("codex", "echo 'Hm. <verdict>NEEDS_WORK</verdict>'")
    monkeypatch.setenv("RALPH_ITERATION", "3")

    told = call("codex", "impl-review", "--base", "main", "--receipt", "r.json")

    assert (told["id"], told["standalone"], told["verdict"]) == ("branch", True, "NEEDS_WORK")
    assert capsys.readouterr().err == ""
    assert "warning" not in call("codex", "impl-review", "--base", "feature")
    assert capsys.readouterr().err.startswith("Warning: Nothing was committed since feature")
    assert told["review"] == "Hm. <verdict>NEEDS_WORK</verdict>\n"
    assert json.loads((repo / "r.json").read_text())["iteration"] == 3


def test_a_plan_and_an_epic_are_reviewed(call: Call, bin: Put, branch: str, epic: str) -> None:
    codex = bin("codex", EVENTS)

    plan = call("codex", "plan-review", "fn-1", "--files", "api.py,../elsewhere,none.py")
    prompt = (codex.parent / "codex.stdin").read_text()
    epic_told = call("codex", "completion-review", epic)

    assert (plan["type"], plan["id"], plan["verdict"]) == ("plan_review", epic, "SHIP")
    assert "### api.py" in prompt
    assert "Implement store" in prompt
    assert (epic_told["type"], epic_told["base"]) == ("completion_review", "main")
    with pytest.raises(ReviewRefused, match="No valid file paths"):
        call("codex", "plan-review", epic, "--files", "none.py")


def test_a_session_is_gone_on_with(call: Call, bin: Put, branch: str, repo: Path) -> None:
    codex = bin("codex", EVENTS)
    (repo / "r.json").write_text('{"session_id": "t-0"}')

    told = call("codex", "impl-review", branch, "--base", "main", "--receipt", "r.json")

    assert (codex.parent / "codex.argv").read_text() == "exec resume t-0 -\n"
    assert "earlier state" in (codex.parent / "codex.stdin").read_text()
    assert told["session_id"] == "t-0"


def test_a_session_that_fails_is_followed_by_a_new_one(call: Call, bin: Put, branch: str, repo: Path) -> None:
    codex = bin("codex", f'if [ "$2" = resume ]; then echo "$@" >> "$0.argv"; exit 1; fi\n{EVENTS}')
    (repo / "r.json").write_text('{"session_id": "t-0"}')

    told = call("codex", "impl-review", branch, "--base", "main", "--receipt", "r.json")

    assert (codex.parent / "codex.argv").read_text().count("\n") == 2
    assert told["session_id"] == "t-1"


@pytest.mark.parametrize("session", ['"--help"', "7", "null", '"a b"'])
def test_no_receipt_smuggles_options_in(call: Call, bin: Put, branch: str, repo: Path, session: str) -> None:
    codex = bin("codex", EVENTS)
    (repo / "r.json").write_text(f'{{"session_id": {session}}}')

    call("codex", "impl-review", branch, "--base", "main", "--receipt", "r.json")

    assert "resume" not in (codex.parent / "codex.argv").read_text()


@pytest.mark.parametrize(
    ("script", "kind", "code", "said"),
    [
        ("echo fine", NoVerdict, 2, "no verdict found"),
        ("echo boom >&2; exit 4", ProgramFailed, 2, "codex exec failed: boom"),
        ("echo 'rejected: blocked by policy' >&2; exit 1", SandboxBlocked, 3, "sandbox blocked"),
        (
            """echo '{"type":"item.completed","item":{"status":"failed","aggregated_output":"blocked by policy"}}'
exit 1""",
            SandboxBlocked,
            3,
            "danger-full-access",
        ),
    ],
    ids=["no verdict", "failed", "sandbox", "sandbox in events"],
)
def test_a_review_that_came_to_nothing_takes_the_old_receipt_away(
    call: Call, bin: Put, branch: str, repo: Path, script: str, kind: type[ProgramError], code: int, said: str
) -> None:
    bin("codex", f"cat > /dev/null\n{script}")
    (repo / "r.json").write_text('{"verdict": "SHIP"}')

    with pytest.raises(kind, match=said) as raised:
        call("codex", "impl-review", branch, "--base", "main", "--receipt", "r.json")

    assert raised.value.exit_code == code
    assert not (repo / "r.json").exists()


def test_what_takes_too_long_is_ended_with_all_it_started(
    call: Call, bin: Put, branch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    codex = bin("codex", STUBBORN)
    monkeypatch.setenv("FLOW_CODEX_TIMEOUT", "2")

    with pytest.raises(ProgramLate, match="codex timed out after 2s") as raised:
        call("codex", "impl-review", branch, "--base", "main")

    assert raised.value.exit_code == 3
    pids = codex.parent / "codex.pids"
    if pids.exists():  # else it was ended before it came to that
        assert not [pid for pid in pids.read_text().split() if alive(pid)]


@pytest.mark.parametrize("machine", [False, True], ids=["words", "json"])
def test_without_codex_the_exit_code_is_2(
    machine: bool,
    bin: Put,
    branch: str,
    repo: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ["codex", "impl-review", branch, "--base", "main"]
    monkeypatch.setattr(sys, "argv", ["flowctl", *words, *["--json"] * machine])
    monkeypatch.chdir(repo)

    with pytest.raises(SystemExit) as ended:
        flowctl.main()

    out, err = capsys.readouterr()
    assert ended.value.code == 2
    if machine:
        assert json.loads(out) == {"success": False, "error": "codex not found in PATH"}
    else:
        assert err == "Error: codex not found in PATH\n"


def test_codex_is_looked_for(call: Call, bin: Put) -> None:
    assert call("codex", "check") == {"success": True, "available": False, "version": None}
    bin("codex", "echo codex-cli 0.12.3-beta")
    assert call("codex", "check") == {"success": True, "available": True, "version": "0.12.3"}
    bin("codex", "exit 1")
    assert call("codex", "check")["version"] is None


def test_somebody_tries_to_break_the_changes(call: Call, bin: Put, branch: str) -> None:
    bin("codex", """cat > /dev/null; echo 'So: {"verdict": "NEEDS_WORK", "findings": [{"title": "x"}]} done'""")
    told = call("codex", "adversarial", "--focus", "races")
    bin("codex", "cat > /dev/null; echo '<verdict>SHIP</verdict>'")
    plain = call("codex", "adversarial")

    assert told == {
        "success": True,
        "verdict": "NEEDS_WORK",
        "findings": [{"title": "x"}],
        "base": "main",
        "focus": "races",
        "files_reviewed": 1,
    }
    assert (plain["verdict"], plain["output"]) == ("SHIP", "<verdict>SHIP</verdict>\n")
    with pytest.raises(ReviewRefused, match="No changes found between feature and HEAD"):
        call("codex", "adversarial", "--base", "feature")


def test_wrong_calls_are_refused_before_anything_runs(
    call: Call, bin: Put, branch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidId):
        call("codex", "impl-review", "nope", "--base", "main")
    with pytest.raises(NotFound):
        call("codex", "completion-review", "fn-9")
    with pytest.raises(ProgramMissing):
        call("codex", "adversarial")
    codex = bin("codex", EVENTS)
    for base in ("nowhere", "--output=x"):
        with pytest.raises(ReviewRefused):
            call("codex", "impl-review", "--base", base)
    monkeypatch.setenv("CODEX_SANDBOX", "open")
    with pytest.raises(ProgramFailed, match="CODEX_SANDBOX"):
        call("codex", "impl-review", "--base", "main")
    assert not (codex.parent / "codex.argv").exists()


def test_a_dry_run_shows_the_prompt_and_runs_nothing(call: Call, bin: Put, branch: str, repo: Path) -> None:
    codex = bin("codex", EVENTS)

    told = call("codex", "impl-review", branch, "--base", "main", "--receipt", "r.json", "--dry-run")

    assert (told["dry_run"], told["command"][:2]) == (True, ["codex", "exec"])
    assert "+limit = 10" in told["prompt"]
    assert not (codex.parent / "codex.argv").exists()
    assert not os.path.lexists(repo / "r.json")
