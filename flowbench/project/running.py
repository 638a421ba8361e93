"""Running: a task that carries a Blueprint is claimed, launched, kept alive, and finished as the run ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flowbench import blueprint as bp
from flowbench.cancel import AbortReason, bound
from flowbench.project import ids
from flowbench.project.carried import blueprint_of, ctx_of
from flowbench.project.errors import ProjectError, TaskRefused
from flowbench.project.failing import fail
from flowbench.project.outcome import error_text, evidence_of, summary_of
from flowbench.project.status import Status
from flowbench.project.working import done, start
from flowbench.runtime import BlueprintChanged, Run, RunNotFound, launch, recall, resume, waiting
from flowbench.storage import StorageError, locked, private_dir

if TYPE_CHECKING:
    from flowbench.project.project import Project
    from flowbench.project.records import Task

HEARTBEAT_SECONDS = 5.0
STOP_SECONDS = 10.0  # that an aborted run may take to end, before whoever waits gives up on it
RUNNERS = "runners"  # folder of the state: a lock per task that is being run
LAUNCH_ONLY = ("check", "compat")  # options of `launch` that a resume does not take

Watch = Callable[[Run], object]


def run(
    project: Project,
    task: str,
    *,
    watch: Watch = Run.wait,
    force: bool = False,
    fresh: bool = False,
    dry_run: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """{id, status, run_id, blueprint, state, seconds, steps, resumed, message, ...}: run the Blueprint of a task to
    its end; an abort (Ctrl-C, `token`) stops it all, and the task is todo again.

    done: the task is done; its summary is `summary` of the ctx, else what the run left, and its evidence the run's id
    with `commits`, `tests`, `prs` and `files` of the ctx. failed, also by its own timeout: as `fail`, with `reason`.
    A run whose owner was killed goes on where it was, unless the Blueprint has changed since, or `fresh`.
    watch: waits for the run. force: as of `start`. options: as of `runtime.launch` (trust, token, timeout, ...).
    Raises: InvalidId, NotFound, TaskRefused, blueprint.BlueprintError, blueprint.UntrustedBlueprint, and what `launch`
    raises; then nothing has changed.
    """
    wanted = project.resolve(ids.task_id(task).text)
    found = project.task(wanted)
    blueprint, ctx = blueprint_of(project, found), ctx_of(project, found)
    bp.require_trust(blueprint, options.get("trust"))
    if dry_run:
        told = start(project, wanted, force=force, dry_run=True)
        return {**told, "blueprint": found.blueprint, "inputs": found.inputs or {}}
    token = options["token"] = bound(options.get("token"))
    # From the launch to the last line that is written, an interrupt aborts the run and nothing else.
    with _alone(project, wanted), waiting.interrupt_aborts(token):
        earlier = None if fresh else _unfinished(project, found)
        start(project, wanted, force=force)
        try:
            going, resumed = _begun(blueprint, ctx, earlier, options)
        except BaseException:
            _release(project, wanted, {"reason": "not launched"})
            raise
        try:
            _note(project, wanted, going)
            with _alive(project, wanted, going):
                watch(going)
        finally:
            if not going.has_ended:
                going.abort(by="project")
                going.wait(STOP_SECONDS)
            facts = _settle(project, wanted, going, ctx)
    return {
        "id": wanted,
        "run_id": going.id,
        "blueprint": found.blueprint,
        "state": going.state,
        "seconds": round(going.seconds, 3),
        "steps": going.step_count,
        "resumed": resumed,
        **facts,
    }


@contextmanager
def _alone(project: Project, task: str) -> Iterator[None]:
    """Nobody else runs this task meanwhile; the death of a runner makes place for the next. Raises: TaskRefused."""
    path = private_dir(project.layout.state / RUNNERS) / f"{task}.lock"
    with locked(path, 0.0) as ours:
        if not ours:
            known = project.runtime(task)
            who = f" by process {known.worker_pid}" if known.worker_pid else ""
            which = f" (run {known.run_id})" if known.run_id else ""
            raise TaskRefused(f"Task {task} is being run now{who}{which}")
        yield


def _unfinished(project: Project, task: Task) -> str | None:
    """The run of a runner that was killed: the task is still in progress, and says which run it was."""
    run_id = project.runtime(task.id).run_id
    if task.status is not Status.IN_PROGRESS or run_id is None:
        return None
    try:
        past = recall(run_id)
    except RunNotFound:  # removed, or of somebody else
        return None
    return None if past.state in ("running", "cancelled") else run_id


def _begun(blueprint: bp.Blueprint, ctx: Any, earlier: str | None, options: dict[str, Any]) -> tuple[Run, bool]:
    """(the run, whether it goes on with an earlier one)."""
    if earlier is not None:
        common = {key: value for key, value in options.items() if key not in LAUNCH_ONLY}
        try:
            return resume(earlier, blueprint=blueprint, **common), True
        except BlueprintChanged:
            pass
    return launch(blueprint, ctx, **options), False


def _note(project: Project, task: str, run: Run) -> None:
    with project.change("run") as change:
        change.note(task, run_id=run.id, worker_pid=os.getpid(), heartbeat_at=change.now)
        change.event("task_run_started", task=task, payload={"run_id": run.id})


@contextmanager
def _alive(project: Project, task: str, run: Run) -> Iterator[None]:
    """Signs of life on a thread of their own; once the task is taken away from the run, the run is stopped."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            try:
                if not project.heartbeat(task, os.getpid()):
                    run.abort(AbortReason.USER, by="claim lost")
                    return
            except StorageError:
                continue  # a busy or full disk: the next one may get through

    thread = threading.Thread(target=beat, name=f"heartbeat {task}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _settle(project: Project, task: str, run: Run, given: dict[str, Any]) -> dict[str, Any]:
    """What has become of the task, and why."""
    if run.state == "done":
        told = done(project, task, summary=summary_of(run, given), evidence=evidence_of(run))
        return {"status": told["status"], "message": f"{told['message']} by {run.id}"}
    timed_out = run.state == "cancelled" and run.cause is not None and run.cause.reason is AbortReason.TIMEOUT
    if run.state == "failed" or timed_out:
        told = fail(project, task, reason=error_text(run))
        return {key: value for key, value in told.items() if key != "id"}
    if run.state == "cancelled" and run.cause is not None:
        cause = {"reason": str(run.cause.reason), "by": run.cause.by}
        status = _release(project, task, {"run_id": run.id, **cause})
        text = f"Task {task} was stopped ({cause['reason']} by {cause['by']})"
        return {"status": status, "reason": cause["reason"], "by": cause["by"], "message": f"{text}; it is {status}"}
    raise ProjectError(f"run {run.id} of task {task} has no recorded end: {error_text(run)}")


def _release(project: Project, task: str, payload: dict[str, Any]) -> str:
    """Nobody works on it any more, and it is todo, unless somebody else has it by now; its status."""
    with project.change("run") as change:
        found = change.task(task)
        if found.status is not Status.IN_PROGRESS or found.assignee not in (None, project.actor):
            return found.status.value
        change.set(task, status=Status.TODO)
        change.release(task)
        change.event("task_released", task=task, payload=payload)
    return Status.TODO.value
