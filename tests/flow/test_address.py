"""Addresses sort in program order, know their scope and their shape."""

from __future__ import annotations

import random

import pytest

from flowbench.flow import depends_on, key, scope_of, shape


def test_addresses_sort_in_program_order_and_branches_by_item() -> None:
    ordered = ["0", "2", "2.i0.1", "2.i2.0", "2.i10.0", "3.b.0", "3.c", "4.f2.0.f11.1", "4.f10.0"]
    mixed = random.Random(1).sample(ordered, len(ordered))

    assert sorted(mixed, key=key) == ordered


@pytest.mark.parametrize(
    ("address", "scope"), [("4.f2.0.f11.1", "4.f2.0.f11"), ("4.f2", "4.f2"), ("2.i0.1", ""), ("0", ""), ("", "")]
)
def test_the_innermost_branch_is_the_scope(address: str, scope: str) -> None:
    assert scope_of(address) == scope


@pytest.mark.parametrize(
    ("address", "drawn"), [("2.f17.0", "2.f.0"), ("3.t.i4.0.f17.1", "3.t.i.0.f.1"), ("3.b.e.c", "3.b.e.c"), ("", "")]
)
def test_a_shape_has_no_turn_and_no_branch_number(address: str, drawn: str) -> None:
    assert shape(address) == drawn


@pytest.mark.parametrize(
    ("later", "earlier"),
    [("5", "4.f2.0"), ("4", "4.f2.0"), ("4.f2.1", "4.f2.0"), ("4.f2.0", "4"), ("2.i10", "2.i2"), ("3.c", "3.b.0")],
)
def test_what_comes_later_or_around_may_see_it(later: str, earlier: str) -> None:
    assert depends_on(later, earlier)


@pytest.mark.parametrize(
    ("one", "other"), [("4.f3.0", "4.f2.0"), ("4.f2.0", "4.f3.0"), ("3.b", "4"), ("2.i2", "2.i10")]
)
def test_what_is_before_or_beside_cannot_see_it(one: str, other: str) -> None:
    assert not depends_on(one, other)
