"""Running: a task that carries a Blueprint ends as its run ends; an abort gives it back, a killed run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from flowbench import blueprint as bp
from flowbench.cancel import AbortReason, CancelToken
from flowbench.project import Project, TaskRefused
from flowbench.runtime import Run
from tests.project.blueprints import carried

ANSWER = """
id: answer
flow:
  kind: seq
  children:
    - {kind: assign, at: $.answer, value: {op: lit, value: 42}}
    - {kind: assign, at: $.commits, value: {op: lit, value: [c0ffee1]}}
"""
GREETED = """
id: greet
flow: {kind: step, ref: test_running.greet, in: $.task.title, out: $.greeting}
"""
FAILING = """
id: failing
flow: {kind: step, ref: test_running.fail, in: $, out: $.never}
"""


@bp.agent(id="test_running.greet")
def greet(title: str) -> str:
    return f"hello {title}"


@bp.agent(id="test_running.fail")
def fail(_: Any) -> None:
    raise ValueError("no luck")


def test_a_run_that_is_done_finishes_the_task(project: Project, epic: str) -> None:
    task = carried(project, epic, ANSWER)

    told = project.run(task)

    assert (told["id"], told["status"], told["state"], told["resumed"]) == (task, "done", "done", False)
    known = project.runtime(task)
    assert known.run_id == told["run_id"]
    assert known.evidence is not None
    assert (known.evidence["commits"], known.evidence["run_id"]) == (["c0ffee1"], told["run_id"])
    assert "- answer: 42" in project.body(task)
    assert [event.type for event in project.events(task=task)][-3:] == [
        "task_started",
        "task_run_started",
        "task_completed",
    ]


def test_the_blueprint_finds_its_task_and_inputs_in_ctx(project: Project, epic: str) -> None:
    task = carried(project, epic, GREETED, inputs={"tone": "dry", "summary": "Said hello"})
    seen: list[Run] = []

    def watch(run: Run) -> None:
        seen.append(run)
        run.wait()

    project.run(task, watch=watch)

    ctx = seen[0].ctx
    assert (ctx["greeting"], ctx["tone"], ctx["task"]["id"]) == ("hello Design schema", "dry", task)
    assert "## Done summary\nSaid hello\n" in project.body(task)


def test_a_run_that_fails_is_retried_as_configured_and_then_fails_the_task(project: Project, epic: str) -> None:
    task = carried(project, epic, FAILING)
    with project.change("config") as change:
        change.set_config("max_retries", 1)

    first, second = project.run(task), project.run(task)

    assert (first["status"], first["retry_count"]) == ("up_for_retry", 1)
    assert (second["status"], second["upstream_failed"]) == ("failed", [f"{epic}.2", f"{epic}.3"])
    assert "no luck" in second["reason"]
    assert "no luck" in project.body(task)


def test_an_abort_gives_the_task_back(project: Project, epic: str) -> None:
    task = carried(project, epic, "id: wait\nflow: {kind: step, ref: test_running.wait, in: $, out: $.x}\n")
    token = CancelToken()

    def watch(run: Run) -> None:
        token.abort(AbortReason.USER, by="test")
        run.wait()

    told = project.run(task, watch=watch, token=token)

    assert (told["status"], told["state"], told["reason"]) == ("todo", "cancelled", "User")
    assert project.task(task).status == "todo"
    assert project.task(task).assignee is None
    assert project.events(task=task)[-1].type == "task_released"


@bp.agent(id="test_running.wait")
async def wait(_: Any) -> None:
    import asyncio

    await asyncio.Event().wait()


def test_its_own_timeout_fails_the_task(project: Project, epic: str) -> None:
    task = carried(project, epic, "id: wait\nflow: {kind: step, ref: test_running.wait, in: $, out: $.x}\n")

    told = project.run(task, timeout=0.05)

    assert (told["status"], told["state"]) == ("failed", "cancelled")
    assert "Timeout" in told["reason"]


def test_a_task_without_a_blueprint_is_a_persons(project: Project, epic: str) -> None:
    with pytest.raises(TaskRefused, match=r"carries no Blueprint.*flowctl start"):
        project.run(f"{epic}.1")

    assert project.task(f"{epic}.1").status == "todo"


@pytest.mark.parametrize("name", ["../away.yaml", "/etc/hosts"])
def test_a_file_outside_of_the_project_is_refused(project: Project, epic: str, name: str) -> None:
    with project.change("edit") as change:
        change.set(f"{epic}.1", blueprint=name)

    with pytest.raises(TaskRefused, match="outside of the project"):
        project.run(f"{epic}.1")


COMMAND = """
id: command
agents: [{name: sh, kind: subprocess, spec: {program: "true"}}]
flow: {kind: step, ref: sh, in: $, out: $.said}
"""


def test_commands_need_trust_and_a_refusal_changes_nothing(project: Project, epic: str) -> None:
    task = carried(project, epic, COMMAND)
    before = project.layout.tasks.joinpath(f"{task}.md").read_bytes()

    with pytest.raises(bp.UntrustedBlueprint) as refused:
        project.run(task)

    assert project.layout.tasks.joinpath(f"{task}.md").read_bytes() == before
    assert project.run(task, trust=refused.value.hash)["status"] == "done"


def test_what_cannot_be_launched_leaves_the_task_todo(project: Project, epic: str) -> None:
    task = carried(project, epic, "id: lost\nflow: {kind: step, ref: nobody.knows, in: $, out: $.x}\n")

    with pytest.raises(Exception, match=r"nobody\.knows"):
        project.run(task)

    assert (project.task(task).status, project.task(task).assignee) == ("todo", None)


def test_who_loses_the_claim_is_stopped_and_writes_nothing(
    project: Project, epic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowbench.project import running
    from flowbench.project.restarting import restart

    monkeypatch.setattr(running, "HEARTBEAT_SECONDS", 0.02)
    task = carried(project, epic, "id: wait\nflow: {kind: step, ref: test_running.wait, in: $, out: $.x}\n")

    def watch(run: Run) -> None:
        restart(project, task, force=True)
        run.wait()

    told = project.run(task, watch=watch)

    assert (told["status"], told["by"]) == ("todo", "claim lost")


def test_who_takes_the_task_over_stops_the_run_and_keeps_the_task(
    project: Project, epic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowbench.project import running
    from flowbench.project.working import start

    monkeypatch.setattr(running, "HEARTBEAT_SECONDS", 0.02)
    task = carried(project, epic, "id: wait\nflow: {kind: step, ref: test_running.wait, in: $, out: $.x}\n")
    assert project.actor != "bob"

    def watch(run: Run) -> None:
        monkeypatch.setenv("FLOW_ACTOR", "bob")
        other = Project.find(project.layout.root)
        start(other, task, force=True)
        other.close()
        assert run.wait(60)

    told = project.run(task, watch=watch)

    assert (told["status"], told["by"]) == ("in_progress", "claim lost")
    assert project.task(task).assignee == "bob"


SLOW = """
import asyncio, pathlib
import flowbench as fb

