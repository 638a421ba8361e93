"""Commit: what is decided is on disk before anybody counts on it; an error or an interrupt leaves all or nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from flowbench.project import Project, ProjectBusy, ProjectError, Status, Unfinished
from flowbench.storage import StorageError, locked
from flowbench.storage.atomic import Files


class Watch:
    """What a commit does to files and folders, in order; `fail` is called with each act and may raise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, flow: Path) -> None:
        self.acts: list[tuple[str, str]] = []
        self.flow = flow
        self.fail: Any = lambda act, name: None
        paths: dict[int, Path] = {}
        real = {
            name: getattr(Files, name) for name in ("create", "open_folder", "sync", "sync_folder", "replace", "remove")
        }

        def create(files: Files, path: Path, mode: int = 0o600) -> int:
            self.note("create", path)
            fd = real["create"](files, path, mode)
            paths[fd] = path
            return int(fd)

        def open_folder(files: Files, path: Path) -> int:
            fd = real["open_folder"](files, path)
            paths[fd] = path
            return int(fd)

        def sync(files: Files, fd: int) -> None:
            self.note("sync", paths[fd])
            real["sync"](files, fd)

        def sync_folder(files: Files, fd: int) -> None:
            self.note("sync", paths[fd])
            real["sync_folder"](files, fd)

        def replace(files: Files, source: Path, target: Path) -> None:
            self.note("replace", target)
            real["replace"](files, source, target)

        def remove(files: Files, path: Path) -> None:
            self.note("remove", path)
            real["remove"](files, path)

        for each in (create, open_folder, sync, sync_folder, replace, remove):
            monkeypatch.setattr(Files, each.__name__, each)

    def note(self, act: str, path: Path) -> None:
        name = path.relative_to(self.flow).as_posix()
        self.acts.append((act, "staged file" if name.endswith(".tmp") else name))
        self.fail(act, name)

    def __call__(self, point: str) -> None:
        self.acts.append(("point", point))


