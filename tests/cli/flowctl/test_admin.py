"""Admin: a project is made, found, counted, checked and configured; ralph's loops are watched."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from flowbench.cli import flowctl
from flowbench.project import BadStack, NoProject, NoSuchRun, Project, ProjectError
from tests.cli.flowctl.conftest import Call

MADE = ["epics/", "specs/", "tasks/", "memory/", "reviews/", "meta.json", "config.json"]


def in_(folder: Path, *words: str) -> dict[str, object]:
    return flowctl.call(words, cwd=folder).data


def test_init_makes_what_is_missing_and_says_so(tmp_path: Path) -> None:
    told = in_(tmp_path, "init")

    assert told["actions"] == [f"created {name}" for name in MADE]
    assert told["path"] == str(tmp_path / ".flow")
    assert in_(tmp_path, "init")["actions"] == []


def test_init_sees_the_stack_and_a_dry_run_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["fastapi", "pytest"]\n[tool.ruff]\n')
    stack = {"backend": {"language": "python", "framework": "fastapi", "test": "pytest", "lint": "ruff check ."}}

    assert in_(tmp_path, "init", "--dry-run")["stack"] == stack
    assert not (tmp_path / ".flow").exists()
    assert in_(tmp_path, "init")["stack"] == stack
    assert in_(tmp_path, "stack", "show")["stack"] == stack


def test_detect_and_status_work_without_a_project(tmp_path: Path, repo: Path, epic: str) -> None:
    assert in_(tmp_path, "detect") == {"success": True, "exists": False, "valid": False, "path": None}
    assert in_(tmp_path, "status")["flow_exists"] is False
    assert in_(repo, "detect") == {"success": True, "exists": True, "valid": True, "path": str(repo / ".flow")}
    assert in_(repo, "status")["tasks"] == {"todo": 3, "in_progress": 0, "blocked": 0, "done": 0}
    (repo / ".flow/meta.json").unlink()
    (repo / ".flow/memory").rmdir()
    assert in_(repo, "detect")["issues"] == ["meta.json missing", "memory/ missing"]


def test_what_was_left_in_the_middle_is_told(call: Call, epic: str) -> None:
    assert call("status", "--interrupted")["interrupted"][0]["reason"] == "planned_not_started"
    call("start", f"{epic}.1")

    (row,) = call("status", "--interrupted")["interrupted"]

    assert row == {
        "id": epic,
        "title": "Add auth",
        "total": 3,
        "done": 0,
        "todo": 2,
        "in_progress": 1,
        "blocked": 0,
        "skipped": 0,
        "reason": "partially_complete",
        "suggested": f"flowctl ready --epic {epic}",
    }


def test_validate_names_what_is_wrong_and_exits_with_1(call: Call, epic: str, repo: Path) -> None:
    assert call("validate", "--all")["total_tasks"] == 3
    assert call("validate", "--epic", epic)["task_count"] == 3
    file = repo / ".flow/tasks" / f"{epic}.1.md"
    file.write_text(file.read_text().replace("## Acceptance", "## Description"))

    told = flowctl.call(["validate", "--all"], cwd=repo)

    assert told.code == 1
    assert (told.data["success"], told.data["valid"]) == (False, False)
    assert "Duplicate heading: ## Description" in told.text
    assert flowctl.call(["validate", "--epic", epic], cwd=repo).code == 1
    with pytest.raises(ProjectError, match="--epic or --all"):
        call("validate")


def test_doctor_has_seven_checks(call: Call, epic: str, repo: Path) -> None:
    told = call("doctor")

    names = ["validate", "state_dir_access", "orphaned_state", "stale_tasks", "lock_files", "config", "git_common_dir"]
    assert [check["name"] for check in told["checks"]] == names
    assert (told["healthy"], told["summary"]["fail"]) == (True, 0)
    (repo / ".flow/config.json").write_text('{"nope": 1}')
    (repo / ".flow/tasks" / f"{epic}.3.md").unlink()
    (repo / ".flow/tasks" / f"{epic}.1.md").write_text("x")
    worse = flowctl.call(["doctor"], cwd=repo)
    assert (worse.code, worse.data["healthy"]) == (1, False)
    assert {check["name"]: check["status"] for check in worse.data["checks"]}["config"] == "warn"


def test_a_task_without_a_sign_for_a_week_is_stale(call: Call, epic: str, repo: Path) -> None:
    import time

    project = Project.find(repo, clock=lambda: time.time() - 8 * 86_400)
    with project.change("start") as change:
        change.set(f"{epic}.1", status="in_progress")
        change.claim(f"{epic}.1")
    project.close()

    checks = {check["name"]: check for check in call("doctor")["checks"]}

    assert checks["stale_tasks"]["status"] == "warn"
    assert f"{epic}.1" in checks["stale_tasks"]["message"]


def test_config_is_read_and_written_by_dotted_keys(call: Call, tmp_path: Path) -> None:
    assert call("config", "get", "memory.enabled") == {"success": True, "key": "memory.enabled", "value": True}
    assert call("config", "get", "no.such")["value"] is None
    assert call("config", "get", "stack")["value"] is None
    assert call("config", "set", "scouts.github", "TRUE")["value"] is True
    assert call("config", "set", "max_retries", "3")["value"] == 3
    assert call("config", "set", "a.b.c", "x y", "--dry-run")["value"] == "x y"
    assert call("config", "get", "a.b.c")["value"] is None
    assert call("config", "get", "scouts.github")["value"] is True
    with pytest.raises(NoProject):
        in_(tmp_path, "config", "get", "memory.enabled")


def test_where_the_state_is_and_what_was_known_before(call: Call, epic: str, repo: Path) -> None:
    state = Path(call("state-path")["state_dir"])
    assert state.is_absolute()
    (state / "tasks").mkdir(parents=True, exist_ok=True)
    file = state / "tasks" / f"{epic}.1.state.json"
    file.write_text(
        json.dumps({"status": "in_progress", "assignee": "bob@example.com", "claimed_at": "2026-01-01T00:00:00Z"})
    )

    told = call("migrate-state", "--clean")

    assert (told["migrated"], told["skipped"], told["cleaned"]) == ([f"{epic}.1"], [f"{epic}.2", f"{epic}.3"], True)
    assert not file.exists()
    assert call("show", f"{epic}.1")["assignee"] == "bob@example.com"
    assert call("migrate-state")["migrated"] == []
    assert call("reindex")["tasks_indexed"] == 3


def test_a_stack_is_set_shown_and_guarded(call: Call, repo: Path) -> None:
    stack = {"backend": {"language": "python", "test": "true", "lint": "A=1 false", "typecheck": "no-such-tool-here x"}}
    assert call("guard") == {"success": True, "results": [], "message": "no stack detected, nothing to run"}
    call("stack", "set", "--file", "-", stdin=io.StringIO(json.dumps(stack)))

    told = flowctl.call(["guard"], cwd=repo)

    assert told.code == 1
    assert told.data["success"] is False
    assert [(each["type"], each["status"], each["exit_code"]) for each in told.data["results"]] == [
        ("test", "passed", 0),
        ("lint", "failed", 1),
        ("typecheck", "skipped", None),
    ]
    assert (told.data["passed"], told.data["failed"], told.data["skipped"]) == (1, 1, 1)
    assert told.data["results"][2]["reason"] == "no-such-tool-here not found in PATH"
    assert call("guard", "--layer", "frontend")["message"] == "no commands for frontend"
    with pytest.raises(BadStack, match="must be a JSON object"):
        call("stack", "set", "--file", "-", stdin=io.StringIO("[]"))
    call("config", "set", "stack", "python")
    with pytest.raises(BadStack, match="is no object"):
        call("guard")


def test_a_frontend_is_the_package_with_most_dependencies(call: Call, repo: Path) -> None:
    (repo / "web").mkdir()
    (repo / "package.json").write_text('{"devDependencies": {"husky": "1"}}')
    package = {
        "dependencies": {"react": "18", "next": "14", "typescript": "5"},
        "scripts": {"test": "jest", "lint": "x"},
    }
    (repo / "web/package.json").write_text(json.dumps(package))
    (repo / "web/pnpm-lock.yaml").touch()
    (repo / "Dockerfile").touch()

    told = call("stack", "detect", "--dry-run")["stack"]

    assert told["frontend"] == {
        "language": "typescript",
        "framework": "react",
        "meta_framework": "next",
        "package_manager": "pnpm",
        "test": "cd web && pnpm run test",
        "lint": "cd web && pnpm run lint",
    }
    assert told["infra"] == {"docker": True}
    assert call("stack", "show")["stack"] == {}


def test_invariants_are_verified_by_their_commands(call: Call, repo: Path) -> None:
    assert call("invariants", "show")["invariants"] is None
    assert call("invariants", "check") == {"success": True, "results": [], "message": "no invariants.md"}
    assert call("invariants", "init")["message"] == "invariants.md created"
    assert call("invariants", "init")["success"] is False
    assert call("invariants", "check")["results"] == []
    text = (
        "## Good\n**Verify:** `test -d .flow`\n<!-- ## Off\n**Verify:** `false` -->\n## Bad\n- **Verify:** `exit 3`\n"
    )
    (repo / ".flow/invariants.md").write_text(text)

    told = flowctl.call(["invariants", "check"], cwd=repo)

    assert told.code == 1
    rows = [(each["name"], each["passed"], each["exit_code"]) for each in told.data["results"]]
    assert rows == [("Good", True, 0), ("Bad", False, 3)]


def test_a_loop_is_watched_paused_and_stopped(call: Call, repo: Path) -> None:
    with pytest.raises(NoSuchRun, match="No active runs"):
        call("ralph", "status")
    for name, text in (
        ("run-a", "iteration: 1\nepic=fn-1-x task=fn-1-x.1\niteration: 3\ntask=fn-1-x.2\n"),
        ("run-b", "completion_reason=x promise=COMPLETE\n"),
    ):
        (repo / "scripts/ralph/runs" / name).mkdir(parents=True)
        (repo / "scripts/ralph/runs" / name / "progress.txt").write_text(text)

    assert call("ralph", "pause") == {"success": True, "run": "run-a", "action": "paused"}
    assert call("ralph", "status") == {
        "success": True,
        "run": "run-a",
        "iteration": 3,
        "current_epic": "fn-1-x",
        "current_task": "fn-1-x.2",
        "paused": True,
        "stopped": False,
    }
    assert call("ralph", "resume", "--run", "run-a")["action"] == "resumed"
    assert call("ralph", "stop")["action"] == "stop_requested"
    assert call("status")["runs"][0]["stopped"] is True
    with pytest.raises(NoSuchRun, match=r"run-b \(active: run-a\)"):
        call("ralph", "status", "--run", "run-b")


@pytest.mark.parametrize(
    ("meta", "said"), [("{bad", "no JSON"), ('{"schema_version": 9}', "unsupported"), ("[]", "no JSON object")]
)
def test_a_damaged_meta_is_what_validate_and_doctor_name(meta: str, said: str, repo: Path, epic: str) -> None:
    (repo / ".flow/meta.json").write_text(meta)

    report = in_(repo, "validate", "--all")
    checks = in_(repo, "doctor")

    assert (report["valid"], report["total_tasks"]) == (False, 3)
    assert said in report["root_errors"][0]
    assert (checks["healthy"], checks["checks"][0]["status"]) == (False, "fail")
    with pytest.raises(ProjectError, match=said):
        in_(repo, "list")


def test_a_project_that_is_not_where_the_environment_says_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_STATE_DIR", str(tmp_path / "gone" / ".flow"))

    with pytest.raises(NoProject, match=rf"does not exist \(FLOW_STATE_DIR names {tmp_path}/gone/.flow\)"):
        in_(tmp_path, "list")
