"""Stats: a table for a person, JSON for everybody else."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from flowbench.cli import flowctl
from flowbench.cli.flowctl.stats import cost_said, duration_said, tokens_said
from flowbench.project import NotFound
from tests.cli.flowctl.conftest import Call


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_numbers_are_short() -> None:
    assert [tokens_said(n) for n in (0, 999, 1500, 999_949, 999_950, 2_000_000)] == [
        *("0", "999", "1.5K", "999.9K", "1.0M", "2.0M")
    ]
    assert [duration_said(s) for s in (None, 10, 59.6, 180, 3599, 5400)] == ["-", "10s", "1m", "3m", "1.0h", "1.5h"]
    assert [cost_said(d) for d in (0, 1.23456)] == ["$0.0000", "$1.2346"]


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("epic", {"epics", "count"}),
        ("weekly", {"weekly_trends"}),
        ("tokens", {"token_usage"}),
        ("bottlenecks", {"bottlenecks"}),
        ("rollup", {"months_updated"}),
        ("cleanup", {"deleted"}),
        ("dora", {"lead_time_hours", "throughput_per_week", "change_failure_rate", "time_to_restore_hours"}),
    ],
)
def test_each_verb_answers_with_its_fields(
    word: str, fields: set[str], call: Call, say: Callable[..., str], epic: str
) -> None:
    call("start", f"{epic}.1")
    call("done", f"{epic}.1")

    assert set(call("stats", word)) == {"success", *fields}
    assert say("stats", word)


def test_json_is_the_answer_where_no_person_looks(
    repo: Path, epic: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repo)
    monkeypatch.setattr(sys, "argv", ["flowctl", "stats", "summary"])
    with pytest.raises(SystemExit):
        flowctl.main()
    assert json.loads(capsys.readouterr().out)["total_tasks"] == 3

    monkeypatch.setattr(sys, "stdout", Terminal())
    with pytest.raises(SystemExit):
        flowctl.main()
    assert "3 (0 done, 0 in progress, 0 blocked)" in sys.stdout.getvalue()  # type: ignore[attr-defined]


def test_wrong_calls_are_refused(call: Call) -> None:
    with pytest.raises(click.UsageError):
        call("stats", "weekly", "--weeks", "0")
    with pytest.raises(click.UsageError):
        call("stats", "bottlenecks", "--limit", "0")
    with pytest.raises(NotFound):
        call("stats", "epic", "--id", "fn-9")
