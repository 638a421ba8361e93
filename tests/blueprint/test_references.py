"""`$file` and `$agent_md`: what takes their place, and every path that is not read."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from flowbench.blueprint import BadReference, Blueprint, InvalidAgentFile, InvalidBlueprint, load, parse, to_json
from flowbench.blueprint.reader import LIMIT

JUDGE = "---\nname: judge\ntools: read, write\nmodel: small\n---\nBe fair.\n"


def literal(value: Any) -> dict[str, Any]:
    """A Blueprint that writes a literal to $.x."""
    return {"id": "a", "flow": {"kind": "assign", "at": "$.x", "value": {"op": "lit", "value": value}}}


def with_agent(**reference: Any) -> dict[str, Any]:
    return {"id": "a", "flow": {"kind": "seq", "children": []}, "agents": [reference]}


def value_of(blueprint: Blueprint) -> Any:
    return to_json(blueprint)["flow"]["value"]["value"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a few files."""
    desk = tmp_path / "desk"
    (desk / "agents").mkdir(parents=True)
    (desk / "notes.md").write_bytes(b"first\r\n$.second ")
    (desk / "agents" / "judge.md").write_text(JUDGE)
    monkeypatch.chdir(desk)
    return desk


@pytest.mark.parametrize("path", ["notes.md", "./notes.md", "././notes.md"])
def test_a_file_is_its_text_to_the_byte_wherever_it_stands(desk: Path, path: str) -> None:
    read = value_of(load(literal({"deep": [{"$file": path}, 1]})))

    assert read == {"deep": ["first\r\n$.second ", 1]}


def test_a_file_may_be_any_text_of_a_blueprint(desk: Path) -> None:
    agent = {"name": "a", "kind": "lua", "spec": {"source": {"$file": "notes.md"}}, "profile": None}

    blueprint = load({**with_agent(**agent), "metadata": {"description": {"$file": "notes.md"}}})

    assert blueprint.agents[0].spec == {"source": "first\r\n$.second "}
    assert blueprint.metadata.description == "first\r\n$.second "


def test_files_are_looked_up_beside_the_blueprint_and_for_text_in_the_working_directory(desk: Path) -> None:
    (desk / "agents" / "notes.md").write_text("beside")
    (desk / "agents" / "a.yaml").write_text("kind: let\nat: $.x\nvalue: {op: lit, value: {$file: notes.md}}\n")

    beside = load(desk / "agents" / "a.yaml")
    here = load((desk / "agents" / "a.yaml").read_text(), name="a")
    told = load(literal({"$file": "notes.md"}), folder=desk / "agents")

    assert [value_of(each) for each in (beside, here, told)] == ["beside", "first\r\n$.second ", "beside"]


def test_an_agent_file_becomes_the_agent_and_what_stands_beside_replaces_it(desk: Path) -> None:
    reference = {"$agent_md": "agents/judge.md", "kind": "lua", "spec": {"code": {"$file": "notes.md"}}}

    (agent,) = load(with_agent(**reference)).agents

    assert (agent.name, agent.kind.value, agent.spec) == ("judge", "lua", {"code": "first\r\n$.second "})
    assert agent.profile is not None
    assert (agent.profile.system_prompt, agent.profile.tools) == ("Be fair.\n", ("read", "write"))


def test_a_sibling_replaces_the_whole_field(desk: Path) -> None:
    (agent,) = load(with_agent(**{"$agent_md": "agents/judge.md", "profile": {"model": "large"}, "name": "b"})).agents

    assert (agent.name, agent.profile and agent.profile.system_prompt) == ("b", "")
    assert agent.profile is not None
    assert agent.profile.model == "large"


@pytest.mark.parametrize(
    ("default", "beside", "kind"),
    [(None, None, "operator"), ("subprocess", None, "subprocess"), ("subprocess", "lua", "lua")],
)
def test_the_kind_stands_beside_or_is_the_default(desk: Path, default: Any, beside: Any, kind: str) -> None:
    data = with_agent(**{"$agent_md": "agents/judge.md"} | ({"kind": beside} if beside else {}))

    blueprint = load(data | ({"default_agent_kind": default} if default else {}))

    assert blueprint.agents[0].kind.value == kind


def test_a_wrong_kind_beside_or_as_default_is_refused_where_it_stands(desk: Path) -> None:
    for data, place in [
        (with_agent(**{"$agent_md": "agents/judge.md", "kind": "luaa"}), "$.agents[0].kind"),
        ({**with_agent(**{"$agent_md": "agents/judge.md"}), "default_agent_kind": 5}, "$.default_agent_kind"),
    ]:
        with pytest.raises(InvalidBlueprint) as refused:
            load(data)
        assert refused.value.place == place


def test_what_a_file_holds_is_not_read_for_further_references(desk: Path) -> None:
    (desk / "loop.md").write_text('{"$file": "loop.md"}')
    (desk / "agents" / "loop.md").write_text("---\nname: a\nmore: {$file: notes.md}\n---\n")

    assert value_of(load(literal({"$file": "loop.md"}))) == '{"$file": "loop.md"}'
    (agent,) = load(with_agent(**{"$agent_md": "agents/loop.md", "kind": "lua"})).agents
    assert agent.profile is not None
    assert agent.profile.extras == {"more": {"$file": "notes.md"}}


