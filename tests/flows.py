"""Short spellings of nodes in tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]


def path(at: str) -> Json:
    return {"op": "path", "at": at}


def lit(value: Any) -> Json:
    return {"op": "lit", "value": value}


def step(ref: str, read: str = "$.x", out: str = "$.x") -> Json:
    return {"kind": "step", "ref": ref, "in": path(read), "out": path(out)}


def seq(*children: Json) -> Json:
    return {"kind": "seq", "children": list(children)}


def fan(body: Json, items: Iterable[Any] = (1, 2, 3), join: str = "all", bind: str = "$.i", out: str = "$.r") -> Json:
    node = {"kind": "fanout", "items": lit(list(items)), "bind": path(bind), "body": body}
    return {**node, "join": join, "out": path(out)}


def attempt(body: Json, catch: Json | None = None, err: str = "$.err") -> Json:
    return {"kind": "try", "body": body, "catch": catch or seq(), "err_at": path(err)}


def loop(body: Json, times: int, counter: str = "$.n") -> Json:
    return {"kind": "loop", "counter": path(counter), "cond": lit(True), "max": times, "body": body}


def blueprint(flow: Json, id: str = "test", **more: Any) -> Json:
    return {"id": id, "flow": flow, **more}
