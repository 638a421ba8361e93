"""Axes: what has to hold of a changed Blueprint before it is kept; each says yes with evidence or no with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowbench import blueprint as bp

AXES = ("des", "canonical", "noop", "agent-ref")


def verdict(axis: str, applied: Mapping[str, Any], functions: bp.Functions) -> dict[str, Any]:
    """`{axis, outcome}` with `{"Pass": {"evidence"}}` or `{"Deny": {"reason"}}`; an unknown axis denies.

    applied: what the patch-applier gave. functions: those that steps may name besides the agents of the Blueprint.
    Source: mlua-swarm 0.2.1 enhance flow.
    """
    reason, evidence = _judged(axis, applied, functions)
    return {"axis": axis, "outcome": {"Deny": {"reason": reason}} if reason else {"Pass": {"evidence": evidence}}}


def _judged(axis: str, applied: Mapping[str, Any], functions: bp.Functions) -> tuple[str, str]:
    """(reason against it, evidence for it), one of them empty."""
    if axis == "noop":
        same = applied["new_hash"] == applied["prev_hash"]
        return ("the patch changes nothing", "") if same else ("", f"{applied['prev_hash']} -> {applied['new_hash']}")
    if axis not in AXES:
        return f"unknown axis; there are {', '.join(AXES)}", ""
    try:
        blueprint = bp.parse(applied["new_bp_json"])
    except bp.InvalidBlueprint as error:
        return f"no Blueprint: {error.brief}", ""
    if axis == "des":
        return "", f"id '{blueprint.id}', {len(blueprint.agents)} agents"
    if axis == "canonical":
        again = bp.content_hash(blueprint)
        return ("", again) if again == applied["new_hash"] else (f"it hashes to {again}, not {applied['new_hash']}", "")
    return _refs(blueprint, functions)


def _refs(blueprint: bp.Blueprint, functions: bp.Functions) -> tuple[str, str]:
    refs, known = dict.fromkeys(bp.step_refs(blueprint.flow)), {agent.name for agent in blueprint.agents}
    missing = [ref for ref in refs if ref not in known and ref not in functions]
    if missing:
        return f"no agent is called {', '.join(repr(each) for each in missing[:5])}", ""
    return "", f"{len(refs)} refs answered"