def test_the_written_form_is_read_back_without_any_file(desk: Path) -> None:
    (desk / "agents" / "loop.md").write_text("---\nname: a\nmore: {$file: notes.md}\n---\n")
    blueprint = load(with_agent(**{"$agent_md": "agents/loop.md", "kind": "lua"}))

    assert parse(to_json(blueprint)) == blueprint


@pytest.fixture
def traps(desk: Path) -> Path:
    """Things beside the Blueprint that are no files of its own."""
    (desk.parent / "secret.txt").write_text("SECRET")
    (desk / "link.txt").symlink_to("../secret.txt")
    (desk / "here.txt").symlink_to("notes.md")
    (desk / "up").symlink_to("..")
    (desk / "inside").symlink_to("agents")
    (desk / "loop").symlink_to("loop")
    os.mkfifo(desk / "pipe")
    (desk / "device").symlink_to("/dev/zero")
    (desk / "binary").write_bytes(b"a\n\xff")
    return desk


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/passwd", "absolute path not allowed (must be relative to Blueprint dir)"),
        ("//etc/passwd", "absolute path not allowed"),
        ("../secret.txt", "'..' parent-dir escape not allowed"),
        ("agents/../notes.md", "'..' parent-dir escape not allowed"),
        ("..", "'..' parent-dir escape not allowed"),
        ("link.txt", "links are not followed"),
        ("here.txt", "links are not followed"),
        ("up/secret.txt", '"up" is a link'),
        ("inside/judge.md", '"inside" is a link'),
        ("loop", "links are not followed"),
        ("loop/x", '"loop" is a link'),
        ("device", "links are not followed"),
        ("pipe", "no regular file"),
        ("agents", "no regular file"),
        (".", "this is a folder"),
        ("", "no path of a file"),
        ("agents//judge.md", "no path of a file"),
        ("agents/", "no path of a file"),
        ("notes.md/", "no path of a file"),
        ("notes.md/x", "Not a directory"),
        ("a\0b", "no path of a file"),
        ("missing.md", "No such file"),
        ("agents/missing/x.md", "No such file"),
        ("~/.ssh/id_rsa", "No such file"),
        ("x" * 300, "File name too long"),
        ("binary", "not UTF-8 text: byte 0xff in line 2"),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("name", ["$file", "$agent_md"])
def test_other_paths_are_refused_with_their_place(traps: Path, name: str, path: str, why: str) -> None:
    with pytest.raises(BadReference) as refused:
        load(with_agent(**{name: path}))

    error = refused.value
    assert (error.place, error.path) == ("$.agents[0]", path)
    assert error.message.startswith(f"{name} ref expansion at ")
    assert why in error.message
    assert "\n" not in error.brief


def test_a_socket_is_no_file(desk: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("sock")
        with pytest.raises(BadReference, match="no regular file"):
            load(literal({"$file": "sock"}))


def test_a_refusal_names_file_line_and_place(traps: Path) -> None:
    (traps / "a.yaml").write_text("kind: let\nat: $.x\nvalue:\n  op: lit\n  value: {$file: link.txt}\n")

    with pytest.raises(BadReference) as refused:
        load("a.yaml")

    assert refused.value.brief == (
        'a.yaml: line 5, column 10: $.value.value: $file ref expansion at "link.txt": '
        "this is a link; links are not followed"
    )


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"$file": 5}, "$.flow.value.value.$file"),
        ({"$file": "notes.md", "x": 1}, "$.flow.value.value.x"),
        ({"$agent_md": ["a"]}, "$.flow.value.value.$agent_md"),
    ],
)
def test_a_malformed_reference_is_refused(desk: Path, value: Any, place: str) -> None:
    with pytest.raises(InvalidBlueprint) as refused:
        load(literal(value))

    assert refused.value.place == place


def test_a_file_where_an_expression_belongs_says_how_to_write_it(desk: Path) -> None:
    with pytest.raises(InvalidBlueprint, match=r"op: lit, value: \{\$file: ...\}"):
        load({"id": "a", "flow": {"kind": "assign", "at": "$.x", "value": {"$file": "notes.md"}}})


def test_files_are_limited_together_however_often_they_are_named(desk: Path) -> None:
    (desk / "big").write_bytes(b"x" * (LIMIT // 3))

    load(literal([{"$file": "big"}] * 3))
    with pytest.raises(BadReference, match="larger than 8 MiB together") as repeated:
        load(literal([{"$file": "big"}] * 4))
    (desk / "big").write_bytes(b"x" * (LIMIT + 1))
    with pytest.raises(BadReference, match="larger than 8 MiB together"):
        load(literal({"$file": "big"}))

    assert repeated.value.place == "$.flow.value.value[3]"


def test_an_error_in_an_agent_file_names_that_file_its_line_and_who_refers_to_it(desk: Path) -> None:
    (desk / "agents" / "bad.md").write_text("---\nname: a\ntools: {x: 1}\n---\n")
    (desk / "a.json").write_text(
        '{"id": "a", "flow": {"kind": "seq", "children": []}, "agents": [{"$agent_md": "agents/bad.md"}]}'
    )

    with pytest.raises(InvalidAgentFile) as refused:
        load(desk / "a.json")

    assert refused.value.brief == (
        f"{desk}/agents/bad.md: line 3, column 8: $.agents[0]: "
        "tools: expected a list, or a text with commas, not an object"
    )