@pytest.fixture
def watch(project: Project, epic: str, monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch(monkeypatch, project.layout.flow)
    project.hook = made
    return made


def test_data_names_and_folders_are_on_disk_before_the_next_step_counts_on_them(
    project: Project, epic: str, watch: Watch
) -> None:
    with project.change("x") as change:
        change.set(f"{epic}.1", status=Status.DONE)
        change.write("outputs/note.md", "n")
        change.remove(f"specs/{epic}.md")

    points = [name for act, name in watch.acts if act == "point"]
    decided = watch.acts.index(("point", "decided"))
    synced = watch.acts.index(("point", "synced"))
    before, between = watch.acts[:decided], watch.acts[decided:synced]
    assert points == [
        "begin",
        "staged",
        "staged",
        "checked",
        "decided",
        "taken",
        "taken",
        "taken",
        "synced",
        "finished",
    ]
    assert before == [
        ("point", "begin"),
        ("sync", "."),  # .staged has a name
        ("create", "staged file"),
        ("sync", "staged file"),
        ("point", "staged"),
        ("sync", "."),  # so has outputs
        ("create", "staged file"),
        ("sync", "staged file"),
        ("point", "staged"),
        ("sync", ".staged"),
        ("point", "checked"),
    ]
    assert [name for act, name in between if act in ("replace", "remove")] == [
        f"tasks/{epic}.1.md",
        "outputs/note.md",
        f"specs/{epic}.md",
    ]
    assert {name for act, name in between if act == "sync"} == {".staged", "outputs", "specs", "tasks"}
    assert not (project.layout.flow / ".staged").exists()


@pytest.mark.parametrize("act", ["create", "sync"])
def test_a_failure_before_the_decision_leaves_nothing(act: str, project: Project, epic: str, watch: Watch) -> None:
    def fail(what: str, name: str) -> None:
        if what == act and name.endswith(".tmp"):
            raise OSError(errno.ENOSPC, "No space left on device")

    watch.fail = fail

    with pytest.raises(StorageError, match="No space left"), project.change("x") as change:
        change.set(f"{epic}.1", status=Status.DONE)

    assert project.task(f"{epic}.1").status is Status.TODO
    assert project.runtime(f"{epic}.1").status is None
    assert not (project.layout.flow / ".staged").exists()


def test_a_failure_after_the_decision_is_told_and_the_next_command_finishes(
    project: Project, epic: str, watch: Watch
) -> None:
    def fail(what: str, name: str) -> None:
        if what == "replace":
            raise OSError(errno.EIO, "Input/output error")

    watch.fail = fail

    def finish() -> None:
        with project.change("done") as change:
            change.set(f"{epic}.1", status=Status.DONE)
            change.event("task_completed", task=f"{epic}.1")

    with pytest.raises(Unfinished, match="decided but not finished"):
        finish()
    watch.fail = lambda act, name: None

    assert Project.find(project.layout.root).task(f"{epic}.1").status is Status.DONE
    assert len(project.events(type="task_completed")) == 1
    assert project.validate().total_warnings == 0


@pytest.mark.parametrize("point", ["begin", "staged", "checked", "decided", "taken", "synced", "finished"])
def test_an_interrupt_anywhere_leaves_all_or_nothing(
    point: str, project: Project, epic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hook(here: str) -> None:
        if here == point:
            project.hook = lambda point: None
            raise KeyboardInterrupt

    project.hook = hook

    with pytest.raises(KeyboardInterrupt), project.change("x") as change:
        change.set(f"{epic}.1", status=Status.DONE)

    wanted = Status.TODO if point in ("begin", "staged", "checked") else Status.DONE
    assert project.task(f"{epic}.1").status is wanted
    assert (project.runtime(f"{epic}.1").status or "todo") == wanted
    assert project.validate().total_warnings == 0
    assert list(project.layout.flow.glob(".staged/*")) == []


def test_files_keep_their_mode_and_new_ones_have_that_of_the_umask(project: Project, epic: str) -> None:
    path = project.layout.tasks / f"{epic}.1.md"
    path.chmod(0o640)
    before = os.umask(0o027)
    try:
        with project.change("x") as change:
            change.set(f"{epic}.1", status=Status.DONE)
            made = change.create_task(epic, "New").id
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o640
    assert (project.layout.tasks / f"{made}.md").stat().st_mode & 0o777 == 0o640
    assert (project.layout.tasks / f"{epic}.2.md").stat().st_mode & 0o777 == 0o666 & ~before


def test_who_waits_too_long_is_told_who_is_in_the_way(project: Project, epic: str) -> None:
    def change() -> None:
        with project.change("x", seconds=0.02):
            pass

    with locked(project.layout.state / "write.lock", 0.0) as ours, pytest.raises(ProjectBusy, match=r"write\.lock"):
        change()

    assert ours


@pytest.mark.parametrize("place", ["tasks", ".staged"])
def test_a_folder_that_leads_elsewhere_is_not_written_to(
    place: str, project: Project, epic: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    folder = project.layout.flow / place
    if folder.exists():
        folder.rename(outside)
    else:
        outside.mkdir()
    folder.symlink_to(outside)
    before = sorted(outside.iterdir())

    with pytest.raises(ProjectError, match="is a link"), project.change("x") as change:
        change.set(f"{epic}.1", status=Status.DONE)

    assert sorted(outside.iterdir()) == before


def test_a_sign_of_life_counts_while_the_claim_does(project: Project, epic: str) -> None:
    task = f"{epic}.1"
    early = project.heartbeat(task)
    with project.change("start") as change:
        change.set(task, status=Status.IN_PROGRESS)
        change.claim(task)
    project.locks.lock(task, ["a.py"])

    alive = project.heartbeat(task, pid=os.getpid())
    told = project.runtime(task)
    with project.change("done") as change:
        change.set(task, status=Status.DONE)

    assert (early, alive, project.heartbeat(task)) == (False, True, False)
    assert told.worker_pid == os.getpid()
    assert told.heartbeat_at is not None
    assert told.heartbeat_at > (told.claimed_at or "")
    assert [event.type for event in project.events(task=task)] == ["task_created", "files_locked"]
