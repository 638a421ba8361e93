"""A project survives its writers: killed anywhere, out of disk, eight at once, edited behind their backs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowbench.project import ConcurrentChange, Project, Status, sections
from tests.promises.project_victim import EPIC, NOW, ROUNDS, VERBS

KILLED = 9
POINTS = int(os.environ.get("FLOWBENCH_KILLS", "50")) // 3  # of each verb at most


class Zygote:
    """Starts writers, one or several at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.promises.project_victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, root: Path, verb: str, what: str, number: int) -> tuple[int, str]:
        """(status of the end, what it said)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(root, verb, what, number, file=self._process.stdin, flush=True)
        status, _, said = self._process.stdout.readline().strip().partition(" ")
        return int(status), said

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an epic of three tasks, one of them claimed, and a record of the Python original."""
    root = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOW_ACTOR", "alice")
        project, _ = Project.init(root, clock=lambda: NOW)
        with project.change("create") as change:
            epic = change.create_epic("Add auth").id
            tasks = [change.create_task(epic, title).id for title in ("One", "Two", "Three")]
            change.set(tasks[2], depends_on=[tasks[1]])
            change.set(tasks[1], status=Status.IN_PROGRESS)
            change.claim(tasks[1])
            change.set_gaps(epic, [{"id": "gap-1", "capability": "x", "status": "open", "priority": "required"}])
        project.close()
    flow = root / ".flow"
    (flow / "epics" / "fn-2.json").write_text(json.dumps({"id": "fn-2", "title": "Old", "status": "open", "x": [1]}))
    (flow / "specs" / "fn-2.md").write_text("# fn-2 Old\n")
    (flow / "tasks" / "fn-2.1.json").write_text(json.dumps({"id": "fn-2.1", "epic": "fn-2", "title": "Old one"}))
    headings = "".join(f"{heading}\n\n" for heading in sections.TASK_HEADINGS)
    (flow / "tasks" / "fn-2.1.md").write_text(f"# fn-2.1 Old one\n\n{headings}")
    return root


Snapshot = tuple[dict[str, bytes], list[object]]


def snapshot(root: Path) -> Snapshot:
    """The files and what the state knows, after everybody who reads has finished what is to be finished."""
    project = Project.find(root, clock=lambda: NOW)
    project.tasks()
    with project.writing():
        pass
    state = [
        project.state.read(f"SELECT * FROM {table}")
        for table in ("runtime", "evidence", "phase_progress", "events", "intents")
    ]
    project.close()
    flow = root / ".flow"
    files = {
        str(path.relative_to(flow)): path.read_bytes()
        for path in sorted(flow.rglob("*"))
        if path.is_file() and ".state" not in path.parts
    }
    return files, [list(rows) for rows in state]


def copy(template: Path, to: Path) -> Path:
    """With the times of its files, so that the flow dirs differ in their place alone."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(template, to)
    return to


def trouble(root: Path) -> list[str]:
    project = Project.find(root, clock=lambda: NOW)
    report = project.validate()
    told = project.reindex()
    project.close()
    found = [*report.root_errors, *report.root_warnings, *told["warnings"]]
    return found + [text for each in report.epics for text in (*each.errors, *each.warnings)]


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "crowd"])
def test_killed_anywhere_a_change_has_happened_or_not(
    verb: str, zygote: Zygote, template: Path, tmp_path: Path
) -> None:
    root = copy(template, tmp_path / "repo")
    before = snapshot(root)
    assert trouble(root) == []
    _, said = zygote.run(root, verb, "kill", 0)
    after, wanted = snapshot(root), trouble(root)
    count = int(said.removeprefix("points "))
    assert count > 5
    assert before != after
    seen = set()

    for point in range(1, count + 1, -(-count // POINTS)):
        copy(template, root)
        status, _ = zygote.run(root, verb, "kill", point)
        assert status == KILLED

        found = snapshot(root)

        assert found in (before, after), f"neither before nor after: killed at point {point} of {count}"
        assert trouble(root) == ([] if found == before else wanted)
        seen.add(found == after)
    assert seen == {True, False}


def test_eight_writers_at_once_lose_nothing(zygote: Zygote, template: Path, tmp_path: Path) -> None:
    root = copy(template, tmp_path / "repo")

    status, said = zygote.run(root, "crowd", "many", 8)

    assert (status, said.split()[0]) == (0, "points")
    project = Project.find(root)
    made = [task.id for task in project.tasks(EPIC)][3:]
    assert made == [f"{EPIC}.{n}" for n in range(4, 4 + 8 * ROUNDS)]
    assert sorted(project.body(f"{EPIC}.1").split("- PRs:\n")[1].split()) == sorted(made)
    assert set(project.phases(f"{EPIC}.1")) == set(made)
    assert len(project.events(type="task_created")) == 3 + len(made)
    assert trouble(root) == []


@pytest.mark.parametrize("verb", ["start", "rename"])
def test_a_full_disk_loses_nothing(verb: str, zygote: Zygote, template: Path, tmp_path: Path) -> None:
    root = copy(template, tmp_path / "repo")
    before = snapshot(root)
    size = (root / ".flow" / ".state" / "state.db").stat().st_size
    zygote.run(root, verb, "kill", 0)
    after = snapshot(root)
    outcomes = []

    for room in (0, 100, 300, 600, 4096, size - 4096, size, size + 1024, 10 * size):
        copy(template, root)
        status, said = zygote.run(root, verb, "full", room)

        found = snapshot(root)

        assert found in (before, after)
        assert found == after or status != 0
        if status:
            assert said.startswith(("raised StorageError", "raised Unfinished"))
        outcomes.append(found == after)
    assert (outcomes[0], outcomes[-1]) == (False, True)


def test_what_an_editor_saves_meanwhile_is_not_overwritten(template: Path, tmp_path: Path) -> None:
    project = Project.find(copy(template, tmp_path / "repo"))
    path = project.layout.tasks / f"{EPIC}.1.md"
    theirs = path.read_text().replace("One", "Edited")

    def change() -> None:
        with project.change("start") as change:
            change.set(f"{EPIC}.1", status=Status.IN_PROGRESS)
            change.claim(f"{EPIC}.1")
            path.write_text(theirs)

    with pytest.raises(ConcurrentChange, match="concurrent modification"):
        change()

    assert path.read_text() == theirs
    assert project.task(f"{EPIC}.1").status is Status.TODO
    assert not (project.layout.flow / ".staged").exists()


def test_what_an_editor_saves_after_a_crash_is_kept_and_ours_is_set_aside(
    zygote: Zygote, template: Path, tmp_path: Path
) -> None:
    root = copy(template, tmp_path / "repo")
    path = root / ".flow" / "tasks" / f"{EPIC}.1.md"
    point = 0
    while not list((root / ".flow").glob(".staged/*")) or not Project.find(root).state.read("SELECT * FROM intents"):
        point += 1
        copy(template, root)
        assert zygote.run(root, "start", "kill", point)[0] == KILLED
    theirs = path.read_text().replace("One", "Edited")
    path.write_text(theirs)

    project = Project.find(root)

    assert project.task(f"{EPIC}.1").title == "Edited"
    assert path.read_text() == theirs
    aside = list((project.layout.state / "conflicts").iterdir())
    assert "status: in_progress" in aside[0].read_text()
    assert project.task(f"{EPIC}.1").status is Status.IN_PROGRESS
    assert trouble(root) == [f"Task {EPIC}.1: claimed by victim, so it is in_progress; its file says todo"]
