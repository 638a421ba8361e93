"""`flowbench trust`, and `run` of what is not trusted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowbench.blueprint import is_trusted, load, trust_hash
from flowbench.cli import main
from flowbench.cli.exits import Exit

REMOVE = """
id: remove
flow: {kind: step, ref: go, in: $.x, out: $.y}
agents:
  - {name: go, kind: lua, spec: {code: "os.remove('x')"}}
"""


@pytest.fixture
def hash(desk: Path) -> str:
    (desk / "remove.yaml").write_text(REMOVE)
    return trust_hash(load("remove.yaml"))


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_run_refuses_commands_and_says_what_allows_them(hash: str) -> None:
    told = invoke("run", "remove.yaml")

    assert told.exit_code == Exit.UNTRUSTED
    assert len(told.stderr.splitlines()) == 1
    assert "os.remove('x')" in told.stderr
    assert "`flowbench trust remove.yaml`" in told.stderr
    assert f"--trust {hash}" in told.stderr


def test_run_with_the_hash_passes_the_gate_this_once(hash: str) -> None:
    told = invoke("run", "remove.yaml", "--trust", hash)

    assert "would run commands" not in told.stderr
    assert told.exit_code != Exit.UNTRUSTED
    assert not is_trusted(hash)


def test_trust_shows_the_commands_and_without_a_terminal_allows_nothing(hash: str) -> None:
    told = invoke("trust", "remove.yaml")

    assert told.stdout.splitlines() == [
        "remove.yaml: remove would run 1 command:",
        "go (lua)",
        "    code: os.remove('x')",
    ]
    assert told.exit_code == Exit.UNTRUSTED
    assert "--yes" in told.stderr
    assert not is_trusted(hash)


def test_yes_allows_and_revoke_takes_it_back(hash: str) -> None:
    allowed = invoke("trust", "remove.yaml", "--yes")
    again = invoke("trust", "remove.yaml")
    assert is_trusted(hash)
    revoked = invoke("trust", "remove.yaml", "--revoke")

    assert [allowed.exit_code, again.exit_code, revoked.exit_code] == [Exit.DONE] * 3
    assert allowed.stdout.splitlines()[-1] == f"allowed: {hash}"
    assert again.stdout.startswith("remove.yaml: remove is allowed to run 1 command:")
    assert revoked.stdout == "remove.yaml is not allowed\n"
    assert not is_trusted(hash)


def test_a_program_reads_the_same_as_json(hash: str) -> None:
    told = invoke("trust", "remove.yaml", "--json")

    assert told.exit_code == Exit.UNTRUSTED
    assert json.loads(told.stdout) == {
        "file": "remove.yaml",
        "hash": hash,
        "trusted": False,
        "commands": [{"name": "go", "kind": "lua", "spec": {"code": "os.remove('x')"}}],
    }
    assert json.loads(invoke("trust", "remove.yaml", "--json", "--yes").stdout)["trusted"] is True


def test_a_blueprint_without_commands_needs_no_trust(desk: Path) -> None:
    told = invoke("trust", "doubling.yaml")

    assert told.exit_code == Exit.DONE
    assert told.stdout == "doubling.yaml: doubling runs no commands, only functions by their names; it needs no trust\n"
