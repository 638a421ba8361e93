"""Status: the table of transitions, cell by cell, and what a failure does."""

from __future__ import annotations

import pytest

from flowbench.project import InvalidStatus, InvalidTransition, status
from flowbench.project.status import Status

ALLOWED = {
    "todo": "in_progress blocked skipped upstream_failed",
    "in_progress": "done blocked failed upstream_failed",
    "done": "upstream_failed",
    "blocked": "todo upstream_failed",
    "skipped": "upstream_failed",
    "failed": "todo up_for_retry upstream_failed",
    "up_for_retry": "in_progress upstream_failed",
    "upstream_failed": "upstream_failed",
}


@pytest.mark.parametrize("after", list(Status))
@pytest.mark.parametrize("before", list(Status))
def test_the_table_says_which_state_may_follow(before: Status, after: Status) -> None:
    if after in ALLOWED[before].split():
        assert status.move(before, after) is after
    else:
        with pytest.raises(InvalidTransition):
            status.move(before, after)


@pytest.mark.parametrize("before", list(Status))
def test_force_moves_all_but_what_is_done(before: Status) -> None:
    if before is Status.DONE:
        with pytest.raises(InvalidTransition, match="restart"):
            status.move(before, Status.IN_PROGRESS, force=True)
    else:
        assert status.move(before, Status.IN_PROGRESS, force=True) is Status.IN_PROGRESS


@pytest.mark.parametrize("before", list(Status))
def test_a_restart_leads_from_everywhere_to_todo(before: Status) -> None:
    if before is Status.IN_PROGRESS:
        with pytest.raises(InvalidTransition, match="--force"):
            status.restart(before)
    assert status.restart(before, force=True) is Status.TODO


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("todo", Status.TODO),
        ("In-Progress", Status.IN_PROGRESS),
        ("inprogress", Status.IN_PROGRESS),
        ("UP_FOR_RETRY", Status.UP_FOR_RETRY),
        ("upforretry", Status.UP_FOR_RETRY),
        (" upstream-failed ", Status.UPSTREAM_FAILED),
    ],
)
def test_a_status_is_read_in_any_spelling(text: str, found: Status) -> None:
    assert status.parse(text) is found


def test_an_unknown_status_names_those_there_are() -> None:
    with pytest.raises(InvalidStatus, match=r"'finished'.*todo, in_progress, done"):
        status.parse("finished")


def test_it_is_written_as_its_word() -> None:
    assert f"{Status.UP_FOR_RETRY}" == "up_for_retry"
    assert {"done": 1}[Status.DONE] == 1


def test_satisfied_terminal_failed_and_active_are_claims_about_it() -> None:
    assert [each for each in Status if each.is_satisfied] == [Status.DONE, Status.SKIPPED]
    assert [each for each in Status if each.is_terminal] == [Status.DONE, Status.SKIPPED]
    assert [each for each in Status if each.is_failed] == [Status.FAILED, Status.UPSTREAM_FAILED]
    assert [each for each in Status if each.is_active] == [Status.IN_PROGRESS]


def test_a_failure_is_tried_again_until_the_retries_are_used_up() -> None:
    assert status.fail(Status.IN_PROGRESS, 0, 2) == (Status.UP_FOR_RETRY, 1, False)
    assert status.fail(Status.IN_PROGRESS, 1, 2) == (Status.UP_FOR_RETRY, 2, False)
    assert status.fail(Status.IN_PROGRESS, 2, 2) == (Status.FAILED, 2, True)
    assert status.fail(Status.IN_PROGRESS, 0, 0) == (Status.FAILED, 0, True)


def test_only_what_somebody_works_on_fails_unless_forced() -> None:
    with pytest.raises(InvalidTransition):
        status.fail(Status.TODO, 0, 0)
    assert status.fail(Status.TODO, 0, 0, force=True).status is Status.FAILED


@pytest.mark.parametrize("before", list(Status))
def test_a_failure_upstream_spares_what_is_satisfied_or_failed(before: Status) -> None:
    spared = {Status.DONE, Status.SKIPPED, Status.FAILED, Status.UPSTREAM_FAILED}

    assert status.hit(before) is (before if before in spared else Status.UPSTREAM_FAILED)
