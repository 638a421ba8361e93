"""Agent files: front matter and prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowbench.blueprint import AgentKind, InvalidAgentFile, read_agent, read_agents

KIND = AgentKind.OPERATOR


def refused(text: str) -> InvalidAgentFile:
    with pytest.raises(InvalidAgentFile) as caught:
        read_agent(text, KIND, "a.md")
    return caught.value


def test_front_matter_becomes_the_profile_and_the_rest_the_prompt() -> None:
    agent = read_agent(
        "---\nname: judge\ndescription: '  fair  '\nmodel: small\neffort: high\ntools: [read, ' write ', '']\n"
        "worker_binding: w1\ncolor: red\nlimits: {steps: 3}\n---  \n\n# Be fair\n---\nnot the end\n",
        AgentKind.LUA,
        "a.md",
    )

    assert (agent.name, agent.kind, agent.spec, agent.meta) == ("judge", AgentKind.LUA, None, None)
    profile = agent.profile
    assert profile is not None
    assert profile.system_prompt == "\n# Be fair\n---\nnot the end\n"
    assert (profile.description, profile.model, profile.effort) == ("fair", "small", "high")
    assert (profile.tools, profile.worker_binding) == (("read", "write"), "w1")
    assert profile.extras == {"color": "red", "limits": {"steps": 3}}


def test_what_is_not_said_is_empty() -> None:
    profile = read_agent("---\nname: a\n---\n", KIND, "a.md").profile

    assert profile is not None
    assert (profile.system_prompt, profile.tools, profile.extras, profile.model) == ("", (), None, None)
    # blake3 of nothing, as its authors publish it
    assert profile.version_hash == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


@pytest.mark.parametrize("tools", ["'read, ,write,'", "[read, write]", "[' read ', write, ' ']"])
def test_tools_are_a_list_or_a_text_with_commas(tools: str) -> None:
    profile = read_agent(f"---\nname: a\ntools: {tools}\n---\n", KIND, "a.md").profile

    assert profile is not None
    assert profile.tools == ("read", "write")


def test_the_body_keeps_its_line_ends_and_an_end_line_may_be_the_last() -> None:
    windows = read_agent("\ufeff---\r\nname: a\r\n---\r\nx\r\ny", KIND, "a.md").profile
    bare = read_agent("---\nname: a\n---", KIND, "a.md").profile

    assert windows is not None
    assert bare is not None
    assert (windows.system_prompt, bare.system_prompt) == ("x\r\ny", "")


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("# Judge\n", 1, 1, "no front matter"),
        ("", 1, 1, "no front matter"),
        ("---x\nname: a\n---\n", 1, 1, "no front matter"),
        ("---\nname: a\n", 1, 1, "does not end"),
        ("---\n---\n", 1, 1, "the text is empty"),
        ("---\n- a\n---\n", 2, 1, "no object with a name"),
        ("---\nmodel: small\n---\n", 2, 1, 'no "name"'),
        ("---\nname: ''\n---\n", 2, 1, 'no "name"'),
        ("---\nname: 5\n---\n", 2, 7, "name: expected a text, not the number 5"),
        ("---\nname: a\nmodel: [x]\n---\n", 3, 8, "model: expected a text, not a list"),
        ("---\nname: a\ntools: 5\n---\n", 3, 8, "tools: expected a list"),
        ("---\nname: a\ntools:\n  - x\n  - 5\n---\n", 5, 5, "tools: expected a text, not the number 5"),
        ("---\nname: a\nname: b\n---\n", 3, 1, 'duplicate key "name"'),
        ("---\nname: &x a\n---\n", 2, 7, "anchors"),
        ("---\nname: *x\n---\n", 2, 7, "aliases"),
        ("---\nname: a\nx: " + "[" * 20 + "]" * 20 + "\n---\n", None, None, "nested more than 20 deep"),
        ("---\nname: " + "a" * 70_000 + "\n---\n", None, None, "larger than 64 KiB"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_bad_front_matter_is_refused_with_the_line_of_the_file(
    text: str, line: int | None, column: int | None, message: str
) -> None:
    error = refused(text)

    assert message in error.message
    assert error.source == "a.md"
    assert line is None or (error.line, error.column) == (line, column)


def test_the_agents_of_a_folder_come_in_order_and_notes_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("---\nname: second\n---\n")
    (tmp_path / "a.md").write_text("---\nname: first\n---\n")
    (tmp_path / "README.md").write_text("# Notes\n")
    (tmp_path / "c.txt").write_text("---\nname: third\n---\n")

    assert [agent.name for agent in read_agents(tmp_path, KIND)] == ["first", "second"]

    (tmp_path / "d.md").write_text("---\nname: [x]\n---\n")
    with pytest.raises(InvalidAgentFile, match="name: expected a text") as caught:
        read_agents(tmp_path, KIND)
    assert caught.value.source == str(tmp_path / "d.md")
