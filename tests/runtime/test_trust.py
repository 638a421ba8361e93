"""The gate: a Blueprint out of a file or a foreign record runs no commands that nobody has allowed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions, UntrustedBlueprint, is_trusted, load, revoke, trust, trust_hash
from flowbench.engine import InvalidSpec

COMMANDS: dict[str, Any] = {
    "id": "commands",
    "flow": {"kind": "step", "ref": "inc", "in": "$.x", "out": "$.x"},
    "agents": [{"name": "script", "kind": "subprocess", "spec": {"program": "reboot"}}],
}


@pytest.fixture
def functions() -> Functions:
    functions = Functions()
    functions.register(lambda x: x + 1, id="inc", inline=True)
    return functions


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "commands.json"
    path.write_text(json.dumps(COMMANDS))
    return path


WAYS: dict[str, Callable[..., Any]] = {
    "launch a path": lambda file, **how: fb.launch(file, {"x": 1}, **how),
    "launch a name": lambda file, **how: fb.launch(str(file), {"x": 1}, **how),
    "launch what was loaded": lambda file, **how: fb.launch(fb.load(file), {"x": 1}, **how),
    "in memory": lambda file, **how: fb.launch(file, {"x": 1}, durability="memory", **how),
    "debug": lambda file, **how: fb.debug(file, {"x": 1}, **how),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_run_a_file_passes_the_gate(file: Path, functions: Functions, home: Path, way: str) -> None:
    with pytest.raises(UntrustedBlueprint, match="agent 'script'"):
        WAYS[way](file, functions=functions)

    assert not (home / "runs").exists()


def test_a_hash_lets_a_file_run_this_once(file: Path, functions: Functions, home: Path) -> None:
    hash = trust_hash(load(file))

    run = fb.launch(file, {"x": 1}, functions=functions, trust=hash)

    assert run.result() == {"x": 2}
    assert not is_trusted(hash)
    assert not (home / "trust").exists()
    with pytest.raises(UntrustedBlueprint, match="this once"):
        fb.launch(file, {"x": 2}, functions=functions)


def test_a_run_that_was_let_pass_once_is_resumed_with_the_hash_or_for_good_trust(
    file: Path, functions: Functions
) -> None:
    hash = trust_hash(load(file))
    run = fb.launch(file, {"x": "no number"}, functions=functions, trust=hash)
    run.wait(30)

    with pytest.raises(UntrustedBlueprint, match=f"{run.id} would run commands"):
        fb.resume(run.id, functions=functions)
    fb.resume(run.id, functions=functions, trust=hash).wait(30)
    assert not is_trusted(hash)
    trust(hash)
    fb.resume(run.id, functions=functions).wait(30)


def test_python_values_run_and_what_does_not_run_is_not_remembered(functions: Functions) -> None:
    unfit = {**COMMANDS, "agents": [{"name": "script", "kind": "subprocess", "spec": {}}]}

    assert fb.launch(COMMANDS, {"x": 1}, functions=functions).result() == {"x": 2}
    with pytest.raises(InvalidSpec):
        fb.launch(unfit, {"x": 1}, functions=functions)

    assert is_trusted(trust_hash(load(COMMANDS)))
    assert not is_trusted(trust_hash(load(unfit)))


def failed(functions: Functions) -> fb.Run:
    run = fb.launch(COMMANDS, {"x": "no number"}, functions=functions)
    run.wait(30)
    assert run.state == "failed"
    return run


def test_a_run_from_elsewhere_is_trusted_no_more_than_a_file(
    functions: Functions, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = failed(functions)
    foreign = tmp_path / "other home"
    foreign.mkdir(mode=0o700)
    shutil.copytree(home / "runs", foreign / "runs")
    monkeypatch.setenv("FLOWBENCH_HOME", str(foreign))

    with pytest.raises(UntrustedBlueprint, match=f"{run.id} would run commands"):
        fb.resume(run.id, functions=functions)
    with pytest.raises(UntrustedBlueprint):
        fb.launch(fb.recall(run.id).blueprint, functions=functions)
    trust(trust_hash(load(COMMANDS)))
    again = fb.resume(run.id, functions=functions)
    again.wait(30)

    assert again.state == "failed"


def test_ones_own_run_is_resumed_unless_trust_was_taken_back(functions: Functions) -> None:
    run = failed(functions)

    fb.resume(run.id, functions=functions).wait(30)
    revoke(trust_hash(load(COMMANDS)))

    with pytest.raises(UntrustedBlueprint):
        fb.resume(run.id, functions=functions)
    fb.resume(run.id, functions=functions, trust=trust_hash(load(COMMANDS))).wait(30)


def test_a_changed_blueprint_out_of_a_file_is_held_to_it_too(functions: Functions, file: Path) -> None:
    run = failed(functions)
    file.write_text(json.dumps({**COMMANDS, "agents": [{"name": "script", "kind": "subprocess", "spec": "other"}]}))

    with pytest.raises(UntrustedBlueprint):
        fb.resume(run.id, blueprint=file, accept_changes=True, functions=functions)
