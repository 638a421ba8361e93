"""The reader: what both formats promise, and where a refusal points."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowbench.blueprint import UnknownFormat, UnreadableText, read
from flowbench.blueprint.reader import YAML_LIMIT, format_of
from tests.blueprint.samples import json_values, typed


@given(json_values, st.sampled_from([None, 0, 2]), st.booleans())
def test_json_reads_as_the_standard_library_does(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    assert typed(read(text, "json").data) == typed(json.loads(text))


@given(json_values)
def test_json_text_is_yaml_text_with_the_same_data(value: Any) -> None:
    text = json.dumps(value)

    assert typed(read(text, "yaml").data) == typed(read(text, "json").data)


@given(json_values)
def test_the_slow_pass_reads_the_same_and_places_every_value(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    document = read(text, "json")

    spot = document.spot("$")

    assert (spot.line, spot.column) == (1, 1)
    assert len(document._marks or {}) == count(value)


def read_or_refused(text: str | bytes, format: str) -> Any:
    try:
        return read(text, format).data
    except UnreadableText as error:
        return error


def count(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(count(each) for each in value.values())
    return 1 + (sum(count(each) for each in value) if isinstance(value, list) else 0)


PIECES = [
    *"{}[]:,\"'-?#&*!|>%@`~\\ \n\t\r",
    "a",
    "1",
    "0x",
    "null",
    "\\ud800",
    "- ",
    ": ",
    "<<: ",
    "---\n",
    "\x00",
    "é",
    "\ufeff",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.sampled_from(["json", "yaml"]))
@settings(max_examples=400)
def test_odd_text_is_read_or_refused_with_a_spot(text: str, format: str) -> None:
    outcome = read_or_refused(text, format)

    if isinstance(outcome, UnreadableText):
        assert outcome.spot is not None
        assert 1 <= outcome.spot.line <= text.count("\n") + text.count("\r") + 1
    else:
        json.dumps(outcome, allow_nan=False).encode()


@given(st.binary(max_size=60), st.sampled_from(["json", "yaml"]))
def test_random_bytes_are_read_or_refused(text: bytes, format: str) -> None:
    outcome = read_or_refused(text, format)

    assert isinstance(outcome, UnreadableText) or json.dumps(outcome, allow_nan=False).encode()


SAMPLE = json.dumps({"id": "x", "flow": {"kind": "seq", "children": [{"a": [1, 2.5, None, "é\n"]}]}}, indent=1)


@given(st.data())
@settings(max_examples=300)
def test_a_mutated_text_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SAMPLE)))
    end = data.draw(st.integers(start, min(len(SAMPLE), start + 5)))
    text = SAMPLE[:start] + data.draw(st.text(max_size=3)) + SAMPLE[end:]

    outcomes = [read_or_refused(text, format) for format in ("json", "yaml")]

    assert [outcome for outcome in outcomes if isinstance(outcome, UnreadableText) and not outcome.brief] == []


@pytest.mark.parametrize(
    ("format", "text", "line", "column", "message"),
    [
        ("json", '{"a": 1,\n "b": 2,\n "a": 3}', 3, 2, 'duplicate key "a"'),
        ("yaml", "a: 1\nb: 2\na: 3\n", 3, 1, 'duplicate key "a"'),
        ("yaml", "x:\n  - a: 1\n    a: 2\n", 3, 5, 'duplicate key "a"'),
        ("json", '{"a": [1,\n2,]}', 2, 2, 'no comma before "]"'),
        ("json", '{"a": 1,}', 1, 8, 'no comma before "}"'),
        ("json", '{"a" 1}', 1, 6, 'expected ":" after the key'),
        ("json", "{a: 1}", 1, 2, "expected a key in double quotes"),
        ("json", '{"a": 1 "b": 2}', 1, 9, 'expected "," or "}"'),
        ("json", '{"a": 1} x', 1, 10, "the JSON value ends before this"),
        ("json", '{"a": ', 1, 7, "expected a value; the text ends here"),
        ("json", "", 1, 1, "expected a value"),
        ("json", '{"a": NaN}', 1, 7, "NaN is no JSON value"),
        ("json", '{"a": -Infinity}', 1, 7, "-Infinity is no JSON value"),
        ("json", '{"a": 1e999}', 1, 7, "too large"),
        ("json", '{"a": ' + "9" * 5000 + "}", 1, 7, "too large"),
        ("json", '{"a": 012}', 1, 7, "012 is no JSON value"),
        ("json", '{"a": yes}', 1, 7, "yes is no JSON value"),
        ("json", '{"a": "x\ny"}', 1, 7, "does not end on its line"),
        ("json", '{"a": "x\ty"}', 1, 9, "raw control character"),
        ("json", '{"a": "\\x"}', 1, 8, "no such escape"),
        ("json", '{"a": "\\u12"}', 1, 8, "four hexadecimal digits"),
        ("json", '{"a": "b\\ud83d"}', 1, 9, "half a character"),
        ("json", '{"a": "\\ude00\\ud83d"}', 1, 8, "half a character"),
        ("json", '{"a": "\ud83d"}', 1, 8, "half a character"),
        ("yaml", 'a: "\\ud83d"', 1, 4, "half a character"),
        ("yaml", "a: .nan", 1, 4, ".nan is no JSON number"),
        ("yaml", "a: -.INF", 1, 4, "no JSON number"),
        ("yaml", "a: 1e999", 1, 4, "too large"),
        ("yaml", "a: 0x" + "f" * 500, 1, 4, "too large"),
        ("yaml", "a: &x 1\nb: *x\n", 1, 4, "anchors (&x) are not allowed"),
        ("yaml", "a: 1\nb: *x\n", 2, 4, "aliases (*x) are not allowed"),
        ("yaml", "a: !!str 1", 1, 4, "tags"),
        ("yaml", "a: ! 1", 1, 4, "tags"),
        ("yaml", "a: !!python/object:os.system {}", 1, 4, "tags"),
        ("yaml", "{?a: 1}", 1, 2, 'begins with "?" needs quotes'),
        ("yaml", "[] []", 1, 4, "the document ends before this"),
        ("yaml", "<<: {a: 1}", 1, 1, "merge keys"),
        ("yaml", "a: 1\n--- \nb: 2", 2, 1, "a second document"),
        ("yaml", "%YAML 1.1\n---\na: 1", 1, 1, "only the directive %YAML 1.2"),
        ("yaml", "1: a", 1, 1, 'write "1" in quotes'),
        ("yaml", "null: a", 1, 1, "a key has to be a string"),
        ("yaml", "? [a]\n: b", 1, 3, "a key has to be a string"),
        ("yaml", "a:\n\tb: 1", 2, 1, "a tab cannot indent"),
        ("yaml", "a: b: c", 1, 5, 'no ": " is allowed here'),
        ("yaml", "a:\n  b: 1\n c: 2", 3, 2, "the indentation does not fit"),
        ("yaml", "a: [1, 2", 1, 9, 'expected "," or "]"'),
        ("yaml", "a: 'x", 1, 6, "the text ends inside a quoted string"),
        ("yaml", 'a: "\\q"', 1, 6, "no such escape"),
        ("yaml", "a: b\x85c", 1, 5, "a raw \\u0085"),
        ("yaml", "a: \x07", 1, 4, "a raw \\u0007"),
        ("yaml", "# nothing\n", 1, 1, "the text is empty"),
        ("yaml", "a: 1\r\nb: 2\r\na: 3\r\n", 3, 1, "duplicate key"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_refusal_names_line_column_and_reason(format: str, text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(UnreadableText) as refused:
        read(text, format)

    assert (refused.value.line, refused.value.column) == (line, column)
    assert message in refused.value.message
    assert "\n" not in refused.value.brief


def test_the_excerpt_has_a_caret_below_the_character() -> None:
    with pytest.raises(UnreadableText) as refused:
        read('{"a": 1,\n\t"b": nul}', "json", source="x.json")

    assert str(refused.value).splitlines() == [
        "x.json: line 2, column 7: nul is no JSON value; strings need double quotes",
        '    \t"b": nul}',
        "    \t     ^",
    ]


@pytest.mark.parametrize("format", ["json", "yaml"])
def test_nesting_of_200_is_read_and_of_201_is_refused(format: str) -> None:
    assert read("[" * 200 + "]" * 200, format).data

    with pytest.raises(UnreadableText, match="nested more than 200 deep") as refused:
        read("[" * 201 + "]" * 201, format)

    assert refused.value.column == 201


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("json", "[" * 10_000),
        ("json", '{"a":' * 10_000),
        ("yaml", "[" * 10_000),
        ("yaml", "- " * 10_000),
        ("yaml", "{a: " * 10_000),
    ],
    ids=["json lists", "json objects", "yaml flow lists", "yaml block lists", "yaml flow objects"],
)
def test_10000_levels_are_refused_and_not_recursed_into(format: str, text: str) -> None:
    with pytest.raises(UnreadableText, match="nested more than 200 deep"):
        read(text, format)


@pytest.mark.parametrize("format", ["json", "yaml"])
def test_a_string_of_a_megabyte_is_read(format: str) -> None:
    text = json.dumps({"a": "x" * 2**20})

    assert len(read(text, format).data["a"]) == 2**20


@pytest.mark.parametrize("text", ["x" * 101, b"x" * 101, "é" * 51], ids=["str", "bytes", "bytes of characters count"])
def test_a_text_over_the_limit_is_refused(text: str | bytes) -> None:
    with pytest.raises(UnreadableText, match="larger than"):
        read(text, "yaml", limit=100)


def test_yaml_that_would_take_minutes_is_refused_with_the_way_out() -> None:
    dense = "[" + "[]," * (YAML_LIMIT // 4) + "1]"

    with pytest.raises(UnreadableText, match="more than 80,000 keys and values; a larger Blueprint is written as JSON"):
        read(dense, "yaml")
    with pytest.raises(UnreadableText, match="larger than 2 MiB; a larger Blueprint is written as JSON"):
        read("x" * (YAML_LIMIT + 1), "yaml")

    assert len(read(dense, "json").data) > 500_000


@pytest.mark.parametrize("format", ["json", "yaml"])
@pytest.mark.parametrize("mark", ["\ufeff", ""], ids=["mark", "no mark"])
def test_a_byte_order_mark_and_crlf_change_nothing(format: str, mark: str) -> None:
    text = mark + '{\r\n"a": [1,\r\n"b"]}\r\n'

    assert read(text, format).data == {"a": [1, "b"]}
    assert read(text.encode(), format).data == {"a": [1, "b"]}


def test_bytes_that_are_no_utf8_are_refused_where_they_stand() -> None:
    with pytest.raises(UnreadableText, match="not UTF-8 text: byte 0xff") as refused:
        read(b"a: 1\nb: \xff", "yaml")

    assert (refused.value.line, refused.value.column) == (2, 4)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30))
def test_numbers_are_the_same_in_both_formats(number: float) -> None:
    text = json.dumps(number)

    read_back = read(text, "json").data

    assert typed(read_back) == typed(read(text, "yaml").data)
    assert math.isfinite(read_back)
    assert read_back == number or abs(number) > 2**63


def test_spots_of_values_keys_and_unknown_places() -> None:
    document = read("id: x\nflow:\n  kind: seq\n  children:\n    - kind: step\n      in:\n", "yaml")

    def at(place: str) -> tuple[int, int]:
        spot = document.spot(place)
        return spot.line, spot.column

    assert at("$.flow.kind") == (3, 9)
    assert at("$.flow") == (2, 1)
    assert at("$.flow.children[0].kind") == (5, 13)
    assert at("$.flow.children[0].in") == (6, 7)
    assert at("$.flow.children[0].out") == (5, 7)
    assert at("$.agents[3].name") == (1, 1)
    assert document.key_spot("$.flow.kind").column == 3


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("{}", "json"),
        ("\ufeff \n\t{", "json"),
        ("[1]", "yaml"),
        ("a: {}", "yaml"),
        ("", "yaml"),
        (b"\xef\xbb\xbf{}", "json"),
    ],
)
def test_json_is_told_from_yaml_by_its_first_character(text: str | bytes, format: str) -> None:
    assert format_of(text) == format


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UnknownFormat, match="unsupported format: toml"):
        read("", "toml")
