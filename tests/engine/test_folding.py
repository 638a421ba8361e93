"""Folding: text that is JSON becomes what it says."""

from __future__ import annotations

from typing import Any

import pytest

from flowbench.engine import NotFolded, fold

OBJECT = '{"a": [1, 2.0]}'
FENCED = f"```json\n{OBJECT}\n```"


@pytest.mark.parametrize(
    "text",
    [
        OBJECT,
        f"  {OBJECT}\n",
        FENCED,
        f"\n```\n{OBJECT}\n```  \n",
        f"~~~ JSON\n{OBJECT}\n~~~",
        f"````json\n{OBJECT}\n````",
        f"```json\r\n{OBJECT}\r\n```",
        '```json\n{\n  "a": [1,\n 2.0]\n}\n```',
    ],
)
def test_containers_bare_or_fenced_are_parsed(text: str) -> None:
    assert fold(text) == {"a": [1, 2.0]}
    assert fold(text, "json") == {"a": [1, 2.0]}
    assert fold(text, "text") == text


@pytest.mark.parametrize(
    "text",
    [
        "7",
        "true",
        '"text"',
        "",
        "[1, 2",
        '{"a": NaN}',
        "plain words",
        f"Here it is:\n{FENCED}",
        f"{FENCED}\n{FENCED}",
        f"```python\n{OBJECT}\n```",
        f"```json\n{OBJECT}",
        '{"a": 1' * 5000,
        "[" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert fold(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("null", None),
        (f"Here it is:\n\n{FENCED}\n\nAnything else?", {"a": [1, 2.0]}),
        (f"```sh\nls\n```\nsays\n{FENCED}", {"a": [1, 2.0]}),
        ("```\n[1]\n```", [1]),
    ],
)
def test_who_asks_for_json_gets_any_of_it_also_between_words(text: str, value: Any) -> None:
    assert fold(text, "json") == value


@pytest.mark.parametrize("text", ["", "plain words", f"{FENCED}\n{FENCED}", "{'a': 1}", "x" * 500])
def test_who_asks_for_json_and_gets_none_is_told(text: str) -> None:
    with pytest.raises(NotFolded) as refused:
        fold(text, "json")

    assert str(refused.value).startswith("the answer is no JSON, as fold: json asks for: ")
    assert len(str(refused.value)) < 300
    assert "\n" not in str(refused.value)


def test_ends_of_lines_that_json_allows_in_a_text_stay() -> None:
    assert fold('```\n["a\u2028b\x85"]\r\n```') == ["a\u2028b\x85"]


@pytest.mark.parametrize("value", [None, 7, True, [1], {"a": "{}"}])
def test_what_is_no_text_is_returned_as_it_is(value: Any) -> None:
    assert fold(value) is value


@pytest.mark.parametrize("text", ["`" * 200_000, "```\n" * 50_000, "~~~json\n" * 20_000 + "x", " " * 300_000 + "```"])
def test_a_hostile_text_costs_no_time(text: str) -> None:
    assert fold(text) == text
    with pytest.raises(NotFolded):
        fold(text, "json")
