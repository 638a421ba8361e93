"""The meaning of a flow, written down as simply as possible: recursion, deep copies, one thing at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.flow.flows import Data

Body = Callable[[Any], Any]


class Wrong(Exception):
    """An error of the flow, with its display text."""


def meaning(node: Data, ctx: Any, bodies: Callable[[str], Body]) -> Any:
    """The ctx after `node`. Raises: Wrong."""
    match node["kind"]:
        case "step":
            value = evaluated(node["in"], ctx)
            try:
                answer = bodies(node["ref"])(copy.deepcopy(value))
            except ValueError as error:
                raise Wrong(f"dispatcher error for ref '{node['ref']}': {error}") from None
            return written(ctx, node["out"]["at"], answer)
        case "seq":
            for child in node["children"]:
                ctx = meaning(child, ctx, bodies)
            return ctx
        case "let":
            return written(ctx, node["at"], evaluated(node["value"], ctx))
        case "branch":
            cond = evaluated(node["cond"], ctx)
            if not isinstance(cond, bool):
                raise Wrong(f"branch cond must be boolean, got: {json.dumps(cond)}")
            return meaning(node["then"] if cond else node["else"], ctx, bodies)
        case "loop":
            turn = 0
            ctx = written(ctx, node["counter"]["at"], turn)
            while turn < node["max"] and evaluated(node["cond"], ctx) not in (None, False):
                ctx = meaning(node["body"], ctx, bodies)
                turn += 1
                ctx = written(ctx, node["counter"]["at"], turn)
            return ctx
        case "try":
            try:
                return meaning(node["body"], copy.deepcopy(ctx), bodies)
            except Wrong as wrong:
                after = ctx if node["err_at"] is None else written(ctx, node["err_at"]["at"], str(wrong))
                return meaning(node["catch"], after, bodies)
        case _:
            return written(ctx, node["out"]["at"], joined(node, ctx, bodies))


def joined(node: Data, ctx: Any, bodies: Callable[[str], Body]) -> Any:
    ends: list[Any] = []
    last: Wrong | None = None
    for item in evaluated(node["items"], ctx):
        branch = written(copy.deepcopy(ctx), node["bind"]["at"], item)
        try:
            end = meaning(node["body"], branch, bodies)
        except Wrong as wrong:
            if node["join"] in ("all", "race"):
                raise
            last = wrong
            ends.append({"status": "rejected", "reason": str(wrong)})
            continue
        if node["join"] in ("any", "race"):
            return end
        ends.append(end if node["join"] == "all" else {"status": "fulfilled", "value": end})
    if node["join"] == "any" and last is not None:
        raise last
    return ends


def evaluated(expr: Data, ctx: Any) -> Any:
    if expr["op"] == "lit":
        return expr["value"]
    if expr["op"] == "lt":
        a, b = evaluated(expr["lhs"], ctx), evaluated(expr["rhs"], ctx)
        if isinstance(a, (dict, list)):
            raise Wrong("unused")
        return a < b
    for key in expr["at"].split(".")[1:]:
        if not isinstance(ctx, dict) or key not in ctx:
            raise Wrong(f"path not found: {expr['at']}")
        ctx = ctx[key]
    return copy.deepcopy(ctx)


def written(ctx: Any, at: str, value: Any) -> Any:
    """A new ctx; the old one is not touched."""
    return _put(ctx, at.split(".")[1:], value)


def _put(old: Any, keys: list[str], value: Any) -> Any:
    if not keys:
        return copy.deepcopy(value)
    base = {} if old is None else old
    assert isinstance(base, dict), "generated flows write through objects only"
    return {**base, keys[0]: _put(base.get(keys[0]), keys[1:], value)}
