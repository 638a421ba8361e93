"""Index: every change of a file is seen, the cache may go or rot at any moment, and nothing is left out in silence."""

from __future__ import annotations

import os
import random
import sqlite3
from pathlib import Path

import pytest

from flowbench.project import DuplicateRecord, Project, Status, index
from flowbench.project.cache import Cache


def edit(path: Path, before: str, after: str) -> None:
    path.write_text(path.read_text().replace(before, after))


def age(folder: Path, seconds: float = 60) -> None:
    """As if all files had been written long before."""
    for path in folder.rglob("*.md"):
        told = path.stat()
        os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns - int(seconds * 1e9)))


def test_only_what_has_changed_is_read_again(project: Project, epic: str) -> None:
    age(project.layout.flow)
    first, second = project.catalogue(), project.catalogue()
    edit(project.layout.tasks / f"{epic}.2.md", "Implement store", "Implement the store")
    third = project.catalogue()

    assert [first.read, second.read, third.read] == [4, 0, 1]
    assert third.tasks[f"{epic}.2"].title == "Implement the store"
    assert {**third.tasks, f"{epic}.2": first.tasks[f"{epic}.2"]} == first.tasks


def test_two_edits_within_two_seconds_are_both_seen_even_at_the_same_tick(project: Project, epic: str) -> None:
    path = project.layout.tasks / f"{epic}.1.md"
    seen = []
    moment = path.stat().st_mtime_ns
    for word in ("todo", "done", "todo"):
        with path.open("r+") as file:  # in place: the same inode, the same size, and the same time
            text = file.read()
            file.seek(0)
            file.write(text.replace("status: done", f"status: {word}").replace("status: todo", f"status: {word}"))
        os.utime(path, ns=(moment, moment))
        seen.append(project.task(f"{epic}.1").status)
        seen.append(project.tasks()[0].status)

    assert seen == [Status.TODO, Status.TODO, Status.DONE, Status.DONE, Status.TODO, Status.TODO]


def test_a_young_file_is_taken_for_known_once_it_has_aged(project: Project, epic: str) -> None:
    project.catalogue()
    moment = (project.layout.tasks / f"{epic}.1.md").stat().st_mtime_ns

    index.load(project.layout, project.cache, lambda: moment + 60 * 10**9)

    assert {row.digest for row in project.cache.rows().values()} == {b""}


def test_files_that_come_and_go_are_seen(project: Project, epic: str) -> None:
    project.tasks()
    path = project.layout.tasks / f"{epic}.2.md"
    text = path.read_text()
    path.unlink()
    without = [task.id for task in project.tasks()]
    path.with_name(f"{epic}.10.md").write_text(text.replace(f"{epic}.2", f"{epic}.10"))

    assert without == [f"{epic}.1", f"{epic}.3"]
    assert [task.id for task in project.tasks()] == [f"{epic}.1", f"{epic}.3", f"{epic}.10"]


def test_the_cache_may_be_deleted_in_the_middle(project: Project, epic: str) -> None:
    before = project.tasks()
    with project.change("start") as change:
        project.cache.path.unlink()
        change.set(f"{epic}.1", status=Status.IN_PROGRESS)
        project.cache.drop()
        seen = {task.id: task.status for task in change.tasks()}
    project.cache.drop()

    assert seen[f"{epic}.1"] is Status.IN_PROGRESS
    assert [task.id for task in project.tasks()] == [task.id for task in before]
    assert project.task(f"{epic}.1").status is Status.IN_PROGRESS


