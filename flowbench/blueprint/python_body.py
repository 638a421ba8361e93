"""Python body: a cell whose Python makes a flow, run as the person's own code; and how such a cell is known.

The cell's last expression is the flow or the Blueprint; without one, the variable of the Blueprint's own name is. The
words of flow authoring (`seq`, `step`, `ctx` ...) need no import; a function of the notebook with such a name wins.
"""

from __future__ import annotations

import ast
import keyword
import linecache
import re
from collections.abc import Mapping, MutableMapping
from types import CodeType
from typing import Any

from flowbench import flow
from flowbench.blueprint.errors import InvalidBlueprint, UnreadableText
from flowbench.blueprint.loader import HasBlueprint, load
from flowbench.blueprint.model import Blueprint
from flowbench.blueprint.place import ROOT
from flowbench.blueprint.words import what
from flowbench.excerpt import spot
from flowbench.flow.nodes import NODES

WORDS: Mapping[str, Any] = {
    "assign": flow.assign,
    "branch": flow.branch,
    "call": flow.call,
    "ctx": flow.ctx,
    "exists": flow.exists,
    "fanout": flow.fanout,
    "is_in": flow.is_in,
    "len_": flow.len_,
    "lit": flow.lit,
    "loop": flow.loop,
    "path": flow.path,
    "pipeline": flow.pipeline,
    "seq": flow.seq,
    "step": flow.step,
    "try_": flow.try_,
    "Blueprint": Blueprint,
}
_DATA = ("{", "[", "- ", "---", "%", '"')  # how JSON and YAML may begin
_KEY = re.compile(r"^([A-Za-z_$][\w$-]*)\s*:(?=\s|$)", re.MULTILINE)


def is_python(text: str) -> bool:
    """Is the text of a cell Python, rather than YAML or JSON?

    It is data if its first line begins like data (`{`, `[`, `- `, `---`, `%`, a quote), if a line that is not indented
    begins with `word:` and the whole is no Python, or if it is nothing but such lines. All else is Python.
    """
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    if next(lines, "").startswith(_DATA):
        return False
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return not any(not keyword.iskeyword(found[1]) for found in _KEY.finditer(text))
    return not (statements and all(isinstance(each, ast.AnnAssign) and each.value is None for each in statements))


def run_body(text: str, name: str, variables: MutableMapping[str, Any], *, file: str = "", line: int = 1) -> Blueprint:
    """The Blueprint that a Python cell makes; what the cell defines stays in `variables`.

    name: of the Blueprint, its id if the cell gives a flow. file: for tracebacks, `<blueprint NAME>` by default; its
    text is kept, so that they show it. line: where the text begins, from 1; 2 below a magic of one line.
    Raises: whatever the code raises, with the cell's lines in the traceback and, in IPython, none of ours;
    UnreadableText for a syntax error, flow.AuthoringError, and InvalidBlueprint if the cell makes no flow.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of what it shows
    file = file or f"<blueprint {name}>"
    shifted = "\n" * (line - 1) + text
    linecache.cache[file] = (len(shifted), None, [each + "\n" for each in shifted.splitlines()], file)
    try:
        tree = ast.parse(shifted, file)
        end = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        last = compile(ast.Expression(end.value), file, "eval") if isinstance(end, ast.Expr) else None
        body = compile(tree, file, "exec")
    except SyntaxError as error:
        raise _unreadable(error, shifted) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadableText(f"Python cannot read it: {error}") from None
    made = _executed(body, last, variables)
    if not _is_flow(made) and _sets(tree, name):  # and not one that an earlier cell has left
        made = variables.get(name)
    if not _is_flow(made):
        got = "it ends without an expression" if last is None else f"its last expression is {what(made)}"
        raise InvalidBlueprint(ROOT, f"the cell makes no flow: {got}; end it with seq(...), or set {name} = seq(...)")
    return load(flow.step(made) if callable(made) else made, name=name)  # a function stands for its step


def _unreadable(error: SyntaxError, text: str) -> UnreadableText:
    if error.lineno is None:
        return UnreadableText(f"no Python: {error.msg}")
    before = sum(len(line) + 1 for line in text.split("\n")[: error.lineno - 1])
    return UnreadableText(f"no Python: {error.msg}", spot=spot(text, before + max((error.offset or 1) - 1, 0)))


def _is_flow(made: Any) -> bool:
    if isinstance(made, flow.Term):  # which has every attribute, and can be called
        return False
    return isinstance(made, (*NODES, Blueprint, HasBlueprint, Mapping)) or callable(made)


def _sets(tree: ast.Module, name: str) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Store) for each in ast.walk(tree)
    )


def _executed(body: CodeType, last: CodeType | None, variables: MutableMapping[str, Any]) -> Any:
    """The value of the last expression. The words of authoring are lent to the variables meanwhile."""
    __tracebackhide__ = True
    words = {word: value for word, value in WORDS.items() if not _is_own(variables.get(word))}
    kept = {word: variables[word] for word in words if word in variables}
    variables.update(words)
    scope: Any = variables  # exec wants a dict and takes any; a notebook's is one
    try:
        exec(body, scope)  # noqa: S102 - it is a cell
        return None if last is None else eval(last, scope)  # noqa: S307
    finally:
        for word, value in words.items():
            if variables.get(word) is value:
                if word in kept:
                    variables[word] = kept[word]
                else:
                    del variables[word]


def _is_own(value: Any) -> bool:
    """A function of the notebook, such as an agent called `branch`; a number of that name is only in the way."""
    return callable(value) and not isinstance(value, flow.Term)
