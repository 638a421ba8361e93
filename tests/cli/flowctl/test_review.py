"""Review: who reviews, whether reviewers agree, and messages that survive any text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowbench.cli import flowctl
from flowbench.project import ReviewRefused
from tests.cli.flowctl.conftest import Call
from tests.cli.flowctl.programs import Put, bin

__all__ = ["bin"]


def receipt(path: Path, mode: str, verdict: str) -> Path:
    told = {"type": "impl_review", "id": "fn-1.1", "mode": mode, "verdict": verdict, "timestamp": "T", "review": "R"}
    path.write_text(json.dumps(told))
    return path


def test_who_reviews(call: Call, bin: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("review-backend") == {"success": True, "backend": "ASK", "source": "none"}
    call("config", "set", "review.backend", "codex")
    missing = call("review-backend")
    bin("codex", "true")
    found = call("review-backend")
    monkeypatch.setenv("FLOW_REVIEW_BACKEND", "rp")
    other = call("review-backend")
    monkeypatch.setenv("FLOW_REVIEW_BACKEND", "nobody-knows")
    invalid = call("review-backend")
    monkeypatch.setenv("FLOW_REVIEW_BACKEND", "none")

    assert (missing["backend"], missing["source"]) == ("none", "config (fallback: codex not found)")
    assert (found["backend"], found["source"]) == ("codex", "config")
    assert (other["backend"], other["source"]) == ("none", "env (fallback: rp-cli not found)")
    assert (invalid["backend"], invalid["source"]) == ("codex", "config")
    assert call("review-backend") == {"success": True, "backend": "none", "source": "env"}


def test_who_reviews_is_known_without_a_project(tmp_path: Path, bin: Put) -> None:
    assert flowctl.call(["review-backend"], cwd=tmp_path).data["backend"] == "ASK"


def test_reviews_are_compared(call: Call, repo: Path) -> None:
    receipt(repo / "a.json", "rp", "SHIP")
    receipt(repo / "b.json", "codex", "NEEDS_WORK")

    alone = call("review-backend", "--compare", "a.json")
    both = call("review-backend", "--compare", "a.json, b.json")

    assert (alone["consensus"], alone["has_conflict"], alone["reviews"]) == ("SHIP", False, 1)
    assert (both["consensus"], both["has_conflict"]) == (None, True)
    assert both["verdicts"] == {"rp": "SHIP", "codex": "NEEDS_WORK"}
    assert both["details"][0] == {
        "file": "a.json", "mode": "rp", "verdict": "SHIP", "id": "fn-1.1", "timestamp": "T", "review": "R",
    }  # fmt: skip


def test_reviews_of_an_epic_are_found(call: Call, epic: str, repo: Path) -> None:
    with pytest.raises(ReviewRefused, match=f"No review receipts found for epic {epic}"):
        call("review-backend", "--epic", "fn-1")
    receipt(repo / f".flow/reviews/impl_review-{epic}.1-codex.json", "codex", "SHIP")
    receipt(repo / f".flow/reviews/impl_review-{epic}-more.1-codex.json", "codex", "SHIP")

    assert call("review-backend", "--epic", epic)["reviews"] == 1


@pytest.mark.parametrize(
    ("text", "said"), [(None, "not found: x.json"), ("{", "Invalid receipt JSON"), ("[]", "no obj")]
)
def test_what_is_no_receipt_is_named(call: Call, repo: Path, text: str | None, said: str) -> None:
    if text is not None:
        (repo / "x.json").write_text(text)

    with pytest.raises(ReviewRefused, match=said):
        call("review-backend", "--compare", "x.json")


def test_a_message_is_prepared(repo: Path) -> None:
    (repo / "m.txt").write_text('Say "hi"\n\té')

    argv = ["prep-chat", "--message-file", "m.txt", "--mode", "ask", "--new-chat", "--chat-name", "n"]
    told = flowctl.call([*argv, "--selected-paths", "a.py", "b c.py"], cwd=repo)

    assert told.is_raw
    assert told.text == (
        '{"message":"Say \\"hi\\"\\n\\té","mode":"ask","new_chat":true,"chat_name":"n",'
        '"selected_paths":["a.py","b c.py"]}'
    )


def test_a_message_is_written_to_a_file(call: Call, repo: Path) -> None:
    (repo / "m.txt").write_text("hi")

    call("prep-chat", "fn-1", "--message-file", "m.txt", "-o", "out.json")

    assert (repo / "out.json").read_text() == '{"message":"hi","mode":"chat"}'
