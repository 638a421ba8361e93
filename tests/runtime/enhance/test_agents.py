"""The agents of the default flow: patches are applied and labelled, every axis judges, the committer never guesses."""

from __future__ import annotations

from typing import Any

import pytest

from flowbench import blueprint as bp
from flowbench import runtime as rt
from flowbench.runtime.enhance.agents import committer, patch_applier, verifier_router
from tests.runtime.enhance.samples import PROMPT, patch, replace, target, work

AGENT = {"name": "b", "kind": "lua", "profile": {"system_prompt": "Be brief."}}


def applied(*ops: dict[str, Any], **how: str) -> Any:
    return patch_applier(work(patch(*ops, **how)))


def judged(axis: str, given: Any) -> Any:
    said = verifier_router({"axis": axis, "applied": given}, bp.functions)
    assert said["axis"] == axis
    return said["outcome"]


def test_a_patched_prompt_gets_its_hash_and_the_label_goes_up() -> None:
    made = applied(replace(PROMPT, "Be brief."))

    new = made["new_bp_json"]
    assert new["agents"][0]["profile"]["system_prompt"] == "Be brief."
    assert new["agents"][0]["profile"]["version_hash"] == bp.text_hash("Be brief.")
    assert new["metadata"]["version_label"] == "0.0.1"
    assert made["new_hash"] == bp.content_hash(bp.parse(new)) != made["prev_hash"]
    assert made["prev_bp_json"] == bp.to_json(target())


@pytest.mark.parametrize(
    "op",
    [
        replace("/agents/0/profile", {"system_prompt": "Be brief."}),
        replace("/agents/0/profile", {"system_prompt": "Be brief.", "version_hash": "forged"}),
        {
            "op": "add",
            "path": "/agents/-",
            "value": {"name": "b", "kind": "lua", "profile": {"system_prompt": "Be brief."}},
        },
    ],
    ids=["whole profile", "with another hash", "new agent"],
)
def test_however_a_prompt_comes_in_it_gets_its_hash(op: dict[str, Any]) -> None:
    agents = applied(op)["new_bp_json"]["agents"]

    assert agents[-1]["profile"]["version_hash"] == bp.text_hash("Be brief.")


@pytest.mark.parametrize(
    ("label", "bump", "after"),
    [
        (None, "minor", "0.1.0"),
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "major", "2.0.0"),
        ("next", "major", "1.0.0"),
    ],
)
def test_a_label_goes_up_by_what_the_patch_says(label: str | None, bump: str, after: str) -> None:
    before = target(metadata={} if label is None else {"version_label": label})

    made = patch_applier(work(patch(replace(PROMPT, "x"), bump=bump), before))

    assert made["new_bp_json"]["metadata"]["version_label"] == after


def test_a_patch_that_changes_nothing_keeps_label_and_hash() -> None:
    made = applied(replace(PROMPT, "Talk a lot."))

    assert made["new_hash"] == made["prev_hash"]
    assert judged("noop", made) == {"Deny": {"reason": "the patch changes nothing"}}


@pytest.mark.parametrize(
    ("proposed", "message"),
    [
        (None, "$.patch: the patch-spawner has to give"),
        ({"ops": [], "bump": "huge", "rationale": "x"}, "$.patch.bump: expected patch, minor, major, not 'huge'"),
        ({"ops": [], "bump": "minor"}, "$.patch.rationale: expected text"),
        (patch({"op": "remove", "path": "/agents/7"}), "$.patch.ops[0]: /agents has 1 elements; there is none at 7"),
    ],
)
def test_a_proposal_that_is_no_patch_is_told_with_its_place(proposed: Any, message: str) -> None:
    with pytest.raises((rt.EnhanceError, bp.BadPatch)) as refused:
        patch_applier(work(proposed))

    assert str(refused.value).startswith(message)


def test_a_good_change_passes_every_axis_with_evidence() -> None:
    made = applied(replace(PROMPT, "Be brief."))

    assert judged("des", made) == {"Pass": {"evidence": "id 'main', 1 agents"}}
    assert judged("canonical", made) == {"Pass": {"evidence": made["new_hash"]}}
    assert judged("noop", made) == {"Pass": {"evidence": f"{made['prev_hash']} -> {made['new_hash']}"}}
    assert judged("agent-ref", made) == {"Pass": {"evidence": "1 refs answered"}}


def test_what_is_no_blueprint_is_denied_with_its_place() -> None:
    made = applied(replace("/agents/0/kind", "magic"))

    assert judged("des", made)["Deny"]["reason"].startswith("no Blueprint: $.agents[0].kind: ")
    assert "Deny" in judged("canonical", made)


def test_a_hash_that_does_not_fit_is_denied() -> None:
    made = applied(replace(PROMPT, "Be brief.")) | {"new_hash": "ab" * 32}

    assert judged("canonical", made)["Deny"]["reason"].endswith(f"not {'ab' * 32}")


def test_a_ref_that_nobody_answers_is_denied() -> None:
    assert judged("agent-ref", applied(replace("/flow/ref", "nobody"))) == {
        "Deny": {"reason": "no agent is called 'nobody'"}
    }


def test_an_unknown_axis_denies() -> None:
    reason = judged("taste", applied(replace(PROMPT, "x")))["Deny"]["reason"]

    assert reason == "unknown axis; there are des, canonical, noop, agent-ref"


def verdicts(*outcomes: tuple[str, dict[str, Any]]) -> list[Any]:
    return [{"verdict": {"axis": axis, "outcome": outcome}} for axis, outcome in outcomes]


def test_the_committer_keeps_what_nobody_denies() -> None:
    made = applied(replace(PROMPT, "Be brief."), bump="minor", rationale="shorter")

    said = committer({"applied": made, "verdicts": verdicts(("noop", {"Pass": {"evidence": "a -> b"}}))})

    assert said == {
        "committed": True,
        "new_version": made["new_hash"],
        "new_bp_json": made["new_bp_json"],
        "bump": "minor",
        "rationale": "shorter",
        "verdicts_summary": [{"axis": "noop", "status": "pass", "detail": "a -> b"}],
    }
    assert committer({"applied": made, "verdicts": []})["committed"] is True


def test_the_committer_says_every_reason_against_it() -> None:
    made = applied(replace(PROMPT, "Be brief."))
    denied = verdicts(
        ("des", {"Deny": {"reason": "x"}}), ("noop", {"Pass": {"evidence": ""}}), ("a", {"Deny": {"reason": "y"}})
    )

    said = committer({"applied": made, "verdicts": denied})

    assert (said["committed"], said["reasons"]) == (False, ["des: x", "a: y"])
    assert "new_bp_json" not in said
