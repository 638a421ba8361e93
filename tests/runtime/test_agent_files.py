"""What stands beside `$agent_md` holds for the agent of that file like any other field; its front matter stays data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Blueprint, LintLevel, fixed, lint, load
from tests.flows import seq, step

JUDGE = "---\nname: judge\n---\nBe fair.\n"
SAYS = {"argv": ["printf", "%s", "{prompt}"]}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "judge.md").write_text(JUDGE)
    return tmp_path


def judged(flow: Any, **beside: Any) -> Blueprint:
    agent = {"$agent_md": "judge.md", "kind": "subprocess", "spec": SAYS, **beside}
    return load({"id": "judged", "flow": flow, "agents": [agent]})


def run(source: Blueprint, said: Any) -> fb.Run:
    ended = fb.launch(source, {"x": said}, durability="memory")
    ended.wait(60)
    return ended


def test_a_verdict_beside_it_is_the_only_answer(desk: Path) -> None:
    gate = judged(step("judge"), verdict={"values": ["1", "2"]}, spec={**SAYS, "fold": "text"})

    assert run(gate, "2").ctx == {"x": "2"}
    assert "the verdict of 'judge' is not allowed" in str(run(gate, "3").error)


def test_skip_on_beside_it_skips(desk: Path) -> None:
    ended = run(judged(seq(step("judge", out="$.y")), skip_on=[3]), "3")

    assert (ended.steps[0].status, ended.ctx) == ("skipped", {"x": "3"})


@pytest.mark.parametrize(("fold", "out"), [("json", 3), ("text", "3")])
def test_fold_in_its_spec_folds(desk: Path, fold: str, out: Any) -> None:
    assert run(judged(step("judge"), spec={**SAYS, "fold": fold}), "3").ctx == {"x": out}


def test_lint_beside_it_sets_levels(desk: Path) -> None:
    idle = judged(seq(), lint={"unused_agent": "allow"})

    assert idle.agents[0].lint == {"unused_agent": LintLevel.ALLOW}
    assert not lint(idle)
    assert [each.code for each in lint(judged(seq()))] == ["unused_agent"]


def test_front_matter_that_says_the_same_is_kept_unread_and_lint_says_where_it_belongs(desk: Path) -> None:
    (desk / "judge.md").write_text("---\nname: judge\nverdict: {values: [a]}\nfold: json\nmood: dark\n---\nBe fair.\n")
    gate = judged(step("judge"))

    (agent,) = gate.agents
    found = lint(gate)

    assert agent.verdict is None
    assert agent.profile is not None
    assert agent.profile.extras == {"verdict": {"values": ["a"]}, "fold": "json", "mood": "dark"}
    assert [(each.code, each.place, each.suggestion) for each in found] == [
        ("unread_front_matter", "$.agents[0].profile.extras.verdict", "write `verdict:` beside $agent_md"),
        ("unread_front_matter", "$.agents[0].profile.extras.fold", "write `fold:` in `spec`, beside $agent_md"),
    ]
    assert fixed(gate, found) == gate
