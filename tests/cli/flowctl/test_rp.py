"""Rp: which expressions rp-cli is sent, what is read out of its answers, and what is said when there is none."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from flowbench.project import ProgramFailed, ProgramLate, ProgramMissing
from tests.cli.flowctl.conftest import Call
from tests.cli.flowctl.programs import Put, bin

__all__ = ["bin"]

TAB = ("--window", "7", "--tab", "T1")


def answering(bin: Put, answers: dict[str, str]) -> Path:
    """An rp-cli that notes its arguments, a line each, and answers by what the last one begins with."""
    cases = "\n".join(f"{word}*) cat <<'END'\n{text}\nEND\n;;" for word, text in answers.items())
    note = """for each in "$@"; do printf '%s\\n' "$each" >> "$0.argv"; last=$each; done"""
    return bin("rp-cli", f'{note}\ncase "$last" in\n{cases}\nesac').parent / "rp-cli.argv"


def test_the_window_of_a_repository_is_picked(call: Call, bin: Put, repo: Path) -> None:
    windows = [{"windowID": 3, "rootFolderPaths": ["/elsewhere"]}, {"windowID": 7, "rootFolderPaths": [str(repo)]}]
    answering(bin, {"windows": json.dumps({"windows": windows})})

    assert call("rp", "windows")["windows"] == windows
    assert call("rp", "pick-window", "--repo-root", ".")["window"] == 7
    with pytest.raises(ProgramFailed, match="No window matches repo root"):
        call("rp", "pick-window", "--repo-root", "/")


def test_the_only_window_is_picked(call: Call, bin: Put) -> None:
    answering(bin, {"windows": "rp-cli is in single-window mode"})

    assert call("rp", "pick-window", "--repo-root", ".")["window"] == 1


def test_a_workspace_is_made_and_shown(call: Call, bin: Put) -> None:
    argv = answering(bin, {"call": '{"workspaces": [{"name": "other"}]}'})

    told = call("rp", "ensure-workspace", "--window", "7", "--repo-root", ".")

    assert told == {"success": True, "window": 7, "workspace": "repo", "created": True}
    sent = [line for line in argv.read_text().splitlines() if line.startswith("call")]
    assert ['"action":"list"' in sent[0], '"action":"create"' in sent[1], '"action":"switch"' in sent[2]] == [True] * 3


def test_the_builder_names_its_tab(call: Call, bin: Put) -> None:
    argv = answering(bin, {"builder": "Context built.\nTab: AB-12"})

    assert call("rp", "builder", "--window", "7", "--summary", 'all "auth"')["tab"] == "AB-12"
    assert argv.read_text().splitlines() == ["-w", "7", "-e", 'builder "all \\"auth\\""']


def test_a_review_is_set_up(call: Call, bin: Put, repo: Path) -> None:
    review = {"tab_id": "T9", "review": {"chat_id": "c", "response": "fine"}, "file_count": 2, "total_tokens": 9}
    answering(bin, {"windows": "[]", "workspace": '{"window_id": 5}', "builder": json.dumps(review)})
    words = ("rp", "setup-review", "--repo-root", ".", "--summary", "s", "--response-type", "review")

    with pytest.raises(ProgramFailed, match="No RepoPrompt window matches repo root"):
        call(*words)
    assert call(*words, "--create") == {
        "success": True,
        "window": 5,
        "tab": "T9",
        "chat_id": "c",
        "review": "fine",
        "file_count": 2,
        "total_tokens": 9,
        "repo_root": str(repo),
    }


def test_a_tab_is_asked_and_told(call: Call, bin: Put, repo: Path) -> None:
    argv = answering(bin, {"prompt": "the prompt", "select": "a.py", "call": "Chat: `c-1`\nhello"})
    (repo / "m.txt").write_text("it's\n")

    assert call("rp", "prompt-get", *TAB)["output"] == "the prompt\n"
    assert call("rp", "select-get", *TAB)["output"] == "a.py\n"
    call("rp", "prompt-set", *TAB, "--message-file", "m.txt")
    call("rp", "select-add", *TAB, "a.py", "b c.py")
    call("rp", "prompt-export", *TAB, "--out", "my file.md")
    chat = call("rp", "chat-send", *TAB, "--message-file", "m.txt", "--selected-paths", "a", "b", "--mode", "plan")

    assert chat["chat"] == "c-1"
    sent = argv.read_text()
    for expression in (
        'call prompt {"op": "set", "text": "it\'s\\n"}',
        "select add a.py 'b c.py'",
        "prompt export 'my file.md'",
        'call chat_send {"message":"it\'s\\n","mode":"plan","selected_paths":["a","b"]}',
    ):
        assert expression in sent


def test_a_dry_run_shows_what_would_be_sent(call: Call, bin: Put) -> None:
    told = call("rp", "select-add", *TAB, "a.py", "--dry-run")

    assert told["commands"] == [["rp-cli", "-w", "7", "-t", "T1", "-e", "select add a.py"]]


def test_failures_have_numbers(call: Call, bin: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProgramMissing, match="rp-cli not found in PATH") as missing:
        call("rp", "windows")
    bin("rp-cli", "echo no such tab >&2; exit 1")
    with pytest.raises(ProgramFailed, match="rp-cli failed: no such tab") as failed:
        call("rp", "prompt-get", *TAB)
    bin("rp-cli", "echo nonsense")
    with pytest.raises(ProgramFailed, match="no JSON"):
        call("rp", "windows")
    bin("rp-cli", "trap '' TERM; while :; do sleep 1; done")
    monkeypatch.setenv("FLOW_RP_TIMEOUT", "0.5")
    with pytest.raises(ProgramLate, match=r"rp-cli timed out after 0\.5s") as late:
        call("rp", "windows")
    monkeypatch.setenv("FLOW_RP_TIMEOUT", "soon")
    with pytest.raises(ProgramFailed, match="FLOW_RP_TIMEOUT"):
        call("rp", "windows")
    with pytest.raises(click.UsageError):
        call("rp", "prompt-get")

    assert (missing.value.exit_code, failed.value.exit_code, late.value.exit_code) == (2, 2, 3)
