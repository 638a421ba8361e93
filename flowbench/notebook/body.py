"""Body: completion inside a `%%blueprint` cell: agents behind `ref:`, the language's words, and `$.` paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from flowbench import blueprint as bp
from flowbench import flow

MAGIC = "%%blueprint"
MOST = 200  # paths
DEPTH = 6  # keys of a path

_WORDS: dict[str, list[str]] = {
    "kind": sorted({str(node.__struct_config__.tag) for node in get_args(flow.Node)}),
    "join": sorted(get_args(flow.JoinMode)),
}
_FIELD = re.compile(r"""(?:^|[\s{,])["']?(?P<field>ref|fn_id|kind|join)["']?\s*:\s*["']?(?P<word>[\w.-]*)$""")
_CALL = re.compile(r"""\bstep\(\s*["'](?P<word>[\w.-]*)$""")
_PATH = re.compile(r"\$[\w.]*$")
_PATHS = re.compile(r"\$(?:\.[A-Za-z_]\w*)+")


def complete_body(cell: str, before: str, ctx: Any, functions: bp.Functions = bp.functions) -> tuple[str, list[str]]:
    """(the fragment before the cursor, what it can become); ("", []) where nothing is known.

    cell: its whole text. before: its present line up to the cursor. ctx: one that such a flow has met, for its paths.
    """
    field = _FIELD.search(before)
    call = _CALL.search(before)
    path = _PATH.search(before)
    if field is not None:
        words = _WORDS.get(field["field"]) or functions.ids()
        return field["word"], [word for word in words if word.startswith(field["word"])]
    if call is not None:
        return call["word"], [id for id in functions.ids() if id.startswith(call["word"])]
    if path is not None:
        typed = path[0]
        rest = cell.replace(before, before[: path.start()], 1)  # without what is being typed
        known = dict.fromkeys([*paths(ctx), *_beginnings(_PATHS.findall(rest))])
        return typed, sorted(found for found in known if found.startswith(typed))
    return "", []


def paths(ctx: Any) -> list[str]:
    """`$.a`, `$.a.b`, ... of the dicts in a ctx, at most MOST."""
    found = []
    for path in _paths(ctx, "$", DEPTH):
        found.append(path)
        if len(found) == MOST:
            break
    return found


def _beginnings(found: Iterable[str]) -> Iterator[str]:
    """`$.a.b` -> `$.a`, `$.a.b`"""
    for path in found:
        keys = path.split(".")
        yield from (".".join(keys[:end]) for end in range(2, len(keys) + 1))


def _paths(value: Any, at: str, depth: int) -> Iterator[str]:
    if not isinstance(value, Mapping) or not depth:
        return
    for key in value:
        if isinstance(key, str) and key.isidentifier():
            yield f"{at}.{key}"
    for key, inner in value.items():
        if isinstance(key, str) and key.isidentifier():
            yield from _paths(inner, f"{at}.{key}", depth - 1)
