"""Orbit: the flow that enhances other flows: a patch is proposed, applied, judged on every axis, and concluded."""

from __future__ import annotations

import msgspec

from flowbench import blueprint as bp
from flowbench.flow import parse
from flowbench.runtime.enhance.agents import APPLIER, COMMITTER, VERIFIER

SPAWNER = "patch-spawner"
ID = "enhance"  # of the default flow in a store

FLOW = parse(
    {
        "kind": "seq",
        "children": [
            {"kind": "step", "ref": SPAWNER, "in": {"op": "path", "at": "$"}, "out": {"op": "path", "at": "$.patch"}},
            {
                "kind": "step",
                "ref": "patch-applier",
                "in": {"op": "path", "at": "$"},
                "out": {"op": "path", "at": "$.applied"},
            },
            {
                "kind": "fanout",
                "items": {"op": "path", "at": "$.verifiers"},
                "bind": {"op": "path", "at": "$.axis"},
                "body": {
                    "kind": "step",
                    "ref": "verifier-router",
                    "in": {"op": "path", "at": "$"},
                    "out": {"op": "path", "at": "$.verdict"},
                },
                "join": "all",
                "out": {"op": "path", "at": "$.verdicts"},
            },
            {
                "kind": "step",
                "ref": "committer",
                "in": {"op": "path", "at": "$"},
                "out": {"op": "path", "at": "$.commit"},
            },
        ],
    }
)


def orbit(patch_spawner: str | bp.AgentDef | None = None) -> bp.Blueprint:
    """The default enhance flow. patch_spawner: who proposes the patch: the id of a registered function, or an agent of
    any kind; by default a function that is registered as `patch-spawner`.

    It gets the ctx `{issue: {issue_id, blueprint_id, intent}, prev_bp_json, prev_hash, epoch_id, verifiers}` and gives
    `{"ops": RFC 6902, "bump": "patch" | "minor" | "major", "rationale": text}`. References to secrets are written
    `$secret-ref:NAME` in that ctx, since nobody here needs what they stand for; a patch may write them either way.
    Source: mlua-swarm 0.2.1, whose `prev_bp_yaml` is the Blueprint itself here.
    """
    if isinstance(patch_spawner, bp.AgentDef):
        spawner = msgspec.structs.replace(patch_spawner, name=SPAWNER)
    else:
        spawner = _function(SPAWNER, patch_spawner or SPAWNER)
    agents = (
        spawner,
        _function("patch-applier", APPLIER),
        _function("verifier-router", VERIFIER),
        _function("committer", COMMITTER),
    )
    return bp.Blueprint(id=ID, flow=FLOW, agents=agents)


def _function(name: str, id: str) -> bp.AgentDef:
    return bp.AgentDef(name, bp.AgentKind.PYTHON_FN, {"fn_id": id})
