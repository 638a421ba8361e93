"""Query: what there is, as data with the fields of the original and as text for a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from flowbench.cli import flowctl
from flowbench.project import InvalidId, NoProject, NotFound
from tests.cli.flowctl.conftest import Call


def test_epics_are_counted_with_their_tasks(call: Call, epic: str) -> None:
    row = {"id": epic, "title": "Add auth", "status": "open", "tasks": 3, "done": 0}

    assert call("epics") == {"success": True, "epics": [row], "count": 1}


def test_tasks_come_by_number_and_can_be_chosen(call: Call, epic: str) -> None:
    told = call("tasks")

    assert [task["id"] for task in told["tasks"]] == [f"{epic}.1", f"{epic}.2", f"{epic}.3"]
    assert told["tasks"][1] == {
        "id": f"{epic}.2",
        "epic": epic,
        "title": "Implement store",
        "status": "todo",
        "priority": None,
        "domain": None,
        "depends_on": [f"{epic}.1"],
    }
    assert call("tasks", "--domain", "general")["count"] == 2
    assert call("tasks", "--domain", "architecture", "--status", "todo", "--epic", "fn-1")["count"] == 1
    assert call("tasks", "--status", "done")["count"] == 0


def test_list_has_both(call: Call, epic: str) -> None:
    told = call("list")

    assert (told["epic_count"], told["task_count"]) == (1, 3)
    assert set(told["tasks"][0]) == {"id", "epic", "title", "status", "priority", "depends_on"}


def test_show_knows_epics_tasks_and_short_ids(call: Call, epic: str) -> None:
    assert call("show", "fn-1")["tasks"][0] == {
        "id": f"{epic}.1",
        "title": "Design schema",
        "status": "todo",
        "priority": 1,
        "depends_on": [],
    }
    assert call("show", "fn-1.2")["files"] == ["src/db.py", "src/a.py"]


def test_cat_prints_the_text_and_none_of_the_fields(say: Callable[..., str], epic: str) -> None:
    assert say("cat", f"{epic}.1").startswith(f"# {epic}.1 Design schema\n")
    assert say("cat", epic).startswith("# ")


def test_files_name_their_owners_and_conflicts(call: Call, epic: str, repo: Path) -> None:
    with (repo / ".flow" / "tasks" / f"{epic}.1.md").open("a") as file:
        file.write("\n**Files:** `src/a.py`, docs/x.md\n")

    told = call("files", "--epic", epic)

    assert told["ownership"] == {
        "docs/x.md": [f"{epic}.1"],
        "src/a.py": [f"{epic}.1", f"{epic}.2"],
        "src/db.py": [f"{epic}.2", f"{epic}.3"],
    }
    assert told["conflicts"] == {name: told["ownership"][name] for name in ("src/a.py", "src/db.py")}
    assert (told["file_count"], told["conflict_count"]) == (3, 2)


def test_people_read_tables(say: Callable[..., str], epic: str) -> None:
    assert say("epics") == f"[ ]  {epic}  Add auth  0/3"
    assert say("list").splitlines()[2] == f"  [ ]  {epic}.2  Implement store  todo      after .1"
    assert say("tasks").splitlines()[0] == f"[ ]  {epic}.1  Design schema    todo  p1"
    assert "file with several owners (!)" in say("files", "--epic", epic)
    assert "architecture" in say("show", f"{epic}.1")


def test_without_anything_the_next_step_is_told(say: Callable[..., str]) -> None:
    assert "flowctl epic create" in say("epics")
    assert "flowctl epic create" in say("list")
    assert say("tasks") == "No tasks."


@pytest.mark.parametrize("words", [["epics"], ["tasks"], ["list"], ["show", "fn-1"], ["cat", "fn-1"]])
def test_without_a_project_init_is_told(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(NoProject, match="flowctl init"):
        flowctl.call(words, cwd=tmp_path)


def test_what_is_not_there_and_what_is_no_id_are_refused(call: Call, epic: str) -> None:
    for words in (["show", "fn-99"], ["cat", "fn-99.1"], ["tasks", "--epic", "fn-99"], ["files", "--epic", "fn-99"]):
        with pytest.raises(NotFound):
            call(*words)
    with pytest.raises(InvalidId):
        call("cat", "nope")
    with pytest.raises(click.UsageError):
        call("tasks", "--status", "nope")


def test_a_file_that_cannot_be_read_is_left_out_and_told(
    call: Call, epic: str, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repo / ".flow" / "tasks" / f"{epic}.2.md").write_text("---\n<<<<<<< HEAD\n---\n")

    assert call("list")["task_count"] == 2
    assert f"Warning: tasks/{epic}.2.md" in capsys.readouterr().err
