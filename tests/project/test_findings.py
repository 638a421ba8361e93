"""Findings: read out of tags, arrays and fences, mended where models are careless, never raising."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.project import findings


def one(**more: Any) -> dict[str, Any]:
    return {"title": "No limit", "severity": "critical", "location": "api.py:3", "recommendation": "add one", **more}


@pytest.mark.parametrize(
    "text",
    [
        f"Well.\n<findings>{json.dumps([one()])}</findings> [{{}}]",
        f"<findings>\n```json\n{json.dumps([one()])}\n```\n</findings>",
        f"I found [1] this: {json.dumps([one()])} and no more.",
        f"See:\n```json\n{json.dumps([one()], indent=2)}\n```\n",
        json.dumps([one()]).replace("}]", ",}, ]"),
        f"```\n{json.dumps([one()]).replace('}]', '},]')}```",
        str([one()]),
        f"<findings>{[one()]}</findings>",
        json.dumps({"findings": [one()]}).join(["<findings>", "</findings>"]),
    ],
    ids=[
        "tag",
        "fence in tag",
        "array",
        "fence",
        "commas",
        "commas in fence",
        "single quotes",
        "quotes in tag",
        "object",
    ],
)
def test_findings_are_read_from_what_stands_around_them(text: str) -> None:
    assert findings.parse(text) == ([one()], [])


def test_what_is_mended_leaves_the_inside_of_strings_alone() -> None:
    kept = one(title="a, ] and , }", recommendation='it\'s "so"')

    assert findings.parse(json.dumps([kept]).replace("}]", "},]")).found == [kept]
    assert findings.parse(str([kept])).found == [kept]


def test_a_severity_is_lower_case_and_more_keys_are_kept() -> None:
    assert findings.parse(json.dumps([one(severity=" Major ", line=3)])).found == [one(severity="major", line=3)]


def test_what_lacks_a_key_is_left_out_with_a_warning() -> None:
    told = findings.parse(json.dumps([one(), {"title": "half"}]))

    assert told.found == [one()]
    assert told.warnings == ["Finding 2 missing keys: severity, location, recommendation, skipping"]


@pytest.mark.parametrize("text", ["", "all is well", "<findings>none</findings>", "[1, 2]", "```json\n{}\n```"])
def test_without_findings_there_is_a_warning(text: str) -> None:
    told = findings.parse(text)

    assert told.found == []
    assert told.warnings


def test_at_most_fifty_are_taken() -> None:
    told = findings.parse(json.dumps([one(title=str(number)) for number in range(60)]))

    assert len(told.found) == 50
    assert told.warnings == ["60 findings; those after the first 50 are left out"]


@pytest.mark.parametrize(
    ("severity", "priority", "warns"),
    [
        ("critical", "required", False),
        ("major", "important", False),
        ("minor", None, False),
        ("nitpick", None, False),
        ("odd", "important", True),
    ],
)
def test_a_severity_becomes_a_priority(severity: str, priority: str | None, warns: bool) -> None:
    told = findings.priority(one(severity=severity))

    assert told[0] == priority
    assert bool(told[1]) is warns


@given(st.text(alphabet="[]{}\"'\\,:a1 `<>findngs/\n", max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    told = findings.parse(text)

    assert all(set(findings.NEEDED) <= set(each) for each in told.found)
    assert all(isinstance(each, str) for each in told.warnings)
