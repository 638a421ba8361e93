"""Front matter: read as YAML 1.2 reads it, and an edit leaves every byte alone that it was not asked to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from flowbench.project import REMOVE, DocumentError, MergeConflict, front_matter
from flowbench.project.front_edit import written
from flowbench.project.front_matter import parse

FULL = """\
\ufeff---\r
# who may touch this: us\r
schema_version: 1\r
id: fn-1-add-auth.2   # never changes\r
title: 'It''s a "title"'\r
status: todo\r
depends_on:\r
  - fn-1-add-auth.1  # first\r
  # then the schema\r
  - fn-1-add-auth.3\r
\r
files: [a.py, "b c.py"] # owned\r
mood: {"deep": [1, {"x": null}]}\r
text: |\r
  several\r
  lines\r
\r
priority: 3\r
---\r
# Body\r
---\r
not: front matter\r
"""


def lines_that_differ(before: str, after: str) -> list[str]:
    old, new = before.split("\n"), after.split("\n")
    return [line for line in new if line not in old]


def test_a_document_is_read_and_its_bytes_are_kept() -> None:
    document = parse(FULL.encode())

    assert document.data == FULL.encode()
    assert document.values == {
        "schema_version": 1,
        "id": "fn-1-add-auth.2",
        "title": 'It\'s a "title"',
        "status": "todo",
        "depends_on": ["fn-1-add-auth.1", "fn-1-add-auth.3"],
        "files": ["a.py", "b c.py"],
        "mood": {"deep": [1, {"x": None}]},
        "text": "several\nlines\n",
        "priority": 3,
    }
    assert document.body == "# Body\r\n---\r\nnot: front matter\r\n"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"status": "in_progress"}, ["status: in_progress\r"]),
        ({"title": "It's new: now"}, ["title: 'It''s new: now'\r"]),
        ({"priority": None}, ["priority: null\r"]),
        ({"files": ["a.py"]}, ["files: [a.py] # owned\r"]),
        ({"files": ["x, y", "z"]}, ['files: ["x, y", z] # owned\r']),
        ({"depends_on": ["fn-1-add-auth.3", "fn-1-add-auth.4"]}, ["  - fn-1-add-auth.4\r"]),
        ({"text": "one\ntwo"}, ['text: "one\\ntwo"\r']),
        ({"assignee": "a@b.c"}, ["assignee: a@b.c\r"]),
        ({"mood": REMOVE}, []),
        ({"id": "fn-2.1"}, ["id: fn-2.1   # never changes\r"]),
        ({"status": "todo", "priority": 3}, []),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_an_edit_writes_only_the_lines_of_its_keys(change: dict[str, Any], line: list[str]) -> None:
    edited = parse(FULL.encode()).edited(change)

    assert lines_that_differ(FULL, edited.text) == line
    assert edited.body == parse(FULL.encode()).body
    wanted = {**parse(FULL.encode()).values, **change}
    assert edited.values == {key: value for key, value in wanted.items() if value is not REMOVE}


def test_items_that_stay_keep_their_lines_and_comments() -> None:
    edited = parse(FULL.encode()).edited({"depends_on": ["fn-1-add-auth.3"]})

    assert "  # then the schema\r\n  - fn-1-add-auth.3\r\n" in edited.text
    assert "first" not in edited.text


def test_another_body_leaves_the_fields_alone() -> None:
    edited = parse(FULL.encode()).edited({}, "new\n")

    assert edited.text == FULL[: FULL.index("# Body")] + "new\n"


@pytest.mark.parametrize(
    "text",
    ["---\n---\n", "---\n---", "\n  \n---\nid: x\n---\nbody", "---\nid: x\n---", "---\n# only a comment\n---\nb"],
    ids=["empty", "no body", "blank lines first", "ends at the fence", "a comment"],
)
def test_odd_but_whole_documents_can_be_edited(text: str) -> None:
    edited = parse(text).edited({"status": "done"}, "body\n")

    assert edited.values["status"] == "done"
    assert edited.body == "body\n"
    assert parse(edited.data).values == edited.values


BAD = {
    "no fence": ("id: x\n", DocumentError, "does not begin with front matter", 1),
    "four hyphens": ("----\nid: x\n---\n", DocumentError, "does not begin with front matter", 1),
    "text behind the fence": ("--- x\nid: x\n---\n", DocumentError, "does not begin with front matter", 1),
    "no end": ("---\nid: x\n----\n--- x\n", DocumentError, "no end", 1),
    "duplicate key": ("---\nid: x\nid: y\n---\n", DocumentError, "duplicate key", 3),
    "anchor": ("---\nid: &a x\n---\n", DocumentError, "anchors", 2),
    "alias": ("---\nid: *a\n---\n", DocumentError, "aliases", 2),
    "tag": ("---\nid: !!str x\n---\n", DocumentError, "tags", 2),
    "merge key": ("---\n<<: {a: 1}\n---\n", DocumentError, "merge keys", 2),
    "a list": ("---\n- x\n---\n", DocumentError, "key: value", 2),
    "two colons": ("---\ntitle: Fix: it\n---\n", DocumentError, "quotes", 2),
    "open quote": ('---\ntitle: "Fix\n---\n', DocumentError, "quoted string", 3),
    "tab": ("---\na:\n\t- x\n---\n", DocumentError, "tab", 3),
    "conflict in the fields": (
        "---\nid: x\n<<<<<<< HEAD\nstatus: todo\n=======\nstatus: done\n>>>>>>> branch\n---\n",
        MergeConflict,
        "merge conflict",
        3,
    ),
    "conflict above the fields": (
        "<<<<<<< HEAD\n---\nid: x\n---\n=======\n---\nid: y\n---\n>>>>>>> b\n",
        MergeConflict,
        "merge conflict",
        1,
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_told_with_its_line(name: str) -> None:
    text, kind, words, line = BAD[name]

    with pytest.raises(kind, match=words) as told:
        parse(text.encode(), Path("tasks/fn-1.1.md"))

    assert told.value.line == line
    assert str(told.value).startswith(f"tasks/fn-1.1.md: line {line}, column ")


def test_an_error_shows_the_line_with_a_caret() -> None:
    with pytest.raises(DocumentError) as told:
        parse("---\nid: x\npriority: [1, 2\n---\n", "f.md")

    assert told.value.excerpt == "    ---\n    ^"


def test_bytes_that_are_no_utf8_are_told_with_their_place() -> None:
    with pytest.raises(DocumentError, match=r"line 2, column 8: byte 0xff is no UTF-8"):
        parse(b"---\ntitle: \xff\n---\n", "f.md")


def test_a_huge_document_is_refused() -> None:
    with pytest.raises(DocumentError, match="too large"):
        parse(b"---\n---\n" + b"x" * front_matter.LARGEST)


KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,6}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "true",
        "null",
        "~",
        "1",
        "-1",
        "1.5",
        "0x1f",
        "2026-01-02T03:04:05Z",
        "a: b",
        "a #b",
        "- x",
        "[x",
        "yes",
        "#",
        "'",
        '"',
        " x ",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
VALUES = SCALARS | st.lists(SCALARS, max_size=4) | st.dictionaries(TEXTS, st.lists(SCALARS, max_size=2), max_size=2)
FIELDS = st.dictionaries(KEYS, VALUES, max_size=5)


@settings(max_examples=150, deadline=None)
@given(
    fields=FIELDS,
    body=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    line_break=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_is_written_is_read_back(fields: dict[str, Any], body: str, line_break: str) -> None:
    made = written(fields, body, "f.md", line_break)

    again = parse(made.data)

    assert again.values == fields
    assert again.body == body
    assert again.edited({}).data == made.data


COMMENTED = st.sampled_from(["", "", "  # why", "   "])
RAW = st.sampled_from(
    [
        "plain",
        "two words",
        "3",
        "true",
        "'single'",
        '"double"',
        "[a, b]",
        "[]",
        "",
        "1.50",
        "a-b.c/d",
        "{x: 1}",
        "['a, b', c]",
        "0o17",
    ]
)
LINES = st.lists(st.tuples(RAW, COMMENTED), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(lines=LINES, values=st.lists(VALUES, min_size=1, max_size=3), crlf=st.booleans(), data=st.data())
def test_an_edit_leaves_all_other_bytes_alone(
    lines: list[tuple[str, str]], values: list[Any], crlf: bool, data: st.DataObject
) -> None:
    end = "\r\n" if crlf else "\n"
    rows = [f"k{n}: {raw}{comment}{end}" for n, (raw, comment) in enumerate(lines)]
    rows.insert(len(rows) // 2, f"# comment{end}")
    document = parse(f"---{end}{''.join(rows)}---{end}body{end}")
    place = data.draw(st.integers(0, len(lines) - 1))

    edited = document.edited({f"k{place}": values[0]})

    assert edited.values == {**document.values, f"k{place}": values[0]}
    kept = [row for row in edited.text.splitlines(keepends=True) if not row.startswith(f"k{place}:")]
    assert kept == [row for row in document.text.splitlines(keepends=True) if not row.startswith(f"k{place}:")]


HEADS = st.lists(
    st.tuples(KEYS, st.text(st.sampled_from("ab1 .-_:#'\"[],{}&*!|>%@`~\\/+\t"), max_size=8) | RAW), max_size=3
)


@settings(max_examples=300, deadline=None)
@given(lines=HEADS)
def test_the_line_reader_reads_what_ruamel_reads(lines: list[tuple[str, str]]) -> None:
    head = "".join(f"{key}: {raw}\n" for key, raw in lines)
    try:
        ours = parse(f"---\n{head}---\n").values
    except DocumentError:
        return  # the strict subset is smaller

    try:
        theirs = YAML(typ="safe", pure=True).load(head)
    except YAMLError:
        theirs = "refused"

    assert ours == ({} if theirs is None else theirs)
