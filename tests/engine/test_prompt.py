"""Prompt: the text of any value, to the letter as the seed's serialiser writes it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.engine.workers.prompt import text_form

texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


def spelled(number: float) -> str:
    """Shortest digits that give the number back; plain from 1e-5 up to 1e16, with an exponent outside.

    Source: ryu, as serde_json uses it.
    """
    sign = "-" if math.copysign(1, number) < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction if fraction != "0" else ""
    power = int(exponent or 0) - len(fraction)
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    power += len(digits) - len(stripped)
    point = len(stripped) + power
    if not stripped:
        return f"{sign}0.0"
    if power >= 0 and point <= 16:
        return f"{sign}{stripped}{'0' * power}.0"
    if 0 < point <= 16:
        return f"{sign}{stripped[:point]}.{stripped[point:]}"
    if -5 < point <= 0:
        return f"{sign}0.{'0' * -point}{stripped}"
    tail = f".{stripped[1:]}" if len(stripped) > 1 else ""
    return f"{sign}{stripped[0]}{tail}e{point - 1}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('plain "text" é', 'plain "text" é'),
        ({"b": 1, "a": [1.0]}, '{"a":[1.0],"b":1}'),
        (None, "null"),
        (1e21, "1e21"),
        (1e-7, "1e-7"),
        (-0.0, "-0.0"),
        (["é", "\u2028", "\x7f", "\x01\n/"], '["é","\u2028","\x7f","\\u0001\\n/"]'),
        (True, "true"),
    ],
)
def test_the_seeds_examples(value: Any, text: str) -> None:
    assert text_form(value) == text


@given(values)
def test_anything_but_a_string_is_canonical_json(value: Any) -> None:
    expected = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert text_form(value) == (value if isinstance(value, str) else expected)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_point_and_bare_exponents(number: float) -> None:
    assert text_form(number) == spelled(number)
    assert text_form({"n": [number]}) == f'{{"n":[{spelled(number)}]}}'


def test_the_reference_knows_the_edges() -> None:
    edges = {1e15: "1000000000000000.0", 1e16: "1e16", 1e-5: "0.00001", 1e-6: "1e-6", 1.5e300: "1.5e300", 0.1: "0.1"}

    assert {number: spelled(number) for number in edges} == edges
