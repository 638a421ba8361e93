"""Notebook agents: the functions that a notebook defines, without running the notebook.

Cells tagged `agents` are run whole. In a notebook without such a tag, of each code cell the imports, the functions and
classes, and assignments of plain values are taken, and nothing else runs: no launch, no %magic, no shell command.
"""

from __future__ import annotations

import ast
import json
import linecache
import re
from pathlib import Path
from types import ModuleType
from typing import Any

TAG = "agents"
_MAGIC = re.compile(r"\s*([%!?]|.*\?\s*$|[\w.,\s]+=\s*[%!])")
_DEFINES = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def fill(module: ModuleType, path: Path) -> None:
    """Define in `module` what the notebook defines. Raises: ValueError for no notebook; whatever its code raises."""
    cells = _cells(path)
    tagged = [(number, text) for number, text, tags in cells if TAG in tags]
    for number, text in tagged or [(number, text) for number, text, _ in cells]:
        name = f"{path}[cell {number}]"
        plain = _without_magics(text)
        try:
            tree = ast.parse(plain, name)
        except SyntaxError:
            if tagged:
                raise
            continue  # a cell of another language, or one that is not finished: it defines nothing
        if not tagged:
            tree.body = [each for each in tree.body if _is_definition(each)]
        linecache.cache[name] = (len(plain), None, plain.splitlines(keepends=True), name)  # for tracebacks
        exec(compile(tree, name, "exec"), module.__dict__)  # noqa: S102 - the person named this notebook


def _cells(path: Path) -> list[tuple[int, str, list[str]]]:
    """(number among code cells from 1, text, tags)"""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        return [
            (number, _text(cell["source"]), list(cell.get("metadata", {}).get("tags", ())))
            for number, cell in enumerate(cells, start=1)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no notebook of format 4: {error}") from error


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _without_magics(text: str) -> str:
    """The same lines, those that only IPython understands as `pass`; a cell magic leaves nothing."""
    if text.lstrip().startswith("%%"):
        return ""
    lines = text.splitlines()
    return "\n".join(re.match(r"\s*", line)[0] + "pass" if _is_magic(line) else line for line in lines)  # type: ignore[index]


def _is_magic(line: str) -> bool:
    return bool(_MAGIC.match(line)) and not line.lstrip().startswith("#")


def _is_definition(node: ast.stmt) -> bool:
    if isinstance(node, _DEFINES):
        return True
    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    if value is None:
        return False
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
