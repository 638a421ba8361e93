"""Boards: what a board shows, what its buttons do, and that it sees what others change; without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flowbench.notebook import boards
from flowbench.notebook.board_view import SHOWN, detail, still, view
from flowbench.notebook.boards import LiveBoard
from flowbench.notebook.tap import BOARD
from flowbench.project import NotFound, Project
from flowbench.project.approvals import Approvals
from flowbench.project.working import start

EPIC = "fn-1-add-auth"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An epic with a chain of two tasks and one beside it."""
    monkeypatch.setenv("FLOW_ACTOR", "alice@example.com")
    monkeypatch.delenv("FLOW_STATE_DIR", raising=False)
    made, _ = Project.init(tmp_path)
    with made.change("epic create") as change:
        change.create_epic("Add auth")
        first = change.create_task(EPIC, "Design <i>schema</i>").id
        change.create_task(EPIC, "Implement store", depends_on=[first])
        change.create_task(EPIC, "Write docs")
    yield made
    made.close()


@pytest.fixture
def board(project: Project) -> Iterator[LiveBoard]:
    """A board as a page would have it, without the page."""
    made = LiveBoard(project, "fn-1")
    made._open(None)
    yield made
    made.close()


def cards(seen: dict[str, Any]) -> dict[str, list[str]]:
    return {column["name"]: [card["id"][-1] for card in column["tasks"]] for column in seen["columns"]}


def click(board: LiveBoard, number: int, act: str, id: str = "", text: str = "") -> None:
    board._on_message({"event": BOARD, "view": "page", "n": number, "do": act, "id": id, "text": text})


def until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_columns_cards_and_what_may_be_done(project: Project) -> None:
    start(project, f"{EPIC}.3")

    seen = view(project, EPIC)

    assert cards(seen) == {"To do": ["1", "2"], "In progress": ["3"], "Blocked": [], "Done": []}
    first, second = seen["columns"][0]["tasks"]
    assert (first["ready"], first["waits"], first["acts"]) == (True, [], ["start", "block", "skip"])
    assert (second["ready"], second["waits"]) == (False, [f"{EPIC}.1"])
    assert seen["columns"][1]["tasks"][0]["assignee"] == "alice@example.com"


def test_a_filter_finds_what_is_cut_off(project: Project) -> None:
    with project.change("task create") as change:
        for number in range(SHOWN):
            change.create_task(EPIC, f"Chore {number}")

    todo = view(project, EPIC)["columns"][0]

    assert (len(todo["tasks"]), todo["total"]) == (SHOWN, SHOWN + 3)
    assert "Chore 199" in [card["title"] for card in view(project, EPIC, "chore 199")["columns"][0]["tasks"]]


def test_what_stays_is_escaped_and_readable(project: Project) -> None:
    Approvals(project).create("Delete <b>all</b>?", task=f"{EPIC}.1")

    bundle = still(view(project, EPIC))

    assert "<i>schema" not in bundle["text/html"]
    assert "Delete &lt;b&gt;all" in bundle["text/html"]
    assert f"To do: {EPIC}.1, {EPIC}.2, {EPIC}.3" in bundle["text/plain"]


def test_details_are_the_markdown_and_the_facts(project: Project) -> None:
    told = detail(project, f"{EPIC}.2")

    assert "## Description" in told["body"]
    assert ["waits for", f"{EPIC}.1"] in told["facts"]
    assert "fn-1-add-auth.9" in detail(project, f"{EPIC}.9")["error"]


def test_buttons_do_their_work_once_and_say_so(board: LiveBoard, project: Project) -> None:
    panel = board.panel

    click(board, 1, "start", f"{EPIC}.1")
    click(board, 1, "start", f"{EPIC}.1")  # the comm brings it once more
    click(board, 2, "done", f"{EPIC}.1", "It is there")
    click(board, 3, "block", f"{EPIC}.2", "No disk")
    click(board, 4, "skip", f"{EPIC}.3")
    until(lambda: cards(panel.view) == {"To do": [], "In progress": [], "Blocked": ["2"], "Done": ["1", "3"]})

    assert "It is there" in project.body(f"{EPIC}.1")
    assert [event.type for event in project.events(task=f"{EPIC}.1")].count("task_started") == 1
    until(lambda: panel.said == {"text": f"Task {EPIC}.3 skipped", "bad": False, "n": 4})


def test_what_is_refused_is_said_on_the_board(board: LiveBoard) -> None:
    panel = board.panel

    click(board, 1, "start", f"{EPIC}.2")

    until(lambda: bool(panel.said))
    assert panel.said["bad"]
    assert "Complete dependencies first" in panel.said["text"]
    first = panel.said
    click(board, 2, "start", f"{EPIC}.2")
    until(lambda: panel.said != first)  # the page waits for an answer to each click
    assert panel.said["text"] == first["text"]


def test_changes_of_others_are_seen(board: LiveBoard, project: Project) -> None:
    panel = board.panel
    other = Project.find(project.layout.root)

    click(board, 1, "open", f"{EPIC}.3")
    start(other, f"{EPIC}.3")
    until(lambda: cards(panel.view)["In progress"] == ["3"])
    path = project.layout.tasks / f"{EPIC}.3.md"
    path.write_text(path.read_text().replace("Write docs", "Write more docs"))
    until(lambda: panel.detail.get("title") == "Write more docs")

    other.close()


def test_a_look_that_fails_is_taken_again(board: LiveBoard, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    panel, read = board.panel, board._view
    monkeypatch.setattr(boards, "LOOK_SECONDS", 0.01)

    def fails() -> Any:
        raise OSError("the disk is away")

    monkeypatch.setattr(board, "_view", fails)
    start(project, f"{EPIC}.3")
    until(lambda: panel.said.get("text") == "the disk is away")
    monkeypatch.setattr(board, "_view", read)

    until(lambda: cards(panel.view)["In progress"] == ["3"])
    until(lambda: panel.said["text"] == "")


def test_questions_are_approved_and_rejected_on_a_board_of_their_own(project: Project) -> None:
    asked = Approvals(project)
    first, second = asked.create("Deploy?")["id"], asked.create("Delete?", payload={"files": 3})["id"]
    board = LiveBoard(project, is_approvals=True)
    board._open(None)
    panel = board.panel
    assert [each["question"] for each in panel.view["approvals"]] == ["Deploy?", "Delete?"]
    assert panel.view["columns"] == []
    assert "Nothing waits" not in repr(board)

    click(board, 1, "approved", first)
    click(board, 2, "rejected", second, "not today")
    until(lambda: panel.view["approvals"] == [])
    assert "Nothing waits for a decision." in repr(board)

    assert asked.get(first).status == "approved"
    assert (asked.get(second).status, asked.get(second).note) == ("rejected", "not today")
    board.close()


def test_an_epic_that_is_not_there_is_told_at_once(project: Project) -> None:
    with pytest.raises(NotFound):
        LiveBoard(project, "fn-9")


def test_a_project_that_cannot_be_read_is_told_on_the_board(project: Project) -> None:
    path = project.layout.tasks / f"{EPIC}.3.md"
    path.write_text("no front matter\n")

    seen = view(project, EPIC)

    assert cards(seen)["To do"] == ["1", "2"]
    assert f"{EPIC}.3.md" in seen["error"]
