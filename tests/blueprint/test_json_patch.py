"""JSON Patch as RFC 6902 has it, with the place of what is wrong; a refused patch changes nothing."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench import blueprint as bp

# Source: RFC 6902, appendix A.
RFC: list[tuple[str, Any, list[Any], Any]] = [
    ("A.1", {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    ("A.2", {"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}], {"foo": ["bar", "qux", "baz"]}),
    ("A.3", {"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ("A.4", {"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    ("A.5", {"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
    (
        "A.6",
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    (
        "A.7",
        {"foo": ["all", "grass", "cows", "eat"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    (
        "A.8",
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
        {"baz": "qux", "foo": ["a", 2, "c"]},
    ),
    ("A.10", {}, [{"op": "add", "path": "/child", "value": {"grandchild": {}}}], {"child": {"grandchild": {}}}),
    ("A.11", {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}], {"foo": "bar", "baz": "qux"}),
    ("A.14", {"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ("A.16", {"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["x"]}], {"foo": ["bar", ["x"]]}),
    ("the whole", {"a": 1}, [{"op": "replace", "path": "", "value": [1]}], [1]),
    ("copy", {"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
    ("empty key", {"": {"": 1}}, [{"op": "replace", "path": "//", "value": 2}], {"": {"": 2}}),
    ("1 is 1.0", {"a": [1]}, [{"op": "test", "path": "", "value": {"a": [1.0]}}], {"a": [1]}),
    ("to itself", {"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
    ("nothing", {"a": 1}, [], {"a": 1}),
]


@pytest.mark.parametrize(("name", "data", "ops", "made"), RFC, ids=[each[0] for each in RFC])
def test_a_patch_makes_what_the_standard_says(name: str, data: Any, ops: Any, made: Any) -> None:
    before = copy.deepcopy(data)

    assert bp.apply_patch(data, ops) == made
    assert data == before


def op(name: Any, path: Any = "/a", **rest: Any) -> dict[str, Any]:
    return {"op": name, "path": path, **rest}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({}, "$.ops[0].op: expected add, remove, replace, move, copy or test, not null"),
        (
            op("copi"),
            '$.ops[0].op: expected add, remove, replace, move, copy or test, not the text "copi" (did you mean "copy"',
        ),
        (op("add"), "$.ops[0]: add needs a value"),
        ({"op": "remove"}, "$.ops[0]: remove needs path"),
        (op("move"), "$.ops[0]: move needs from"),
        (op("remove", "a"), '$.ops[0].path: a pointer is "" or begins with /, unlike the text "a"'),
        (op("remove", "/~2"), "$.ops[0].path: ~ is written ~0 in a pointer"),
        (op("remove", "/b"), '$.ops[0]: the whole document has no key "b"'),
        (op("replace", "/l/2", value=1), "$.ops[0]: /l has 2 elements; there is none at 2"),
        (op("add", "/l/3", value=1), "$.ops[0]: /l has 2 elements; there is none at 3"),
        (op("remove", "/l/-"), '$.ops[0]: /l is a list; "-" is no index of it'),
        (op("remove", "/l/01"), '$.ops[0]: /l is a list; "01" is no index of it'),
        (op("add", "/a/b/c", value=1), "$.ops[0]: /a is the number 1 and holds nothing"),
        (op("test", "/a", value=True), "$.ops[0]: test failed: /a is 1, not true"),
        (op("test", "/l", value=[1]), "$.ops[0]: test failed: /l is [1,2], not [1]"),
        ({"op": "move", "from": "/o", "path": "/o/x"}, "$.ops[0]: /o cannot move into itself"),
        ("add", "$.ops[0]: an operation is an object with op and path"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_operation_is_told_with_its_place(bad: Any, message: str) -> None:
    data = {"a": 1, "l": [1, 2], "o": {"x": 1}}

    with pytest.raises(bp.BadPatch) as refused:
        bp.apply_patch(data, [bad])

    assert str(refused.value).startswith(message)


def test_operations_are_a_list() -> None:
    with pytest.raises(bp.BadPatch, match=r"^\$\.ops: operations are a list, not an object"):
        bp.apply_patch({}, {"op": "add"})


def test_copies_cannot_fill_the_memory() -> None:
    data = {"a": ["x" * 9_000_000]}
    ops = [op("copy", "/a/-", **{"from": "/a"}) for _ in range(4)]

    with pytest.raises(bp.BadPatch, match="this copy would make more than 64 MB"):
        bp.apply_patch(data, ops)


keys = st.sampled_from(["a", "b", "0", "1", "-", ""])
values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3), lambda v: st.lists(v) | st.dictionaries(keys, v), max_leaves=6
)
paths = st.lists(keys, max_size=3).map(lambda each: "".join(f"/{key}" for key in each))
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": paths},
    optional={"value": values, "from": paths},
)


@given(values, st.lists(operations, max_size=4))
def test_any_patch_applies_or_is_refused_and_never_changes_its_source(data: Any, ops: list[Any]) -> None:
    before = copy.deepcopy(data)

    with suppress(bp.BadPatch):
        bp.apply_patch(data, ops)

    assert data == before
