"""A task board, seen and clicked by a person, also while a cell is busy and while others work on the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flowbench.project import Project
from flowbench.project.approvals import Approvals
from flowbench.project.working import done
from tests.browser.lab import Notebook
from tests.notebook.papers import paper

CELLS = [
    "%load_ext flowbench\nimport flowbench as fb, os, pathlib, time\nos.environ['FLOW_ACTOR'] = 'alice'",
    "project = fb.Project('board')\nproject.board('fn-1')",
    "while not pathlib.Path('go-on').exists(): time.sleep(0.01)\nprint('the cell ' + 'was busy')",
    "project.graph('fn-1')",
]
BOARD, BUSY, GRAPH = 1, 2, 3
TASKS = ["Design schema", "Implement store", "Implement API", "Write docs"]


def test_a_person_starts_and_finishes_a_task(browser: Any, address: str, place: Path, shot: Any) -> None:
    from playwright.sync_api import expect

    project, _ = Project.init(place / "notebooks" / "board")
    with project.change("epic create") as change:
        epic, before = change.create_epic("Add auth").id, []
        for title in TASKS:
            waits, acceptance = before[-1:] if title != "Write docs" else [], "- [ ] it **holds** `10k` rows"
            before.append(change.create_task(epic, title, depends_on=waits, acceptance=acceptance).id)
    Approvals(project).create("May the old table go?", epic=epic)
    paper(place / "notebooks" / "board.ipynb", *CELLS, kernel="python3")
    book = Notebook(browser, address, "board.ipynb")
    book.run(0)
    book.run(BOARD)
    board = book.cell(BOARD).locator(".fb-board")
    columns = board.locator(".fb-board-column")
    expect(columns.nth(0)).to_contain_text("Design schema", timeout=30_000)

    # Clicks are heard while a cell is busy.
    book.run(BUSY)
    board.get_by_label(f"Start {epic}.1", exact=True).click()
    expect(columns.nth(1)).to_contain_text("Design schema", timeout=15_000)
    expect(board.get_by_label(f"Start {epic}.2", exact=True)).to_be_disabled()
    board.get_by_text("Implement store").click()
    expect(board.locator(".fb-board-detail")).to_contain_text("☐ it holds 10k rows", timeout=15_000)
    shot("8-board-light", board)
    board.get_by_label(f"Done {epic}.1", exact=True).click()
    board.get_by_label("What was done? (optional)").fill("Three tables")
    browser.keyboard.press("Enter")
    expect(columns.nth(3)).to_contain_text("Design schema", timeout=15_000)
    (place / "notebooks" / "go-on").touch()
    expect(book.output(BUSY)).to_have_text("the cell was busy", timeout=15_000)
    assert "Three tables" in project.body(f"{epic}.1")

    # What others do is seen, and a filter hides the rest.
    done(project, f"{epic}.4", summary="elsewhere", force=True)
    expect(columns.nth(3)).to_contain_text("Write docs", timeout=15_000)
    board.get_by_label("Approve ap-1").click()
    expect(board.locator(".fb-ask")).to_have_count(0, timeout=15_000)
    board.get_by_label("Filter tasks").fill("docs")
    expect(board.locator(".fb-card")).to_have_count(1)
    board.get_by_label("Filter tasks").fill("")
    book.theme("JupyterLab Dark")
    shot("8-board-dark", board)
    book.theme("JupyterLab Light")
    book.run(GRAPH)
    expect(book.output(GRAPH).locator("img")).to_be_visible(timeout=30_000)
    shot("8-graph", book.output(GRAPH))
    project.close()
