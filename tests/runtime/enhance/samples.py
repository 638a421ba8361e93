"""Samples: a Blueprint to enhance, and patch-spawners that propose what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowbench import blueprint as bp

PROMPT = "/agents/0/profile/system_prompt"


def target(**fields: Any) -> bp.Blueprint:
    """One step whose agent has a prompt."""
    agent = {
        "name": "writer",
        "kind": "operator",
        "spec": {"operator_ref": "me"},
        "profile": {"system_prompt": "Talk a lot.", "version_hash": bp.text_hash("Talk a lot.")},
    }
    flow = {"kind": "step", "ref": "writer", "in": "$", "out": "$.text"}
    return bp.load({"id": "main", "flow": flow, "agents": [agent], "operators": [{"name": "me"}], **fields})


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def patch(*ops: dict[str, Any], bump: str = "patch", rationale: str = "because") -> dict[str, Any]:
    return {"ops": list(ops), "bump": bump, "rationale": rationale}


def work(proposed: Any, blueprint: bp.Blueprint | None = None) -> dict[str, Any]:
    """The ctx that a patch-applier gets."""
    blueprint = blueprint or target()
    return {
        "prev_bp_json": bp.to_json(blueprint),
        "prev_hash": bp.content_hash(blueprint),
        "patch": proposed,
        "epoch_id": {"blueprint_id": "main", "start_version": bp.content_hash(blueprint), "started_at_ms": 1},
    }


def brief(work: Any) -> Any:
    """Proposes a prompt that repeats the intent."""
    return patch(replace(PROMPT, f"Be brief: {work['issue']['intent']}"), rationale=work["issue"]["intent"])


def functions(spawner: Callable[..., Any] = brief) -> bp.Functions:
    """With this patch-spawner, and no other function."""
    own = bp.Functions()
    own.register(spawner, id="patch-spawner")
    return own


def counted(calls: Path) -> bp.Functions:
    """With a patch-spawner whose calls leave a mark in a file."""

    def spawner(work: Any) -> Any:
        with calls.open("a") as file:
            file.write("called ")
        return brief(work)

    return functions(spawner)
