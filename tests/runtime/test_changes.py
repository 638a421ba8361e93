"""Changes between two ctx."""

from __future__ import annotations

import pytest

from flowbench.runtime.changes import changed_paths

CASES = {
    "nothing": ({"a": 1}, {"a": 1}, []),
    "replaced": ({"a": 1}, {"a": 2}, ["$.a"]),
    "added and removed": ({"a": 1}, {"b": 1}, ["$.a", "$.b"]),
    "deep": ({"a": {"b": {"c": 1}, "d": 2}}, {"a": {"b": {"c": 3}, "d": 2}}, ["$.a.b.c"]),
    "a list counts as a whole": ({"a": [1, 2]}, {"a": [1, 3]}, ["$.a"]),
    "true is not 1": ({"a": True}, {"a": 1}, ["$.a"]),
    "an odd key is quoted": ({"k": {}}, {"k": {"a.b": 1}}, ['$.k["a.b"]']),
    "root replaced": ({"a": 1}, 5, ["$"]),
}


@pytest.mark.parametrize(("before", "after", "paths"), CASES.values(), ids=CASES)
def test_changed_paths(before: object, after: object, paths: list[str]) -> None:
    assert list(changed_paths(before, after)) == paths


def test_a_shared_part_is_not_looked_at() -> None:
    class Untouchable(dict[str, object]):
        def __iter__(self):  # type: ignore[no-untyped-def]
            raise AssertionError("looked at")

    shared = Untouchable()

    assert list(changed_paths({"big": shared, "x": 1}, {"big": shared, "x": 2})) == ["$.x"]
