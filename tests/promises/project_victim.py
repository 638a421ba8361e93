"""Writers of a project that are killed, starved of disk or run side by side: forks of one process that is ready.

It reads lines `ROOT VERB WHAT NUMBER` and answers each with `ended STATUS` when the fork is gone. WHAT: kill (at the
point of that number, 0: never, and the answer is `points COUNT`), full (no file grows beyond so many bytes), many (so
many forks at once, one answer).
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowbench.project import Change, Project, Status, sections
from flowbench.storage.atomic import Files

NOW = 1_790_000_000.0
EPIC = "fn-1-add-auth"
PATIENCE = 120.0  # seconds for the write lock, on a machine that does much else
ROUNDS = 5  # changes of each of many


def start(change: Change) -> None:
    change.set(f"{EPIC}.1", status=Status.IN_PROGRESS)
    change.claim(f"{EPIC}.1", note="mine")
    change.event("task_started", task=f"{EPIC}.1")


def done(change: Change) -> None:
    task = f"{EPIC}.2"
    change.set(task, status=Status.DONE)
    change.body(task, lambda body: sections.patched(body, sections.SUMMARY, "all of it"))
    change.evidence(task, {"commits": ["c0ffee"]})
    change.note(task, completed_at=change.now)
    change.event("task_completed", task=task)


def create(change: Change) -> None:
    epic = change.create_epic("Another").id
    change.create_task(epic, "First of it")


def restart(change: Change) -> None:
    for n in (1, 2, 3):
        change.set(f"{EPIC}.{n}", status=Status.TODO)
        change.clear(f"{EPIC}.{n}")
        change.event("task_restarted", task=f"{EPIC}.{n}")


def rename(change: Change) -> None:
    change.rename_epic(EPIC, "Billing")


def archive(change: Change) -> None:
    change.archive(EPIC)


def adopt(change: Change) -> None:
    change.set("fn-2.1", status=Status.DONE)
    change.set("fn-2", status="done")


def tracked(change: Change) -> None:
    change.set_config("memory.enabled", False)
    change.write("memory/index.jsonl", "{}\n")
    change.remove(f"specs/{EPIC}.md")


def crowd(change: Change) -> None:
    made = change.create_task(EPIC, f"Of {os.getpid()}")
    change.body(f"{EPIC}.1", lambda body: body + f"{made.id}\n")
    change.phase(f"{EPIC}.1", made.id)


VERBS: dict[str, Callable[[Change], None]] = {
    each.__name__: each for each in (start, done, create, restart, rename, archive, adopt, tracked, crowd)
}


class Points:
    """Counts what a commit does, and ends the process in the middle of it."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def __call__(self, name: str = "") -> None:
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def watched(points: Points) -> None:
    """Each call of the system that a commit makes for a file is a point."""
    for name in ("create", "write", "sync", "sync_folder", "close", "replace", "remove"):
        real = getattr(Files, name)

        def call(self: Files, *given: Any, real: Any = real) -> Any:
            points()
            return real(self, *given)

        setattr(Files, name, call)


def act(root: str, verb: str, what: str, number: int) -> int:
    points = Points(number if what == "kill" else 0)
    watched(points)
    project = Project.find(Path(root), clock=lambda: NOW, hook=points)
    if what == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
    for _ in range(ROUNDS if what == "many" else 1):
        with project.change(verb, seconds=PATIENCE) as change:
            VERBS[verb](change)
    return points.count


def fork(root: str, verb: str, what: str, number: int, tell: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        count = act(root, verb, what, number)
        os.write(tell, f"points {count}\n".encode())
        status = 0
    except Exception as error:
        os.write(tell, f"raised {type(error).__name__}: {error}\n".replace("\n", " ").strip().encode() + b"\n")
        if what == "many":
            traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    os.environ["FLOW_ACTOR"] = "victim"
    assert Project.catalogue  # loads the room
    gc.freeze()
    for line in sys.stdin:
        root, verb, what, number = line.split()
        many = int(number) if what == "many" else 1
        reading, writing = os.pipe()
        pids = [fork(root, verb, what, int(number), writing) for _ in range(many)]
        os.close(writing)
        ends = [os.waitpid(pid, 0)[1] for pid in pids]
        said = os.read(reading, 1 << 16).decode().splitlines()
        os.close(reading)
        print(max(ends), *said[:1], flush=True)


if __name__ == "__main__":
    main()
