"""YAML: the core schema, what another library writes and reads, and what is refused for safety."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from flowbench.blueprint import UnreadableText, read
from tests.blueprint.samples import typed

# The other library writes these without the quotes or escapes that they need.
unquoted = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="?:\ufeff")
written = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(unquoted, max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(unquoted, max_size=12), inner, max_size=4),
)


@given(written, st.sampled_from([True, False]))
def test_yaml_that_another_library_writes_reads_as_it_was_meant(value: Any, flow_style: bool) -> None:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow_style
    yaml.representer.ignore_aliases = lambda data: True
    text = io.StringIO()
    yaml.dump(value, text)

    assert typed(read(text.getvalue(), "yaml").data) == typed(value)


WORDS = st.from_regex(r"[a-z][a-z ,.]{0,8}[a-z]", fullmatch=True)
PLAIN = st.recursive(
    WORDS | st.integers(-1000, 1000) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(WORDS, inner, min_size=1, max_size=4),
)


def block(value: Any, indent: int) -> str:
    """Block style, as a person writes it: no quotes anywhere."""
    pad = "\n" + "  " * indent
    if isinstance(value, dict):
        return "".join(f"{pad}{key}: {block(each, indent + 1)}" for key, each in value.items())
    if isinstance(value, list):
        return "".join(f"{pad}- {block(each, indent + 1)}" for each in value)
    return value if isinstance(value, str) else json.dumps(value)


@given(PLAIN)
def test_plain_yaml_reads_as_another_library_reads_it(value: Any) -> None:
    text = block(value, 0)

    assert typed(read(text, "yaml").data) == typed(YAML(typ="safe", pure=True).load(text))


def test_a_yaml_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [lol]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))

    with pytest.raises(UnreadableText, match="anchors") as refused:
        read(bomb, "yaml")

    assert refused.value.line == 1


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("Yes", "Yes"),
        ("True", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", None),
        ("nil", "nil"),
        ("012", 12),
        ("+12", 12),
        ("-0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1e3", -1000.0),
        ("1e3", 1000.0),
        (".", "."),
        ("1e", "1e"),
        ("+", "+"),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", float(2**64)),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", float(-(2**63))),
        ("$.a.b", "$.a.b"),
        ("'1'", "1"),
        ('"null"', "null"),
    ],
)
def test_yaml_scalars_follow_the_core_schema_of_1_2(plain: str, value: Any) -> None:
    assert typed(read(f"a: {plain}", "yaml").data["a"]) == typed(value)


def test_two_escapes_of_json_are_one_character_in_yaml_too() -> None:
    assert read('a: "\\ud83d\\ude00"', "yaml").data == {"a": "😀"}
