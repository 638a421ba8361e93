"""The loader: every kind of source, ids, and errors that point into the text."""

from __future__ import annotations

import os
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flowbench.blueprint import (
    Blueprint,
    BlueprintError,
    InvalidBlueprint,
    UnknownFormat,
    UnreadableFile,
    UnreadableText,
    load,
    to_json,
)
from flowbench.blueprint.reader import LIMIT

FLOW = {"kind": "step", "ref": "upper", "in": {"op": "path", "at": "$.a"}, "out": {"op": "path", "at": "$.b"}}
YAML = """\
id: hello
flow:
  kind: step
  ref: upper
  in: $.a
  out: $.b
"""
LOOP = """\
id: x
flow:
  kind: loop
  max: 5
  counter: $.n
  cond: $.c
  body: {kind: seq, children: []}
"""
JSON = '{"id": "hello", "flow": {"kind": "step", "ref": "upper", "in": "$.a", "out": "$.b"}}'


class Authored:
    """An object of some other library that knows how it is written."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def to_blueprint(self) -> Any:
        return self._made


@pytest.mark.parametrize(
    "source",
    [
        YAML,
        JSON,
        YAML.encode(),
        "\ufeff" + JSON,
        YAML.replace("\n", "\r\n"),
        {"id": "hello", "flow": FLOW},
        types.MappingProxyType({"id": "hello", "flow": OrderedDict(FLOW)}),
        Authored({"id": "hello", "flow": FLOW}),
        Authored(load(YAML)),
        load(JSON),
    ],
    ids=["yaml", "json", "bytes", "mark", "crlf", "dict", "mapping", "authored", "authored blueprint", "blueprint"],
)
def test_all_sources_of_the_same_blueprint_are_equal(source: Any) -> None:
    blueprint = load(source)

    assert blueprint.id == "hello"
    assert to_json(blueprint)["flow"] == FLOW


@pytest.mark.parametrize(("name", "text"), [("a.json", JSON), ("a.yaml", YAML), ("a.YML", YAML)])
def test_a_file_is_read_by_its_extension(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")

    assert load(path) == load(text)


def test_a_text_that_is_a_file_name_alone_is_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "night run.yaml").write_text(YAML, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert load("night run.yaml") == load(str(tmp_path / "night run.yaml")) == load(YAML)
    with pytest.raises(UnreadableFile, match="No such file"):
        load("day run.yaml")
    with pytest.raises(InvalidBlueprint, match='the field "flow" is missing'):
        load("id: x.yaml")


def test_where_a_blueprint_was_read_is_known_and_neither_written_nor_compared(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(YAML, encoding="utf-8")

    blueprint = load(path)

    assert (blueprint.provenance.file, load(YAML).provenance.file) == (str(path), "")
    assert blueprint == load(YAML)
    assert to_json(blueprint) == to_json(load(YAML))
    assert msgspec.structs.replace(blueprint, id="x").provenance.file == str(path)
    with pytest.raises(InvalidBlueprint, match='unknown field "provenance"'):
        load(YAML + "provenance: {file: x}\n")


def test_a_blueprint_is_returned_as_it_is() -> None:
    blueprint = load(YAML)

    assert load(blueprint) is blueprint


def test_later_changes_of_a_mapping_do_not_reach_the_blueprint() -> None:
    spec = {"list": [1]}
    blueprint = load({"id": "x", "flow": FLOW, "agents": [{"name": "a", "kind": "lua", "spec": spec}]})

    spec["list"].append(2)

    assert blueprint.agents[0].spec == {"list": [1]}


def test_a_name_fills_a_missing_id_and_yields_to_one() -> None:
    assert load(YAML.replace("id: hello\n", ""), name="cell").id == "cell"
    assert load(YAML, name="cell").id == "hello"


def test_a_flow_alone_takes_the_name_or_the_stem_of_its_file(tmp_path: Path) -> None:
    text = "kind: step\nref: upper\nin: $.a\nout: $.b\n"
    path = tmp_path / "night run.yaml"
    path.write_text(text, encoding="utf-8")

    assert load(text, name="cell").id == "cell"
    assert load(FLOW, name="cell") == load(text, name="cell")
    assert load(path).id == "night run"
    assert load(path, name="cell").id == "cell"


def test_a_blueprint_in_a_file_still_needs_its_id(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(YAML.replace("id: hello\n", ""), encoding="utf-8")

    with pytest.raises(InvalidBlueprint, match='the field "id" is missing'):
        load(path)


@pytest.mark.parametrize(
    ("text", "line", "column", "place", "message"),
    [
        ("kind: seq\nchildren: []", 1, 1, "$", "a flow alone has no id"),
        ("flow: {kind: seq, children: []}", 1, 1, "$", 'the field "id" is missing'),
        ("id: x", 1, 1, "$", 'the field "flow" is missing'),
        ("- 1", 1, 1, "$", "a Blueprint is an object"),
        ("just words", 1, 1, "$", 'not the text "just words"'),
        ("id: 5\nflow: {kind: seq, children: []}", 1, 5, "$.id", "expected a string"),
        (YAML + "agents:\n  - name: a\n    kind: luaa\n", 9, 11, "$.agents[0].kind", 'did you mean "lua"?'),
        (YAML + "agents:\n  - name: a\n", 8, 5, "$.agents[0]", 'the field "kind" is missing'),
        (YAML + "agents:\n  - name: a\n    knd: lua\n    kind: lua", 9, 5, "$.agents[0].knd", 'did you mean "kind"?'),
        (YAML + "agents:\n", 7, 1, "$.agents", "expected a list, not null"),
        (YAML + "strategy:\n  strict_refs: yes\n", 8, 16, "$.strategy.strict_refs", 'not the text "yes"'),
        (YAML.replace("in: $.a", "in: a"), 5, 7, "$.flow.in", 'the text "a" is no expression'),
        (YAML.replace("in: $.a", "in: 5"), 5, 7, "$.flow.in", "the number 5 is no expression"),
        (YAML.replace("in: $.a", "in:\n    a: 1"), 5, 3, "$.flow.in", "an object is no expression"),
        (
            '{"id": "x",\n "flow": {"kind": "seq",\n  "children": [{"kind": "stp"}]}}',
            3,
            None,
            "$.flow.children[0]",
            "",
        ),
        (YAML.replace("  out: $.b\n", ""), 2, 1, "$.flow", ""),
        (YAML + "  timeout: 5\n", None, None, "$.flow", ""),
        (LOOP.replace("max: 5", "max: -1"), 4, 8, "$.flow.max", ""),
    ],
)  # fmt: skip
def test_a_bad_blueprint_is_refused_with_place_and_line(
    text: str, line: int | None, column: int | None, place: str, message: str
) -> None:
    with pytest.raises(InvalidBlueprint) as refused:
        load(text)

    error = refused.value
    assert error.place.startswith(place)
    assert message in error.message
    assert error.line is not None
    assert line is None or error.line == line
    assert column is None or error.column == column
    assert error.excerpt.splitlines()[1].strip() == "^"
    assert text.splitlines()[error.line - 1] in str(error)


def test_errors_in_a_file_name_the_file(tmp_path: Path) -> None:
    wrong_data, wrong_text = tmp_path / "a.yaml", tmp_path / "b.json"
    wrong_data.write_text("id: [x]\nflow: {kind: seq, children: []}\n", encoding="utf-8")
    wrong_text.write_text('{"id": x}', encoding="utf-8")

    with pytest.raises(InvalidBlueprint) as invalid:
        load(wrong_data)
    with pytest.raises(UnreadableText) as unreadable:
        load(wrong_text)

    assert str(invalid.value).startswith(f"{wrong_data}: line 1, column 5: $.id: expected a string, not a list\n")
    assert str(unreadable.value).startswith(f"{wrong_text}: line 1, column 8: x is no JSON value")


@pytest.mark.parametrize("name", ["a.toml", "a", ".json", "a.json.txt"])
def test_an_unknown_extension_is_refused_unless_the_format_is_given(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(JSON, encoding="utf-8")

    with pytest.raises(UnknownFormat, match="unsupported extension: "):
        load(path)

    assert load(path, format="json").id == "hello"


def test_files_that_cannot_be_read_are_refused_by_name(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    folder = tmp_path / "folder.json"
    folder.mkdir()

    for path, reason in [
        (tmp_path / "missing.json", "No such file"),
        (pipe, "no regular file"),
        (folder, "no regular file"),
        (tmp_path / "nul\0.json", "null"),
    ]:
        with pytest.raises(UnreadableFile, match=reason) as refused:
            load(path)
        assert str(path) in str(refused.value)


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_bytes(b" " * (LIMIT + 1))

    with pytest.raises(UnreadableText, match="larger than 8 MiB"):
        load(path)


endless: dict[str, Any] = {}
endless["self"] = endless


@pytest.mark.parametrize(
    ("value", "place", "message"),
    [
        (float("nan"), "$.agents[0].spec", "no JSON number"),
        ({"a": [1, float("inf")]}, "$.agents[0].spec.a[1]", "no JSON number"),
        ({1: 2}, "$.agents[0].spec", "keys are strings, not the number 1"),
        ({"odd key": {1}}, '$.agents[0].spec["odd key"]', "a Python set is no JSON value"),
        (b"x", "$.agents[0].spec", "a Python bytes is no JSON value"),
        (10**400, "$.agents[0].spec", "no JSON number"),
        ("\ud800", "$.agents[0].spec", "half a character"),
        (endless, "$.agents[0].spec.self", "contains itself"),
    ],
    ids=["nan", "inf", "key", "set", "bytes", "huge", "surrogate", "cycle"],
)
def test_python_values_that_json_cannot_hold_are_refused(value: Any, place: str, message: str) -> None:
    data = {"id": "x", "flow": FLOW, "agents": [{"name": "a", "kind": "lua", "spec": value}]}

    with pytest.raises(InvalidBlueprint) as refused:
        load(data)

    assert refused.value.place.startswith(place)
    assert message in refused.value.message


def test_tuples_of_python_are_lists() -> None:
    data = {"id": "x", "flow": {"kind": "seq", "children": (FLOW,)}, "metadata": {"tags": ("a",)}}

    assert load(data) == load({**data, "flow": {"kind": "seq", "children": [FLOW]}, "metadata": {"tags": ["a"]}})


@pytest.mark.parametrize("source", [5, None, [FLOW], Authored(5)], ids=["int", "None", "list", "authored nonsense"])
def test_other_objects_are_refused(source: Any) -> None:
    with pytest.raises(InvalidBlueprint, match="Blueprint"):
        load(source)


def test_every_refusal_is_a_blueprint_error() -> None:
    refusals = [InvalidBlueprint, UnknownFormat, UnreadableFile, UnreadableText]

    assert all(issubclass(each, BlueprintError) for each in refusals)
    assert isinstance(load(YAML), Blueprint)


def test_the_dialect_is_that_of_the_flow_parser() -> None:
    text = "id: x\nflow: {kind: let, at: ctx.a, value: $.b}\n"

    assert to_json(load(text))["flow"]["kind"] == "let"
    with pytest.raises(InvalidBlueprint) as refused:
        load(text, compat="0.1.1")

    assert (refused.value.place, refused.value.line) == ("$.flow.kind", 2)


def test_an_unknown_field_of_a_node_is_pointed_at(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("id: a\nflow:\n  kind: step\n  ref: b\n  inn: $.x\n  out: $.x\n")

    with pytest.raises(InvalidBlueprint, match="did you mean `in`") as caught:
        load(file)

    assert (caught.value.place, caught.value.line, caught.value.column) == ("$.flow.inn", 5, 3)
