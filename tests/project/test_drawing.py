"""Drawing: the graph of an epic by status, with its critical path; and the plan that it shows."""

from __future__ import annotations

import pytest

from flowbench.project import NotFound, Project
from flowbench.project.drawing import draw, statuses, svg
from flowbench.project.planning import plan
from flowbench.project.working import done, start


@pytest.fixture
def forked(project: Project, epic: str) -> str:
    """The chain of three, and a fourth task beside it that has been done."""
    with project.change("task create") as change:
        change.create_task(epic, "Write docs")
    start(project, f"{epic}.4")
    done(project, f"{epic}.4")
    return epic


def test_a_plan_knows_waves_ready_tasks_and_the_critical_path(project: Project, forked: str) -> None:
    found = plan(project, forked)

    assert found.waves == [[f"{forked}.1", f"{forked}.4"], [f"{forked}.2"], [f"{forked}.3"]]
    assert found.ready == [f"{forked}.1"]
    assert found.critical_path == [f"{forked}.{number}" for number in (1, 2, 3)]
    assert found.edges == [(f"{forked}.1", f"{forked}.2"), (f"{forked}.2", f"{forked}.3")]


def test_the_critical_path_goes_by_the_time_that_tasks_took(project: Project, forked: str) -> None:
    with project.change("edit") as change:
        change.note(f"{forked}.4", duration_seconds=500.0)
        change.note(f"{forked}.1", duration_seconds=1.0)
        change.note(f"{forked}.2", duration_seconds=1.0)
        change.note(f"{forked}.3", duration_seconds=1.0)

    assert plan(project, forked).critical_path == [f"{forked}.4"]


def test_boxes_say_their_status_and_the_critical_path_is_thick(project: Project, forked: str) -> None:
    found = plan(project, forked)
    drawn = draw(found)

    assert [node.detail for node in drawn.nodes] == [
        ".1 · ready · critical",
        ".2 · todo · critical",
        ".3 · todo · critical",
        ".4 · done",
    ]
    assert {edge.style for edge in drawn.edges} == {"bold"}
    assert svg(project, forked).count('stroke-width="2.8"') >= 2
    assert statuses(found) == {f"{forked}.4": "done"}


def test_several_epics_stand_in_groups(project: Project, forked: str) -> None:
    with project.change("epic create") as change:
        other = change.create_epic("Billing").id
        change.create_task(other, "Invoice <b>")

    drawn = draw(plan(project))

    assert [group.id for group in drawn.groups] == [forked, other]
    assert "&lt;b&gt;" in svg(project)


def test_an_epic_that_is_not_there_is_told(project: Project) -> None:
    with pytest.raises(NotFound):
        svg(project, "fn-7")