def test_a_damaged_cache_never_shows_anything_wrong(project: Project, epic: str) -> None:
    age(project.layout.flow)
    wanted = project.catalogue()
    whole = project.cache.path.read_bytes()
    rng = random.Random(5)

    for n in range(60):
        damaged = bytearray(whole)
        if n % 3 == 0:
            damaged = damaged[: rng.randrange(len(damaged))]
        elif n % 3 == 1:
            start = rng.randrange(len(damaged) // 512) * 512
            damaged[start : start + 512] = bytes(512)
        else:
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        project.cache.path.write_bytes(damaged)

        found = project.catalogue()

        assert (found.epics, found.tasks, found.problems) == (wanted.epics, wanted.tasks, wanted.problems)


def test_a_cache_of_another_format_is_made_anew(project: Project, epic: str) -> None:
    project.catalogue()
    with sqlite3.connect(project.cache.path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()

    assert len(project.catalogue().tasks) == 3
    assert len(project.cache.rows()) == 4


def test_a_cache_that_cannot_be_written_is_done_without(project: Project, epic: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache.db", project.layout.flow)

    assert len(index.load(project.layout, cache).tasks) == 3


def test_what_is_left_out_is_told_with_its_reason(project: Project, epic: str) -> None:
    tasks = project.layout.tasks
    (tasks / "README.md").write_text("no task")
    (tasks / "fn-1-Add.9.md").write_text("---\nid: x\n---\n")
    (tasks / f"{epic}.4.md").write_text("---\ntitle: a: b\n---\n")
    (tasks / f"{epic}.5.md").write_text(f"---\nid: {epic}.5\n---\n")
    (tasks / f"{epic}.6.md").write_text("---\ntitle: x\nstatus: finished\n---\n")
    (tasks / f"{epic}.7.md").write_text(f"---\nid: {epic}.8\ntitle: x\n---\n")
    (tasks / f"{epic}.9.md").write_bytes(b"---\ntitle: \xff\n---\n")
    (tasks / f"{epic}.11.md").symlink_to("/etc/passwd")
    (tasks / f"{epic}.12.md").write_text("<<<<<<< HEAD\n---\na: 1\n=======\n>>>>>>> x\n")
    (tasks / f"{epic}.13.md").write_text("---\ntitle: x\ndepends_on: [1]\n---\n")
    os.mkfifo(tasks / f"{epic}.14.md")
    with (tasks / f"{epic}.15.md").open("wb") as file:
        file.truncate(5 << 20)
    (tasks / ".hidden.md").write_text("---\n")

    listed = [task.id for task in project.tasks()]
    again = project.problems
    project.tasks()

    told = {each.name.removeprefix("tasks/"): each.message for each in again}
    words = {
        "README.md": "no task id",
        "fn-1-Add.9.md": "no task id",
        f"{epic}.4.md": "line 2, column 9",
        f"{epic}.5.md": "title is missing",
        f"{epic}.6.md": "line 3, column 1: Invalid status: 'finished'",
        f"{epic}.7.md": "but the file is named",
        f"{epic}.9.md": "no UTF-8",
        f"{epic}.11.md": "is a link",
        f"{epic}.12.md": "merge conflict",
        f"{epic}.13.md": "list of texts",
        f"{epic}.14.md": "no regular file",
        f"{epic}.15.md": "too large",
    }
    assert listed == [f"{epic}.1", f"{epic}.2", f"{epic}.3"]
    assert told.keys() == words.keys()
    assert [name for name, word in words.items() if word not in told[name]] == []
    assert project.problems == again
    report = project.validate()
    assert len(report.epics[0].errors) + len(report.root_errors) == len(words)


def test_one_id_in_two_files_is_an_error(project: Project, epic: str) -> None:
    text = (project.layout.tasks / f"{epic}.1.md").read_text()
    (project.layout.tasks / f"{epic}.7.md").write_text(text)

    with pytest.raises(DuplicateRecord, match=rf"{epic}\.1 is there more than once: .*{epic}\.1\.md, .*{epic}\.7\.md"):
        project.reindex()
    assert not project.validate().valid


def test_tasks_of_a_missing_epic_are_shown_below_a_placeholder(project: Project, epic: str) -> None:
    (project.layout.epics / f"{epic}.md").unlink()

    told = project.reindex()

    assert [each.title for each in project.epics()] == [f"[placeholder] {epic}"]
    assert told["tasks_indexed"] == 3
    assert told["epics_indexed"] == 0
    assert told["warnings"] == [f"epics/{epic}.md: the epic is missing; its tasks are shown below a placeholder"]


def test_reindex_finds_the_same_again(project: Project, epic: str) -> None:
    trial, told, again = project.reindex(dry_run=True), project.reindex(), project.reindex()

    assert trial == told == again
    assert (told["epics_indexed"], told["tasks_indexed"], told["files_skipped"]) == (1, 3, 0)
