"""The two borders refuse what is no JSON, by place; equality, truth and texts are those of the language."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import strategies as st

from flowbench.flow import NotJson, compact, duplicate, hand, take, values
from tests.flow.forms import prove

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(values.I64_MIN, values.U64_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


class Colour(IntEnum):
    RED = 1


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def cycle() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (math.nan, "$: nan is no JSON number"),
        (math.inf, "$: inf is no JSON number"),
        ({"a": [1, -math.inf]}, "$.a[1]: -inf is no JSON number"),
        ((1, 2), "$: tuple is no JSON value"),
        ({"a": {"b": (1,)}}, "$.a.b: tuple is no JSON value"),
        ({1, 2}, "$: set is no JSON value"),
        ({1: "a"}, "$: key 1 is no string"),
        ([{"a": {2.5: 1}}], "$[0].a: key 2.5 is no string"),
        (b"bytes", "$: bytes is no JSON value"),
        (dt.date(2026, 1, 2), "$: date is no JSON value"),
        ([Decimal("1.5")], "$[0]: Decimal is no JSON value"),
        (object(), "$: object is no JSON value"),
        ("\ud800", "$: lone surrogate"),
        (["ok", {"a": "x\udfff"}], "$[1].a: lone surrogate"),
        ({"\ud800": 1}, "$: a key with a lone surrogate"),
        (2**64, "$: integer outside 64 bits"),
        (-(2**63) - 1, "$: integer outside 64 bits"),
        ({"a": [2**70]}, "$.a[0]: integer outside 64 bits"),
        (nested(2000), "nested deeper than 500"),
        (cycle(), "nested deeper than 500"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isascii() else type(value).__name__,
)
def test_what_is_no_json_is_refused_by_its_place(value: Any, says: str) -> None:
    with pytest.raises(NotJson) as refused:
        take(value)
    with pytest.raises(NotJson):
        values.take_value(value)

    assert says in str(refused.value)
    assert isinstance(refused.value, TypeError)


@prove(JSON)
def test_taking_over_gives_an_equal_value_and_its_text(value: Any) -> None:
    fresh, text = take(value)

    assert values.strictly_equal(fresh, value)
    assert values.strictly_equal(json.loads(text), value)
    assert values.strictly_equal(values.take_value(value), value)
    assert values.strictly_equal(values.hand_copy(fresh), value)
    assert values.strictly_equal(hand(fresh)[0], value)


def test_neither_border_shares_containers() -> None:
    inner: list[int] = [1]
    value = {"a": inner}

    taken, handed, copied = take(value)[0], hand(value)[0], values.hand_copy(value)
    inner.append(2)

    assert taken == handed == copied == {"a": [1]}


def test_an_enum_of_integers_becomes_its_integer() -> None:
    taken = take({"a": Colour.RED})[0]

    assert type(taken["a"]) is int


def test_an_object_whose_equality_fails_is_refused_and_not_fatal() -> None:
    class Hostile(list):  # type: ignore[type-arg]
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no")

        __hash__ = None  # type: ignore[assignment]

    with pytest.raises(NotJson):
        take(Hostile([1]))


@prove(JSON, JSON)
def test_strict_equality_is_equality_of_canonical_text(a: Any, b: Any) -> None:
    def text(value: Any) -> str:
        return json.dumps(value, sort_keys=True).replace("-0.0", "0.0")

    assert values.strictly_equal(a, a)
    assert values.strictly_equal(a, b) == (text(a) == text(b))


@pytest.mark.parametrize(
    ("a", "b", "strictly", "later"),
    [
        (5, 5.0, False, True),
        (True, 1, False, False),
        ([5, {"a": 1}], [5.0, {"a": 1.0}], False, True),
        (2**53, 2**53 + 1, False, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, True),
        ([1, 2], [2, 1], False, False),
        ([1], [1, 2], False, False),
        ({"a": 1}, {"b": 1}, False, False),
        (None, False, False, False),
        (0, False, False, False),
        ("1", 1, False, False),
        (0.0, -0.0, True, True),
    ],
)
def test_equality_of_both_versions(a: Any, b: Any, strictly: bool, later: bool) -> None:
    assert (values.strictly_equal(a, b), values.equal(a, b)) == (strictly, later)
    assert (values.strictly_equal(b, a), values.equal(b, a)) == (strictly, later)


def test_equality_has_no_depth_limit() -> None:
    a, b, c = nested(50_000), nested(50_000), nested(49_999)

    assert values.equal(a, b)
    assert values.strictly_equal(a, b)
    assert not values.equal(a, c)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "Null"),
        (True, "Bool(true)"),
        (5, "Number(5)"),
        (2.5, "Number(2.5)"),
        (5.0, "Number(5.0)"),
        (1e16, "Number(1e16)"),
        (1.5e-7, "Number(1.5e-7)"),
        ("x", 'String("x")'),
        ('a"b\\c\n\t\r\0', 'String("a\\"b\\\\c\\n\\t\\r\\0")'),
        ("it's é", 'String("it\'s é")'),
        ("\x1b\x7f", 'String("\\u{1b}\\u{7f}")'),
        ("e\u0301", 'String("e\\u{301}")'),
        ([1, "a"], 'Array [Number(1), String("a")]'),
        ([], "Array []"),
        ({"b": 1, "a": {}}, 'Object {"a": Object {}, "b": Number(1)}'),
    ],
)
def test_operands_are_shown_in_the_notation_of_the_language(value: Any, text: str) -> None:
    assert values.debug(value) == text


def test_compact_json_sorts_keys_and_keeps_characters() -> None:
    assert compact({"b": [1, 2.5, 1e16], "a": "é\u001f/"}) == '{"a":"é\\u001f/","b":[1,2.5,1e16]}'


@pytest.mark.parametrize("value", [0, 0.0, "", [], {}, True], ids=repr)
def test_only_null_and_false_are_falsy(value: Any) -> None:
    assert values.truthy(value)
    assert not values.truthy(None)
    assert not values.truthy(False)


def test_a_duplicate_is_equal_and_shares_nothing_with_the_original_but_what_it_shared_itself() -> None:
    items = [1, {"a": [None]}]
    value = {"items": items, "branches": [{"items": items, "n": n} for n in range(3)], "s": "x"}

    copy = duplicate(value)

    assert copy == value
    assert copy["branches"][0]["items"] is copy["branches"][2]["items"]
    copy["items"][1]["a"].append(2)
    assert items == [1, {"a": [None]}]


def test_a_duplicate_may_be_nested_to_any_depth() -> None:
    value: Any = 7
    for _ in range(50_000):
        value = [value]

    copy = duplicate(value)

    for _ in range(50_000):
        (copy,) = copy
    assert copy == 7
