"""Agents: the parts of the default enhance flow that are no matter of taste: apply a patch, judge it, conclude."""

from __future__ import annotations

from typing import Any

from flowbench import blueprint as bp
from flowbench.flow import compact
from flowbench.runtime.enhance.axes import verdict
from flowbench.runtime.enhance.masking import masked, unmasked
from flowbench.runtime.errors import EnhanceError

BUMPS = ("patch", "minor", "major")
APPLIER, VERIFIER, COMMITTER = "enhance.patch-applier", "enhance.verifier-router", "enhance.committer"


def register(functions: bp.Functions) -> None:
    """Enter them, so that the default flow finds them."""
    functions.register(patch_applier, id=APPLIER, inline=True)
    functions.register(lambda work: verifier_router(work, functions), id=VERIFIER, inline=True)
    functions.register(committer, id=COMMITTER, inline=True)


def patch_applier(work: Any) -> Any:
    """ctx with `prev_bp_json` and `patch` -> {prev_bp_json, prev_hash, new_bp_json, new_hash, patch, epoch_id}.

    patch: `{"ops": RFC 6902, "bump": patch|minor|major, "rationale": str}`. An agent whose prompt is another one gets
    its version_hash; if anything has changed, the version label goes up. Raises: EnhanceError, blueprint.BadPatch.
    """
    previous, patch = unmasked(work["prev_bp_json"]), unmasked(work.get("patch"))
    if not isinstance(patch, dict) or "ops" not in patch:
        raise EnhanceError('$.patch: the patch-spawner has to give {"ops": [...], "bump": ..., "rationale": ...}')
    if patch.get("bump") not in BUMPS:
        raise EnhanceError(f"$.patch.bump: expected {', '.join(BUMPS)}, not {patch.get('bump')!r}")
    if not isinstance(patch.get("rationale"), str):
        raise EnhanceError("$.patch.rationale: expected text that says why")
    made = bp.apply_patch(previous, patch["ops"], "$.patch.ops")
    if isinstance(made, dict) and compact(made) != compact(previous):
        _name_prompts(previous, made)
        _bump(made, patch["bump"])
    made, new_hash = _canonical(made)
    return {
        "prev_bp_json": work["prev_bp_json"],
        "prev_hash": work["prev_hash"],
        "new_bp_json": masked(made),
        "new_hash": new_hash,
        "patch": masked(patch),
        "epoch_id": work["epoch_id"],
    }


def verifier_router(work: Any, functions: bp.Functions) -> Any:
    """ctx with `axis` and `applied` -> the verdict of that axis."""
    return verdict(str(work["axis"]), unmasked(work["applied"]), functions)


def committer(work: Any) -> Any:
    """ctx with `applied` and `verdicts` (ctx of each branch) -> what to do: see enhance.commit. It never fails."""
    applied, summary = work["applied"], [_summed(branch["verdict"]) for branch in work["verdicts"]]
    told = {"rationale": applied["patch"]["rationale"], "verdicts_summary": summary}
    if denied := [f"{each['axis']}: {each['detail']}" for each in summary if each["status"] == "deny"]:
        return {"committed": False, "reasons": denied, **told}
    return {
        "committed": True,
        "new_version": applied["new_hash"],
        "new_bp_json": applied["new_bp_json"],
        "bump": applied["patch"]["bump"],
        **told,
    }


def _summed(verdict: Any) -> dict[str, str]:
    outcome = verdict["outcome"]
    if "Deny" in outcome:
        return {"axis": verdict["axis"], "status": "deny", "detail": outcome["Deny"]["reason"]}
    return {"axis": verdict["axis"], "status": "pass", "detail": outcome["Pass"]["evidence"]}


def _name_prompts(previous: Any, made: Any) -> None:
    """Recompute version_hash where a prompt is not the one that its agent had."""
    old = _prompts(previous)
    agents = made.get("agents")
    for agent in agents if isinstance(agents, list) else ():
        profile = agent.get("profile") if isinstance(agent, dict) else None
        prompt = profile.get("system_prompt") if isinstance(profile, dict) else None
        if isinstance(profile, dict) and isinstance(prompt, str) and old.get(str(agent.get("name"))) != prompt:
            profile["version_hash"] = bp.text_hash(prompt)


def _prompts(plain: Any) -> dict[str, str]:
    profiles = ((agent["name"], agent.get("profile")) for agent in plain.get("agents", ()))
    return {name: profile.get("system_prompt", "") for name, profile in profiles if profile}


def _bump(made: Any, bump: str) -> None:
    """A label that is missing, or no version, counts as 0.0.0."""
    metadata = made.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        return  # `des` will say so
    label = metadata.get("version_label")
    try:
        major, minor, patch = bp.parse_version(label)[:3] if isinstance(label, str) else (0, 0, 0)
    except ValueError:
        major, minor, patch = 0, 0, 0
    after = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}[bump]
    metadata["version_label"] = ".".join(map(str, after))


def _canonical(made: Any) -> tuple[Any, str]:
    """The full form and its hash; what is no Blueprint stays as it is, for `des` to say so."""
    try:
        blueprint = bp.parse(made)
    except bp.InvalidBlueprint:
        return made, bp.text_hash(compact(made))
    return bp.to_json(blueprint), bp.content_hash(blueprint)


register(bp.functions)  # so that `flowbench resume` finds them by the file that it recorded
