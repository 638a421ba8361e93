from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import quote

import pytest

from flowbench.notebook.redact import redact, redacted

SECRET = "a<b>'\"\\ü/ c\n"


def notebook(*outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cells": [{"outputs": list(outputs)}, {"source": "markdown"}], "metadata": {}}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


@pytest.mark.parametrize(
    "spelled",
    [SECRET, escape(SECRET), json.dumps(SECRET)[1:-1], repr(SECRET)[1:-1], quote(SECRET), quote(SECRET, safe="")],
    ids=["as it is", "HTML", "JSON", "Python", "a path", "a query"],
)
def test_a_value_is_found_however_it_is_spelled(spelled: str) -> None:
    assert redacted(f"before {spelled} after", {"KEY": SECRET}) == "before [secret:KEY] after"


@pytest.mark.parametrize(
    ("shown", "left"),
    [
        ("x <mark style='a'>hun</mark>ter2 y", "x <mark style='a'>[secret:PW]</mark> y"),
        ("x h<mark>unter2 y</mark>", "x [secret:PW]<mark> y</mark>"),
        ("<mark>a</mark> hunter", "<mark>a</mark> hunter"),
    ],
)
def test_a_value_of_which_a_search_has_marked_a_part_is_found(shown: str, left: str) -> None:
    assert redacted(shown, {"PW": "hunter2"}) == left


def test_data_and_metadata_are_cleaned_too() -> None:
    seen = notebook({"output_type": "display_data", "data": {"text/html": "<b>hunter2</b>", "x": {"y": ["hunter2"]}}})
    seen["metadata"] = {"flowbench": {"runs": [{"error": "no hunter2"}]}}

    redact(seen, {"PW": "hunter2"})

    assert "hunter2" not in json.dumps(seen)
    assert json.dumps(seen).count("[secret:PW]") == 3


def test_a_value_that_was_printed_in_two_pieces_is_found_and_no_output_is_lost() -> None:
    seen = notebook(stream("the word is hun"), stream("ter2, "), stream("go on"), stream("hun", "stderr"))

    redact(seen, {"PW": "hunter2"})

    texts = [output["text"] for output in seen["cells"][0]["outputs"]]
    assert texts == ["the word is [secret:PW], go on", "", "", "hun"]


def test_of_two_values_the_longer_is_taken_out_first() -> None:
    assert redacted("hunter2000", {"A": "hunter", "B": "hunter2000"}) == "[secret:B]"
