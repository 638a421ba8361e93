"""Tree: a JSON value of any size as a small tree of short texts, the outermost first, that a browser can fold."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from typing import Any

from flowbench.notebook.view import cut

MOST = 400  # nodes
BRANCHES = 60  # children of one node
TEXT_LENGTH = 120  # characters

Twig = dict[str, Any]


def tree(value: Any, *, most: int = MOST) -> Twig:
    """{"key": str, "path": str, "text": str, "inner": [the same], "more": int}

    path: `$.a.b`, "" inside lists, where no path of the language leads. text: JSON of a plain value, else its size.
    more: children that are left out; of a value that found no room all of them.
    """
    root = _twig("$", "$", value)
    waiting = deque([(root, value)])
    used = 1
    while waiting:
        twig, at = waiting.popleft()
        taken = 0
        for key, path, inner in _children(at, twig["path"]):
            if used >= most or taken >= BRANCHES:
                break
            child = _twig(key, path, inner)
            twig["inner"].append(child)
            waiting.append((child, inner))
            used, taken = used + 1, taken + 1
        twig["more"] = len(at) - taken if isinstance(at, (dict, list, tuple)) else 0
    return root


def short(value: Any) -> str:
    """JSON of a plain value in one line, `{3 keys}`, `[5 items]`."""
    if isinstance(value, dict):
        return f"{{{len(value)} key{'' if len(value) == 1 else 's'}}}" if value else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{len(value)} item{'' if len(value) == 1 else 's'}]" if value else "[]"
    if isinstance(value, str):
        return cut(json.dumps(value[: TEXT_LENGTH + 1], ensure_ascii=False), TEXT_LENGTH)
    return cut(json.dumps(value, ensure_ascii=False), TEXT_LENGTH)


def _twig(key: str, path: str, value: Any) -> Twig:
    return {"key": cut(key, TEXT_LENGTH), "path": path, "text": short(value), "inner": [], "more": 0}


def _children(value: Any, path: str) -> Iterable[tuple[str, str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            below = f"{path}.{key}" if key.isidentifier() else f"{path}[{json.dumps(key, ensure_ascii=False)}]"
            yield key, below if path else "", inner
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield str(index), "", inner
