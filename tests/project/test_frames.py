"""Frames: the project as DataFrames, also when there is nothing in it yet."""

from __future__ import annotations

import pytest

from flowbench.project import Project, frames
from flowbench.project.working import done, start


def test_epics_and_tasks(project: Project, epic: str) -> None:
    start(project, f"{epic}.1")
    done(project, f"{epic}.1")
    start(project, f"{epic}.2")

    epics, tasks = frames.epics_frame(project), frames.tasks_frame(project)

    assert list(epics.index) == [epic]
    assert (epics.tasks.sum(), epics.done.sum()) == (3, 1)
    assert epics.progress[epic] == pytest.approx(1 / 3)
    assert list(tasks.status) == ["done", "in_progress", "todo"]
    assert (tasks.assignee.iloc[1], tasks.priority.iloc[0], list(tasks.seconds.isna())) == (
        "alice@example.com",
        1,
        [False, True, True],
    )
    assert list(tasks.blueprint) == [None, None, None]
    assert str(tasks.updated.dtype).endswith("UTC]")


def test_ready_waves_and_the_critical_path(project: Project, epic: str) -> None:
    first = f"{epic}.1"

    assert list(frames.ready_frame(project, epic).index) == [first]
    waves = frames.waves_frame(project, epic)
    assert list(waves.wave) == [1, 2, 3]
    assert waves.critical.all()
    assert list(waves.ready) == [True, False, False]
    path = frames.critical_path_frame(project)
    assert (path.index[0], path.until.iloc[-1]) == (first, 3.0)


def test_statistics_have_a_row_for_all(project: Project, epic: str) -> None:
    start(project, f"{epic}.1")
    done(project, f"{epic}.1")

    found = frames.stats_frame(project)

    assert list(found.index) == [epic, "all"]
    assert (found.done["all"], found.todo["all"], found.tasks["all"]) == (1, 2, 3)


@pytest.mark.parametrize(
    "frame",
    [
        frames.epics_frame,
        frames.tasks_frame,
        frames.ready_frame,
        frames.waves_frame,
        frames.critical_path_frame,
    ],
)
def test_an_empty_project_gives_empty_frames(project: Project, frame: object) -> None:
    assert len(frame(project)) == 0  # type: ignore[operator]
