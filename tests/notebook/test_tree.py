from __future__ import annotations

import json
from typing import Any

from flowbench.flow import parse_path
from flowbench.notebook.tree import BRANCHES, MOST, Twig, short, tree


def size(twig: Twig) -> int:
    return 1 + sum(size(inner) for inner in twig["inner"])


def test_a_small_value_is_whole() -> None:
    found = tree({"a": 1, "b": {"odd key": [True, None]}})

    a, b = found["inner"]
    [odd] = b["inner"]
    assert (a["path"], a["text"]) == ("$.a", "1")
    assert (b["text"], odd["text"], odd["path"]) == ("{1 key}", "[2 items]", '$.b["odd key"]')
    assert [each["text"] for each in odd["inner"]] == ["true", "null"]
    assert [each["path"] for each in odd["inner"]] == ["", ""]


def test_paths_are_those_of_the_language() -> None:
    found = tree({"a": {"odd key": 1}})["inner"][0]["inner"][0]

    assert parse_path(found["path"]) == ("a", "odd key")


def test_a_huge_value_shows_its_outermost_parts_and_counts_the_rest() -> None:
    huge = {f"key{number}": list(range(1_000)) for number in range(50)}

    found = tree(huge)

    assert len(found["inner"]) == 50
    assert size(found) <= MOST
    assert found["inner"][0]["more"] == 1_000 - len(found["inner"][0]["inner"])
    assert len(found["inner"][0]["inner"]) <= BRANCHES
    assert found["inner"][-1]["more"] == 1_000
    assert len(json.dumps(found)) < 100_000


def test_depth_is_no_danger() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = {"a": deep}

    assert size(tree(deep)) == MOST


def test_a_long_text_is_cut_before_it_is_encoded() -> None:
    assert len(short("x" * 10_000_000)) == 120
