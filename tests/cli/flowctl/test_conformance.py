"""Conformance: flowctl answers as its original did: exit codes, field names, types and values of all recorded runs."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowbench.cli import flowctl
from tests.cli.flowctl.recordings import BEFORE, EXAMPLES, Before, build, key, named, words

WORDING = {"message", "error", "warnings", "retro_hint"}
"""Texts for people: of the same type, and free."""

_ONE_FILE = "a record is one Markdown file, where the original had a JSON and a Markdown file"
_TOOLS = "a command whose tool is not installed is skipped, and told apart"
ALLOWED: dict[tuple[str, str], str] = {
    ("state-path", "state_dir"): "absolute: a relative one is of no use in a subfolder",
    ("epic archive {E1}", "moved"): _ONE_FILE,
    ("epic archive {E1}", "count"): _ONE_FILE,
    ("epic set-title {E2} --title Billing", "files_renamed"): _ONE_FILE,
    ("guard !", "results[].status+"): _TOOLS,
    ("guard !", "passed+"): _TOOLS,
    ("guard !", "failed+"): _TOOLS,
    ("guard !", "skipped+"): _TOOLS,
}
"""{(run, where): why} of what is meant to differ, and does."""

_MASK = re.compile(r"<(TS|DATE|N|TEXT)>")


def differences(recorded: Any, found: Any, where: str = "") -> Iterator[str]:
    """Where a value is not as it was recorded: `tasks[].id`, or `tasks[].id+` for a field that is new."""
    if isinstance(recorded, str) and (mask := _MASK.fullmatch(recorded)):
        if not isinstance(found, (int, float) if mask[1] == "N" else str) or found == "":
            yield where
    elif type(recorded) is not type(found):
        yield where
    elif isinstance(recorded, dict):
        for name in recorded.keys() | found.keys():
            below = f"{where}.{name}" if where else name
            if name not in found:
                yield f"{below}-"
            elif name not in recorded:
                yield f"{below}+"
            elif name in WORDING:
                if type(recorded[name]) is not type(found[name]):
                    yield below
            else:
                yield from differences(recorded[name], found[name], below)
    elif isinstance(recorded, list):
        if len(recorded) != len(found):
            yield where
        else:
            for left, right in zip(recorded, found, strict=True):
                yield from differences(left, right, f"{where}[]")
    elif recorded != found:
        yield where


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {base: build(base, tmp_path_factory.mktemp(base)) for base in ("nothing", "empty", "epic", "full")}  # type: ignore[arg-type]


@pytest.mark.parametrize("example", EXAMPLES, ids=key)
def test_a_recorded_run_is_answered_alike(
    example: dict[str, Any],
    bases: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = key(example)
    before = BEFORE.get(name, Before())
    repo = tmp_path / "repo"
    shutil.copytree(bases[before.base], repo)
    for file, text in before.files.items():
        (repo / file).parent.mkdir(parents=True, exist_ok=True)
        (repo / file).write_text(named(text, tmp_path))
    for line in before.verbs:
        flowctl.call(words(line), cwd=repo)
    monkeypatch.chdir(repo)
    monkeypatch.delenv("FLOW_REVIEW_BACKEND", raising=False)
    if example["argv"][0] == "codex":  # there was none then
        monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.StringIO(before.stdin))
    monkeypatch.setattr(sys, "argv", ["flowctl", *named(example["argv"], tmp_path), "--json"])

    with pytest.raises(SystemExit) as ended:
        flowctl.main()

    out = capsys.readouterr().out
    assert ended.value.code == example["exit"], out
    if "payload" in example:
        found = json.loads(out)
        told = set(differences(named(example["payload"], tmp_path), found))
        assert told == {where for run, where in ALLOWED if run == name}, out


def test_what_moves_to_the_archive_is_what_moved_then_in_one_file_each() -> None:
    (recorded,) = (example["payload"] for example in EXAMPLES if example["argv"][:2] == ["epic", "archive"])

    both = [name for name in recorded["moved"] if name.startswith("tasks/") and name.endswith(".json")]

    assert recorded["count"] - len(both) == 13  # as the test above has it
    assert {name.replace(".json", ".md") for name in both} <= set(recorded["moved"])


def test_every_state_and_every_difference_belongs_to_a_run() -> None:
    runs = {key(example) for example in EXAMPLES}

    assert set(BEFORE) - runs == set()
    assert {run for run, _ in ALLOWED} - runs == set()
