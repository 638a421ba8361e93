"""Paths: both dialects; what is written can be read; a write changes nothing that others see."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import strategies as st

from flowbench.flow import SEED, InvalidPath, PathNotFound, Scope, TypeMismatch, force, parse_path
from flowbench.flow.paths import reader, writer
from tests.flow.forms import prove
from tests.flow.test_values import JSON

KEYS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"'), min_size=1, max_size=3), max_size=4
)
SHORT = st.lists(st.sampled_from("abc"), max_size=3).map(tuple)
OBJECTS = st.recursive(
    st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def dotted(keys: tuple[str, ...]) -> str:
    return ".".join(("$", *keys))


@prove(KEYS, st.sampled_from(["$", "ctx"]))
def test_every_key_can_be_written_in_brackets(keys: list[str], root: str) -> None:
    text = root + "".join(f'["{key}"]' for key in keys)

    assert parse_path(text) == tuple(keys)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("$", ()),
        ("ctx", ()),
        ("$.a.b", ("a", "b")),
        ("ctx.a", ("a",)),
        ('ctx["a"].b["c.d"]["e"]', ("a", "b", "c.d", "e")),
        ('$.a["k.with.dots"]', ("a", "k.with.dots")),
        ("$.ctx", ("ctx",)),
        ("$.a b", ("a b",)),
    ],
)
def test_later_paths(text: str, keys: tuple[str, ...]) -> None:
    assert parse_path(text) == keys


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must start with"),
        ("a.b", "must start with"),
        ("ctxfoo", "right after 'ctx'"),
        ("$foo", "right after '$'"),
        ("$$.x", "right after '$'"),
        ("$.", "trailing '.'"),
        ("$.a.", "empty path segment"),
        ("$.a..b", "empty path segment"),
        ("$..a", "empty path segment"),
        ("$.a[0]", "expected '\"' after '['"),
        ('$.a[""]', "empty bracket segment"),
        ('$.a["b"', "no '\"]'"),
        ('$["a"]b', "right after"),
        ("$.a['b']", "expected '\"' after '['"),
    ],
)
def test_later_paths_that_are_refused_say_why(text: str, why: str) -> None:
    with pytest.raises(InvalidPath, match="invalid path syntax") as refused:
        parse_path(text)

    assert f"'{text}'" in str(refused.value)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("text", "keys"),
    [("$", ()), ("$.", ()), ("$foo", ("foo",)), ("$.a[0]", ("a[0]",)), ("$..a", ("", "a")), ("$$.x", ("$", "x"))],
)
def test_seed_paths_are_split_at_dots_and_nothing_else(text: str, keys: tuple[str, ...]) -> None:
    assert parse_path(text, SEED) == keys


def test_a_missing_value_names_the_whole_path() -> None:
    for ctx in ({}, {"a": {}}, {"a": None}, {"a": [1]}, {"a": "text"}, {"a": 5}, None, [1], "text"):
        with pytest.raises(PathNotFound, match=r"^path not found: \$\.a\.b$"):
            reader("$.a.b")(ctx)


@prove(OBJECTS, SHORT, JSON)
def test_what_was_written_is_read(ctx: Any, keys: tuple[str, ...], value: Any) -> None:
    for compat in (SEED, None):
        scope = Scope(copy.deepcopy(ctx))
        try:
            writer(dotted(keys), compat)(scope, value)
        except TypeMismatch:
            assert compat is None
            assert scope.ctx == ctx
        else:
            assert reader(dotted(keys), compat)(scope.ctx) == value


@prove(OBJECTS, st.lists(st.tuples(SHORT, st.integers(), st.booleans()), max_size=8))
def test_a_write_never_changes_what_was_left_for_others(
    ctx: Any, writes: list[tuple[tuple[str, ...], int, bool]]
) -> None:
    scope = Scope(ctx)
    seen = [(ctx, copy.deepcopy(ctx))]
    model = copy.deepcopy(ctx)

    for keys, value, leave in writes:
        writer(dotted(keys), SEED)(scope, value)
        model = written(model, keys, value)
        if leave:
            left = scope.leave()
            seen.append((left, copy.deepcopy(left)))

    assert scope.ctx == model
    assert all(left == was for left, was in seen)


def written(ctx: Any, keys: tuple[str, ...], value: Any) -> Any:
    """The slow and simple way."""
    if not keys:
        return value
    old = ctx if isinstance(ctx, dict) else {}
    return {**old, keys[0]: written(old.get(keys[0]), keys[1:], value)}


@pytest.mark.parametrize(
    ("ctx", "text", "says"),
    [
        (
            {"a": 5},
            "$.a.b",
            "cannot write path '$.a.b' at segment 'b': existing value at this position is not an object (Number(5))",
        ),
        (
            {"a": [1]},
            "ctx.a.b.c",
            "at segment 'b': existing value at this position is not an object (Array [Number(1)])",
        ),
        ("text", "$.a", "at segment 'a': existing value at this position is not an object (String(\"text\"))"),
        (
            {"a": {"b": False}},
            "$.a.b.c",
            "at segment 'c': existing value at this position is not an object (Bool(false))",
        ),
    ],
    ids=["number", "array", "root", "false"],
)
def test_a_value_in_the_way_is_kept_and_told(ctx: Any, text: str, says: str) -> None:
    scope = Scope(copy.deepcopy(ctx))

    with pytest.raises(TypeMismatch, match=r"^type error in 'path\.write': ") as refused:
        writer(text)(scope, 1)

    assert says in str(refused.value)
    assert scope.ctx == ctx


def test_a_write_from_outside_replaces_what_is_in_the_way() -> None:
    scope = Scope({"a": 5})

    force(scope, ("a", "b"), 1)

    assert scope.ctx == {"a": {"b": 1}}


def test_a_malformed_target_leaves_null_in_the_seed_and_the_old_ctx_later() -> None:
    seed, later = Scope({"a": 1}), Scope({"a": 1})

    for scope, compat in ((seed, SEED), (later, None)):
        with pytest.raises(InvalidPath):
            writer("bad", compat)(scope, 1)

    assert (seed.ctx, later.ctx) == (None, {"a": 1})