@fb.agent(id="slow.first")
def first(_):
    with open("first.txt", "a") as file:
        file.write("x")
    return 1

@fb.agent(id="slow.second")
async def second(_):
    pathlib.Path("second.txt").write_text("begun")
    while not pathlib.Path("go").exists():
        await asyncio.sleep(0.02)
    return 2
"""
TWO = """
id: two
flow:
  kind: seq
  children:
    - {kind: step, ref: slow.first, in: $.task.id, out: $.a}
    - {kind: step, ref: slow.second, in: $.task.id, out: $.b}
"""


def flowctl(root: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from flowbench.cli.flowctl import main; main()", *words, "--json"]
    return subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def until(there: Path) -> None:
    limit = time.monotonic() + 60
    while not there.exists():
        assert time.monotonic() < limit, f"{there} never came"
        time.sleep(0.02)


@pytest.fixture
def slow(project: Project, epic: str) -> tuple[Path, str]:
    """(root, a task whose second step waits for the file `go`)."""
    root = project.layout.root
    (root / "slow.py").write_text(SLOW)
    return root, carried(project, epic, TWO)


def test_ctrl_c_ends_flowctl_run_cleanly(project: Project, slow: tuple[Path, str]) -> None:
    root, task = slow
    runner = flowctl(root, "run", task, "--agents", "slow.py")
    until(root / "second.txt")

    runner.send_signal(signal.SIGINT)
    out, err = runner.communicate(timeout=60)

    assert runner.returncode == 130, err
    assert (json.loads(out)["status"], json.loads(out)["success"]) == ("todo", False)
    assert "Traceback" not in err
    assert project.task(task).status == "todo"


def test_after_kill_9_of_the_runner_the_same_command_goes_on(project: Project, slow: tuple[Path, str]) -> None:
    root, task = slow
    runner = flowctl(root, "run", task, "--agents", "slow.py")
    until(root / "second.txt")
    second = flowctl(root, "run", task, "--agents", "slow.py")
    assert "is being run now" in second.communicate(timeout=60)[0]
    assert second.returncode == 1

    os.kill(runner.pid, signal.SIGKILL)
    runner.communicate(timeout=60)
    assert project.task(task).status == "in_progress"
    (root / "go").touch()
    out, err = flowctl(root, "run", task, "--agents", "slow.py").communicate(timeout=60)

    told = json.loads(out)
    assert (told["status"], told["resumed"]) == ("done", True), err
    assert (root / "first.txt").read_text() == "x"
