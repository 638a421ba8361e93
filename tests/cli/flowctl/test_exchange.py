"""Exchange: a project goes through one file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest

from flowbench.cli import flowctl
from flowbench.cli.exits import Refusal
from flowbench.project import AlreadyThere, Project
from tests.cli.flowctl.conftest import Call


@pytest.fixture
def other(tmp_path: Path) -> Path:
    place = tmp_path / "other"
    Project.init(place)[0].close()
    return place


def test_what_is_exported_is_imported_elsewhere(call: Call, epic: str, repo: Path, other: Path) -> None:
    told = call("export", "--output", "all.json")

    assert (told["epics"], told["tasks"], told["path"]) == (1, 3, str(repo / "all.json"))
    dry = flowctl.call(["import", str(repo / "all.json"), "--dry-run"], cwd=other).data
    assert (dry["dry_run"], dry["epics"]) == (True, [epic])
    assert flowctl.call(["epics"], cwd=other).data["count"] == 0
    assert flowctl.call(["import", "--file", str(repo / "all.json")], cwd=other).data["tasks"] == dry["tasks"]
    assert flowctl.call(["show", f"{epic}.2"], cwd=other).data["depends_on"] == [f"{epic}.1"]
    with pytest.raises(AlreadyThere):
        flowctl.call(["import", str(repo)], cwd=other)


def test_an_export_goes_through_a_pipe(repo: Path, epic: str, other: Path) -> None:
    answer = flowctl.call(["export"], cwd=repo)

    assert json.loads(answer.text) == json.loads(answer.as_json())
    told = flowctl.call(["import", "-"], cwd=other, stdin=io.StringIO(answer.text)).data
    assert told["epics"] == [epic]
    assert "1 epic, 3 tasks" in told["message"]


def test_without_a_source_nothing_of_ours_changes(call: Call, epic: str) -> None:
    assert call("import")["epics"] == []


def test_what_is_no_export_is_refused(call: Call) -> None:
    with pytest.raises(Refusal, match="no JSON"):
        call("import", "-", stdin=io.StringIO("{"))
    with pytest.raises(Refusal, match="no JSON object"):
        call("import", "-", stdin=io.StringIO("[]"))
    with pytest.raises(click.UsageError):
        call("import", "a", "--file", "b")
    with pytest.raises(Refusal, match="--output"):
        call("export", "--output", "no/such/folder.json")
