"""Issues, settings and the log behave alike in memory and in a file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flowbench import runtime as rt
from flowbench.blueprint import Fixed, SemverReq
from flowbench.flow import NotJson


@pytest.fixture(params=["memory", "file"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return None if request.param == "memory" else tmp_path / "data" / "enhance.db"


def issue(id: str, blueprint_id: str = "main") -> rt.Issue:
    return rt.Issue(id, blueprint_id, f"intent of {id}")


def entry(id: str, ts_ms: int, blueprint_id: str = "main") -> rt.LogEntry:
    verdict = rt.LoggedVerdict("noop", "pass", "a -> b")
    return rt.LogEntry(id, blueprint_id, "a", "b", "intent", "why", (verdict,), "applied", (), ts_ms)


def test_issues_are_popped_in_the_order_of_their_creation(path: Path | None) -> None:
    issues = rt.Issues(path)
    for name in ("c", "a", "b"):
        issues.create(issue(name))

    popped = [issues.pop_pending() for _ in range(4)]

    assert popped == [issue("c"), issue("a"), issue("b"), None]
    assert [(each.issue.issue_id, each.status) for each in issues.list()] == [
        ("c", rt.InFlight()),
        ("a", rt.InFlight()),
        ("b", rt.InFlight()),
    ]


def test_an_issue_keeps_what_became_of_it(path: Path | None) -> None:
    issues = rt.Issues(path)
    issues.create(issue("a"))
    issues.create(issue("b"))

    issues.update_status("a", rt.Applied("ab" * 32))
    issues.update_status("b", rt.Rejected("noop: nothing"))
    issues.remember_run("b", "r-1")

    assert issues.status("a") == rt.Applied("ab" * 32)
    assert issues.get("b") == rt.IssueRecord(issue("b"), rt.Rejected("noop: nothing"), "r-1")
    assert issues.pop_pending() is None


def test_what_is_pending_again_is_last_and_what_is_given_back_is_first(path: Path | None) -> None:
    issues = rt.Issues(path)
    for name in ("a", "b", "c"):
        issues.create(issue(name))
    for _ in range(2):
        issues.pop_pending()

    issues.update_status("a", rt.Pending())
    issues.give_back("b")
    issues.create(issue("d"))

    assert [found.issue_id for found in iter(issues.pop_pending, None)] == ["b", "c", "a", "d"]


def test_an_issue_is_created_once_and_an_unknown_one_is_told(path: Path | None) -> None:
    issues = rt.Issues(path)
    issues.create(issue("a"))

    with pytest.raises(rt.DuplicateIssue, match=r"^there is an issue 'a' already"):
        issues.create(issue("a"))
    calls = (
        lambda: issues.get("x"),
        lambda: issues.status("x"),
        lambda: issues.update_status("x", rt.Pending()),
        lambda: issues.remember_run("x", "r"),
        lambda: issues.give_back("x"),
    )
    for call in calls:
        with pytest.raises(rt.IssueNotFound, match=r"^no issue 'x'"):
            call()


def test_settings_are_put_replaced_and_deleted(path: Path | None) -> None:
    settings = rt.Settings(path)
    first = rt.EnhanceSetting("b", "enhance")
    second = rt.EnhanceSetting("a", "mine", 60, SemverReq("^1"), (), {"deep": [1, {"x": None}]})

    settings.put(rt.EnhanceSetting("b", "old", version=Fixed("ab" * 32)))
    settings.put(first)
    settings.put(second)

    assert settings.list() == [second, first]
    assert settings.get("a") == second
    assert first.verifier_axes == ("des", "canonical", "noop", "agent-ref")
    settings.delete("a")
    for call in (lambda: settings.get("a"), lambda: settings.delete("a")):
        with pytest.raises(rt.SettingNotFound, match=r"^no enhance setting 'a'"):
            call()


def test_a_setting_that_is_no_json_is_refused(path: Path | None) -> None:
    with pytest.raises(NotJson):
        rt.Settings(path).put(rt.EnhanceSetting("a", "x", meta={"n": float("nan")}))


def test_the_log_has_one_entry_per_issue_in_ascending_time(path: Path | None) -> None:
    log = rt.EnhanceLog(path)
    for each in (entry("b", 2), entry("a", 1), entry("c", 3, "other"), entry("d", 2)):
        log.append(each)

    assert [each.issue_id for each in log.list_all()] == ["a", "b", "d", "c"]
    assert log.list_by_blueprint("other") == [entry("c", 3, "other")]
    assert log.get("b") == entry("b", 2)
    with pytest.raises(rt.LogConflict, match=r"^the log has an entry for issue 'a' already"):
        log.append(entry("a", 9))
    with pytest.raises(rt.LogNotFound, match=r"^the log has no entry for issue 'x'"):
        log.get("x")


@pytest.mark.parametrize(
    ("status", "wire"),
    [
        (rt.Pending(), "Pending"),
        (rt.InFlight(), "InFlight"),
        (rt.Applied("ab"), {"Applied": {"new_version": "ab"}}),
        (rt.Rejected("no"), {"Rejected": {"reason": "no"}}),
    ],
    ids=["pending", "in flight", "applied", "rejected"],
)
def test_a_status_has_its_wire_form(status: rt.IssueStatus, wire: object) -> None:
    assert rt.issue_status_to_wire(status) == wire
    assert rt.issue_status_from_wire(wire) == status


@pytest.mark.parametrize("wire", ["pending", {"Applied": {}}, {}, None, {"Pending": {}}, {"Applied": 1, "Rejected": 2}])
def test_what_is_no_status_is_refused(wire: object) -> None:
    with pytest.raises(ValueError, match=r"status of an issue|required field|Expected"):
        rt.issue_status_from_wire(wire)


POPPER = """
import sys
from pathlib import Path
from flowbench import runtime as rt

issues = rt.Issues(Path(sys.argv[1]))
for issue in iter(issues.pop_pending, None):
    print(issue.issue_id, flush=True)
print(".", flush=True)
sys.stdin.read()
"""


def popper(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", POPPER, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_of_many_processes_one_gets_each_issue(tmp_path: Path) -> None:
    path = tmp_path / "enhance.db"
    issues = rt.Issues(path)
    for n in range(30):
        issues.create(issue(str(n)))

    poppers = [popper(path) for _ in range(3)]
    got = [line.strip() for each in poppers for line in iter(_next(each), ".\n")]
    for each in poppers:
        each.communicate()

    assert sorted(got, key=int) == [str(n) for n in range(30)]


def test_what_a_killed_process_had_in_flight_waits_again_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "enhance.db"
    issues = rt.Issues(path)
    for name in ("a", "b"):
        issues.create(issue(name))
    with popper(path) as other:
        assert [line.strip() for line in iter(_next(other), ".\n")] == ["a", "b"]
        issues.create(issue("c"))
        assert issues.pop_pending() == issue("c")
        assert issues.pop_pending() is None
        other.kill()

    assert [found.issue_id for found in iter(issues.pop_pending, None)] == ["a", "b"]
    assert [record.status for record in issues.list()] == [rt.InFlight()] * 3


def test_closing_gives_back_what_was_in_flight(tmp_path: Path) -> None:
    path = tmp_path / "enhance.db"
    first, second = rt.Issues(path), rt.Issues(path)
    first.create(issue("a"))
    first.pop_pending()

    assert second.pop_pending() is None
    first.close()

    assert second.pop_pending() == issue("a")


def _next(process: subprocess.Popen[str]) -> Callable[[], str]:
    assert process.stdout is not None
    return process.stdout.readline
