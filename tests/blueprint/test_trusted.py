"""Trust: which Blueprints need it, what the hash covers, and where it is kept."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flowbench.blueprint import (
    Blueprint,
    Functions,
    UntrustedBlueprint,
    adopt,
    command_summary,
    commands,
    is_trusted,
    load,
    require_trust,
    revoke,
    trust,
    trust_hash,
)
from flowbench.storage import StorageError

FLOW = {"kind": "step", "ref": "go", "in": "$.x", "out": "$.y"}
REMOVE = {"name": "go", "kind": "subprocess", "spec": {"program": "rm", "args": ["-rf", "/tmp/x"]}}


def data(*agents: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "a", "flow": FLOW, "agents": list(agents), **more}


def from_file(folder: Path, *agents: dict[str, Any], **more: Any) -> Blueprint:
    path = folder / "a.json"
    path.write_text(json.dumps(data(*agents, **more)))
    return load(path)


@pytest.mark.parametrize("kind", ["subprocess", "lua", "agent_block"])
def test_a_file_with_commands_is_refused_until_its_hash_is_allowed(tmp_path: Path, kind: str) -> None:
    blueprint = from_file(tmp_path, {**REMOVE, "kind": kind})

    with pytest.raises(UntrustedBlueprint) as refused:
        require_trust(blueprint)
    trust(refused.value.hash)
    require_trust(blueprint)

    message = str(refused.value)
    assert f"agent 'go' ({kind}): rm -rf /tmp/x" in message
    assert f"flowbench trust {tmp_path}/a.json" in message
    assert f"--trust {trust_hash(blueprint)}" in message
    assert "\n" not in message


@pytest.mark.parametrize("kind", ["python_fn", "rust_fn", "operator"])
def test_functions_and_operators_need_no_trust(tmp_path: Path, kind: str) -> None:
    blueprint = from_file(tmp_path, {"name": "go", "kind": kind, "spec": {"fn_id": "go"}})

    require_trust(blueprint)

    assert commands(blueprint) == ()


def test_what_python_or_a_cell_wrote_is_trusted(tmp_path: Path) -> None:
    require_trust(load(data(REMOVE)))
    require_trust(load(json.dumps(data(REMOVE))))


def test_a_file_stays_a_file_when_a_field_of_it_is_replaced(tmp_path: Path) -> None:
    blueprint = msgspec.structs.replace(from_file(tmp_path, REMOVE), id="b")

    with pytest.raises(UntrustedBlueprint):
        require_trust(blueprint)


def test_a_hash_given_by_the_caller_lets_pass_once(tmp_path: Path) -> None:
    blueprint = from_file(tmp_path, REMOVE)

    require_trust(blueprint, trust_hash(blueprint))

    for wrong in (None, "", "0" * 64, trust_hash(blueprint)[:63]):
        with pytest.raises(UntrustedBlueprint):
            require_trust(blueprint, wrong)


def test_the_hash_is_that_of_the_meaning_and_of_all_that_is_referred_to(tmp_path: Path) -> None:
    (tmp_path / "code.lua").write_text("return 1")
    (tmp_path / "go.md").write_text("---\nname: go\n---\nPrompt")
    agent = {"$agent_md": "go.md", "kind": "lua", "spec": {"code": {"$file": "code.lua"}}}

    first = trust_hash(from_file(tmp_path, agent))
    (tmp_path / "a.yaml").write_text(json.dumps(data(agent), indent=3))
    same = trust_hash(load(tmp_path / "a.yaml"))
    (tmp_path / "code.lua").write_text("return 2")
    other_code = trust_hash(from_file(tmp_path, agent))
    (tmp_path / "go.md").write_text("---\nname: go\n---\nOther")
    other_prompt = trust_hash(from_file(tmp_path, agent))

    assert first == same
    assert len({first, other_code, other_prompt}) == 3


def test_functions_that_a_launch_adds_do_not_change_the_hash(tmp_path: Path) -> None:
    functions = Functions()
    functions.register(lambda x: x, id="other")
    two = {"kind": "seq", "children": [FLOW, {**FLOW, "ref": "other"}]}
    blueprint = from_file(tmp_path, REMOVE, flow=two)

    adopted = adopt(blueprint, functions)

    assert len(adopted.agents) == 2
    assert trust_hash(adopted) == trust_hash(blueprint)
    assert adopted.provenance.file == str(tmp_path / "a.json")


def test_trust_is_kept_for_the_owner_alone_and_can_be_taken_back(home: Path) -> None:
    hash = "ab" * 32
    trust(hash, name="a.yaml")
    file = home / "trust" / hash

    assert is_trusted(hash)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert json.loads(file.read_text())["name"] == "a.yaml"
    assert revoke(hash)
    assert not is_trusted(hash)
    assert not revoke(hash)


@pytest.mark.parametrize("others", [0o020, 0o002])
def test_what_others_can_write_is_no_trust(home: Path, others: int) -> None:
    hash = "ab" * 32
    trust(hash)
    folder = home / "trust"

    (folder / hash).chmod(0o600 | others)
    assert not is_trusted(hash)
    (folder / hash).chmod(0o600)
    folder.chmod(0o700 | others)
    assert not is_trusted(hash)


def test_links_are_no_trust(home: Path, tmp_path: Path) -> None:
    trust("ab" * 32)
    os.symlink(home / "trust" / ("ab" * 32), home / "trust" / ("cd" * 32))

    assert not is_trusted("cd" * 32)

    (home / "trust").rename(tmp_path / "elsewhere")
    (home / "trust").symlink_to(tmp_path / "elsewhere")
    assert not is_trusted("ab" * 32)
    with pytest.raises(StorageError, match="is a link"):
        trust("ab" * 32)


@pytest.mark.parametrize("hash", ["", "x", "../" + "a" * 61, "AB" * 32, "ab" * 32 + "\n"])
def test_only_a_hash_can_be_trusted(hash: str) -> None:
    assert not is_trusted(hash)
    with pytest.raises(ValueError, match="no hash of a Blueprint"):
        trust(hash)


def test_the_summary_shows_everything_and_nothing_in_it_steers_a_terminal() -> None:
    hostile = {"program": "sh", "args": ["-c", "\x1b[2K\recho ok # \u202e"], "env": {"A\x07": "b"}}
    script = {"name": "s\x1b]0;x", "kind": "lua", "spec": {"code": "a = 1\nb = '\x9b31m'\n"}}
    blueprint = load(data({**REMOVE, "spec": hostile}, script))

    lines = command_summary(blueprint)

    assert lines == [
        "go (subprocess)",
        "    program: sh",
        '    args: ["-c", "\\u001b[2K\\recho ok # \\u202e"]',
        '    env: {"A\\u0007": "b"}',
        "s\\x1b]0;x (lua)",
        "    code:",
        "        a = 1",
        "        b = '\\x9b31m'",
        "        ",
    ]


def test_a_long_script_is_cut_and_says_so() -> None:
    lines = command_summary(load(data({"name": "go", "kind": "lua", "spec": {"code": "x = 1\n" * 1000}})))

    assert len(lines) == 202
    assert lines[-1].strip() == "... 802 more lines that are not shown; read them in the file"


def test_a_command_in_the_template_form_is_shown_as_it_will_be_called(tmp_path: Path) -> None:
    spec = {"argv": ["rm", "-rf", "{in.folder}"], "stdin": "{prompt}"}

    with pytest.raises(UntrustedBlueprint) as refused:
        require_trust(from_file(tmp_path, {**REMOVE, "spec": spec}))

    assert refused.value.commands == ("agent 'go' (subprocess): rm -rf {in.folder}",)
