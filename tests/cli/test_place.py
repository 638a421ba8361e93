"""The place of a failure: the person's own function, not the library's line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from flowbench.cli.place import place
from flowbench.flow import parse


def raised(body: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the body raises
        body()
    error: BaseException = caught.value
    assert error.__traceback__ is not None
    return error.with_traceback(error.__traceback__.tb_next)  # without the frame of this helper


def read_in_vain() -> object:
    return json.loads("{")


def ask_ours() -> object:
    return parse({"kind": "nothing"})


def look_up() -> object:
    try:
        return dict[str, int]()["missing"]
    except KeyError as error:
        raise ValueError from error


def test_the_last_frame_of_ones_own_counts_not_the_librarys() -> None:
    told = place(raised(read_in_vain))

    assert told is not None
    assert told.startswith(f"{__file__}, line ")
    assert ', in read_in_vain, `return json.loads("{")`: JSONDecodeError: Expecting property name' in told


def test_a_frame_of_ours_below_ones_own_does_not_count() -> None:
    told = place(raised(ask_ours))

    assert told is not None
    assert ", in ask_ours, " in told


def test_the_type_and_the_cause_are_named() -> None:
    told = place(raised(look_up))

    assert told is not None
    assert told.endswith(": ValueError; caused by KeyError: 'missing'")


def test_without_a_frame_of_ones_own_the_deepest_is_named() -> None:
    error = raised(read_in_vain)
    assert error.__traceback__ is not None

    told = place(error.with_traceback(error.__traceback__.tb_next))

    assert told is not None
    assert "decoder.py, line " in told


def test_an_error_that_passed_through_no_body_has_no_place() -> None:
    error = raised(ask_ours)
    assert error.__traceback__ is not None

    assert place(error.with_traceback(error.__traceback__.tb_next)) is None
    assert place(None) is None
