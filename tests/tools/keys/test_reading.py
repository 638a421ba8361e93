"""Keys by name: legacy sequences, xterm's and Kitty's, and anything else without a fuss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.tools import (
    KittySequence,
    matches_key,
    matches_kitty_sequence,
    matches_legacy_sequence,
    parse_key,
    parse_kitty_sequence,
)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ("\x1b", "escape"),
        ("\x03", "ctrl+c"),
        ("\r", "enter"),
        ("\n", "enter"),
        ("\t", "tab"),
        (" ", "space"),
        ("\x7f", "backspace"),
        ("\x08", "backspace"),
        ("\0", "ctrl+space"),
        ("\x1c", "ctrl+\\"),
        ("\x1f", "ctrl+_"),
        ("a", "a"),
        ("A", "A"),
        ("~", "~"),
        ("é", None),
        ("\x80", None),
        ("", None),
        ("ab", None),
        ("\x1b[A", "up"),
        ("\x1b[Z", "shift+tab"),
        ("\x1bOM", "enter"),
        ("\x1bOP", "f1"),
        ("\x1b[[E", "f5"),
        ("\x1b[24~", "f12"),
        ("\x1b[5~", "pageUp"),
        ("\x1b[7$", "shift+home"),
        ("\x1b[3^", "ctrl+delete"),
        ("\x1bOa", "ctrl+up"),
        ("\x1b[E", "clear"),
        ("\x1b[1;5C", "ctrl+right"),
        ("\x1b[97;5u", "ctrl+a"),
        ("\x1b[27;5;97~", "ctrl+a"),
        ("\x1b[97;6u", "shift+ctrl+a"),
        ("\x1b[97;7u", "ctrl+alt+a"),
        ("\x1b[97;4u", "shift+alt+a"),
        ("\x1b[97;9u", "super+a"),
        ("\x1b[97;133u", "ctrl+a"),
        ("\x1b[97;5:1u", "ctrl+a"),
        ("\x1b[97;5:3u", None),
        ("\x1b[97;17u", None),
        ("\x1b[1089::99;5u", "ctrl+c"),
        ("\x1b[1089::99u", None),
        ("\x1b[57399u", "0"),
        ("\x1b[57399;5u", "ctrl+insert"),
        ("\x1b[57413u", "+"),
        ("\x1b[57414u", "enter"),
        ("\x1b[0;;65u", "A"),
        ("\x1ba", "alt+a"),
        ("\x1bA", "alt+shift+a"),
        ("\x1b-", "alt+-"),
        ("\x1b\x10", "ctrl+alt+p"),
        ("\x1b\r", "alt+enter"),
        ("\x1b[", None),
        ("\x1b\x1b[A", "alt+up"),
        ("\x1b\x1b", None),
        (b"\x1b[A", "up"),
        (b"\xff", None),
    ],
)
def test_a_key_has_a_name(data: str | bytes, key: str | None) -> None:
    assert parse_key(data) == key


@pytest.mark.parametrize(("kitty", "key"), [(False, "alt+left"), (True, "alt+shift+b")])
def test_escape_and_b_is_a_cursor_key_only_in_legacy_terminals(kitty: bool, key: str) -> None:
    assert parse_key("\x1bB", kitty_active=kitty) == key


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("\x1b[97:65:99;6:2u", KittySequence(97, 5, shifted_key=65, base_layout_key=99, event_type=2)),
        ("\x1b[97u", KittySequence(97, 0)),
        ("\x1b[97;129:9u", KittySequence(97, 128)),
        ("\x1b[1;5A", KittySequence(-1, 4)),
        ("\x1b[3;2:3~", KittySequence(-10, 1, event_type=3)),
        ("\x1b[97;0u", None),
        ("\x1b[4294967296u", None),
        ("\x1b[97;;1x", None),
        ("\x1b[99~", None),
        ("x", None),
    ],
)
def test_a_sequence_of_kitty_is_told_whole(data: str, told: KittySequence | None) -> None:
    assert parse_kitty_sequence(data) == told


@pytest.mark.parametrize(
    ("data", "codepoint", "modifier", "fits"),
    [
        ("\x1b[97;5u", 97, 4, True),
        ("\x1b[97;5u", 97, 0, False),
        ("\x1b[97;69u", 97, 4, True),
        ("\x1b[1089::99;5u", 99, 4, True),
        ("\x1b[1089::99u", 99, 0, False),
        ("\x1b[120::99;5u", 99, 4, False),
        ("\x1b[47::45;5u", 45, 4, False),
        ("a", 97, 0, False),
    ],
)
def test_a_key_of_another_layout_counts_only_with_a_modifier(
    data: str, codepoint: int, modifier: int, fits: bool
) -> None:
    assert matches_kitty_sequence(data, codepoint, modifier) is fits


@pytest.mark.parametrize(
    ("data", "name", "fits"),
    [("\x1bOA", "up", True), ("\x1b[a", "shift+up", True), ("\x1b[A", "down", False), ("", "", False)],
)
def test_a_legacy_sequence_is_exactly_one_key(data: str, name: str, fits: bool) -> None:
    assert matches_legacy_sequence(data, name) is fits


@pytest.mark.parametrize(
    ("data", "key", "fits"),
    [
        ("\x1b", "ESC", True),
        ("\x1b", "ctrl+[", False),
        ("\r", "return", True),
        ("\r", "ctrl+m", False),
        ("\x1b[13;5u", "ctrl+enter", True),
        ("\x03", "Ctrl+C", True),
        ("\x03", "c", False),
        ("+", "plus", True),
        ("\x1b[43;5u", "ctrl++", True),
        ("+", "+", True),
        ("A", "shift+a", True),
        ("\x1bA", "shift+alt+a", True),
        ("\x1b[97;6u", "shift+ctrl+a", True),
        ("\x1b[97;6u", "ctrl+shift+a", True),
        ("\x1b[27;5;97~", "ctrl+a", True),
        ("\x1b[5;5~", "ctrl+PAGEUP", True),
        ("\x1b[5^", "ctrl+pageup", True),
        ("\x1b[1;3D", "alt+left", True),
        ("\x1bF", "alt+right", True),
        ("\x1b/", "alt+/", True),
        ("\x1b\x1bOQ", "ALT+F2", True),
        ("\x1b\x1b[1;5A", "ctrl+alt+up", True),
        ("\x1b[1;6Q", "shift+ctrl+f2", True),
        ("\x1b[97;5:3u", "ctrl+a", False),
        ("\x1b[57404u", "5", True),
        ("\x1b[57404;5u", "ctrl+clear", True),
        ("\x1b[57413;5u", "ctrl++", True),
        ("\x1b[1089::99;5u", "ctrl+c", True),
        ("\x1f", "ctrl+-", True),
        ("a", "ctrl", False),
        ("a", "", False),
        ("é", "é", False),
    ],
)
def test_a_program_that_waits_for_a_key_gets_it(data: str, key: str, fits: bool) -> None:
    assert matches_key(data, key) is fits


sent = (
    st.binary(max_size=12) | st.text(max_size=12) | st.text("\x1b[O0123456789;:u~ABZ", max_size=14).map("\x1b[".__add__)
)


@given(sent, st.text(max_size=8) | st.text("ctrlshifta+ \x1b", max_size=12), st.booleans(), st.integers(-5, 2**40))
def test_nothing_that_is_sent_raises(data: str | bytes, key: str, kitty: bool, number: int) -> None:
    parse_kitty_sequence(data)
    matches_kitty_sequence(data, number, number)
    matches_legacy_sequence(data, key)
    matches_key(data, key, kitty_active=kitty)
    named = parse_key(data, kitty_active=kitty)

    assert named is None or matches_key(data, named, kitty_active=kitty) or named.split("+")[-1].isupper()


def test_ever_so_many_digits_are_no_key() -> None:
    digits = "9" * 5000

    assert parse_key(f"\x1b[{digits};{digits}u") is None
    assert parse_key(f"\x1b[97;5;{digits}u") is None
    assert not matches_key(f"\x1b[27;5;{digits}~", "ctrl+a")
