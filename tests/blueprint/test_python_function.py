"""Python functions: what their signatures mean, and what a call then passes."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from flowbench.blueprint import UnfitFunction, UnfitInput
from flowbench.blueprint.python_function import inspected

OFFERED = {"ctx": "CTX", "token": "TOKEN", "prompt": "PROMPT"}


def called(fn: Callable[..., Any], value: Any) -> Any:
    args, named = inspected(fn, "f").arguments(value, **OFFERED)
    return fn(*args, **named)


def nothing() -> str:
    return "nothing"


def one(text: Any) -> Any:
    return text


def one_and_all(text: Any, ctx: Any, token: Any, prompt: Any) -> Any:
    return (text, ctx, token, prompt)


def one_behind(ctx: Any, text: Any) -> Any:
    return (text, ctx)


def only_ctx(*, ctx: Any) -> Any:
    return ctx


def one_with_default(text: Any, times: int = 2) -> Any:
    return (text, times)


def one_optional(text: Any = "none") -> Any:
    return text


def one_by_name(*, text: Any) -> Any:
    return text


def one_by_position(text: Any, /, ctx: Any) -> Any:
    return (text, ctx)


def two(a: Any, b: Any, c: Any = 3, *, token: Any) -> Any:
    return (a, b, c, token)


def two_optional(a: Any = 1, b: Any = 2) -> Any:
    return (a, b)


def anything(*args: Any) -> Any:
    return args


def any_key(ctx: Any, **fields: Any) -> Any:
    return (ctx, fields)


def one_and_any_key(a: Any, b: Any, **fields: Any) -> Any:
    return (a, b, fields)


class Called:
    def __call__(self, text: Any, ctx: Any) -> Any:
        return (text, ctx)

    def method(self, text: Any) -> Any:
        return text

    async def waits(self) -> None: ...


@pytest.mark.parametrize(
    ("fn", "value", "outcome"),
    [
        (nothing, {"a": 1}, "nothing"),
        (one, {"a": 1}, {"a": 1}),
        (one, None, None),
        (one_and_all, 1, (1, "CTX", "TOKEN", "PROMPT")),
        (one_behind, 1, (1, "CTX")),
        (only_ctx, 1, "CTX"),
        (one_with_default, {"times": 5}, ({"times": 5}, 2)),
        (one_optional, 1, 1),
        (one_by_name, 1, 1),
        (one_by_position, 1, (1, "CTX")),
        (two, {"a": 1, "b": 2}, (1, 2, 3, "TOKEN")),
        (two, {"a": 1, "b": 2, "c": 4}, (1, 2, 4, "TOKEN")),
        (two_optional, {"b": 5}, (1, 5)),
        (two_optional, {}, (1, 2)),
        (anything, 1, (1,)),
        (any_key, {"a": 1}, ("CTX", {"a": 1})),
        (one_and_any_key, {"a": 1, "b": 2, "c": 3}, (1, 2, {"c": 3})),
        (Called(), 1, (1, "CTX")),
        (Called().method, 1, 1),
        (functools.partial(two, b=2), 1, (1, 2, 3, "TOKEN")),
        (functools.partial(one_with_default, "x"), 1, ("x", 1)),
        (len, [1, 2], 2),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value)[:30],
)
def test_a_call_passes_what_the_signature_says(fn: Callable[..., Any], value: Any, outcome: Any) -> None:
    assert called(fn, value) == outcome


def test_input_that_is_no_object_is_refused_where_several_parameters_want_keys() -> None:
    with pytest.raises(UnfitInput) as refused:
        called(two, "text")

    assert str(refused.value) == (
        'f(a, b, c) takes several parameters: its input has to be an object with these keys, not the text "text"'
    )


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        ({"a": 1}, '"b" is missing'),
        ({}, '"a" is missing, "b" is missing'),
        ({"a": 1, "b": 2, "see": 3}, '"see" is unexpected'),
        ({"a": 1, "b": 2, "token": 3}, '"token" is unexpected'),
    ],
    ids=["one", "two", "extra", "offered"],
)
def test_missing_and_unexpected_keys_are_named(value: Any, faults: str) -> None:
    with pytest.raises(UnfitInput) as refused:
        called(two, value)

    assert str(refused.value) == f"the input of f(a, b, c) does not fit: {faults}"


def test_an_unexpected_key_gets_a_guess() -> None:
    def review(text: str, tone: str) -> None: ...

    with pytest.raises(UnfitInput, match=r"is unexpected \(did you mean .tone.\?\)"):
        called(review, {"text": "a", "tune": "b"})


def test_an_input_key_never_replaces_what_is_offered() -> None:
    with pytest.raises(UnfitInput, match='"ctx" is unexpected'):
        called(any_key, {"ctx": 1})


def generator(text: str) -> Iterator[str]:
    yield text


async def async_generator(text: str) -> AsyncIterator[str]:
    yield text


def positional(a: int, b: int, /) -> None: ...


def behind(ctx: Any, text: Any, /) -> None: ...


@pytest.mark.parametrize(
    ("fn", "message"),
    [
        (Called, "not above the class Called"),
        ("text", 'not above the text "text"'),
        (generator, "is a generator"),
        (async_generator, "is a generator"),
        (positional, "by position only"),
        (behind, "by position only"),
        (getattr, "does not say what it takes"),
        (max, "does not say what it takes"),
    ],
    ids=lambda value: getattr(value, "__name__", "")[:20],
)
def test_a_function_that_cannot_be_an_agent_is_refused(fn: Any, message: str) -> None:
    with pytest.raises(UnfitFunction) as refused:
        inspected(fn, "f")

    assert message in str(refused.value)
    assert isinstance(refused.value, TypeError)
    if "position" in message:
        assert "An agent may take the parameters ctx, token, prompt and secret" in str(refused.value)


def test_async_functions_are_told_apart_through_wrappers() -> None:
    async def waits(text: str) -> str:
        return text

    assert inspected(waits, "f").is_async
    assert inspected(functools.partial(waits), "f").is_async
    assert inspected(Called().waits, "f").is_async
    assert not inspected(one, "f").is_async


def test_an_async_function_cannot_be_inline() -> None:
    async def waits(text: str) -> str:
        return text

    with pytest.raises(UnfitFunction, match="inline=True is for quick plain functions"):
        inspected(waits, "f", inline=True)
