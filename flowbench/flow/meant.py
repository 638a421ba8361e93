"""Meant: the field or kind that a person had in mind who wrote another word for it, or misspelt it."""

from __future__ import annotations

from collections.abc import Iterable

from flowbench.errors import nearest

_WORDS: dict[str, tuple[str, ...]] = {
    # fields
    "agent": ("ref", "name", "agents"),
    "alias": ("bind",),
    "args": ("in", "args"),
    "arguments": ("in", "args"),
    "as": ("bind",),
    "call": ("ref", "step"),
    "command": ("spec", "subprocess"),
    "condition": ("cond",),
    "default": ("else",),
    "description": ("meta", "metadata"),
    "do": ("body",),
    "elements": ("items",),
    "err": ("err_at",),
    "error": ("err_at",),
    "except": ("catch",),
    "fallback": ("catch",),
    "fn": ("ref", "spec"),
    "fn_id": ("ref", "spec"),
    "foreach": ("items", "fanout"),
    "from": ("in",),
    "function": ("ref", "spec"),
    "handler": ("catch",),
    "id": ("name",),
    "if": ("cond", "branch"),
    "input": ("in",),
    "inputs": ("in",),
    "item": ("bind",),
    "iterations": ("max",),
    "left": ("lhs",),
    "limit": ("max",),
    "list": ("items", "haystack", "array"),
    "mode": ("join",),
    "model": ("profile",),
    "name": ("id", "ref"),
    "nodes": ("children", "flow"),
    "on_error": ("catch",),
    "otherwise": ("else",),
    "output": ("out",),
    "outputs": ("out",),
    "over": ("items",),
    "parallel": ("fanout",),
    "params": ("in",),
    "path": ("at",),
    "pipeline": ("flow", "seq"),
    "prompt": ("system_prompt", "profile"),
    "python": ("python_fn",),
    "read": ("in",),
    "rescue": ("catch",),
    "result": ("out",),
    "right": ("rhs",),
    "run": ("ref", "flow", "spec"),
    "sequence": ("seq",),
    "set": ("at", "assign"),
    "shell": ("subprocess",),
    "source": ("in",),
    "steps": ("children", "flow"),
    "switch": ("branch",),
    "target": ("out", "at"),
    "task": ("ref", "step"),
    "tasks": ("children", "flow"),
    "test": ("cond",),
    "times": ("max",),
    "to": ("out", "at"),
    "type": ("kind", "op"),
    "uses": ("ref",),
    "var": ("bind", "at"),
    "variable": ("at", "path"),
    "version": ("schema_version", "version_label"),
    "when": ("cond", "branch"),
    "while": ("cond", "loop"),
    "with": ("in",),
    "write": ("out",),
    # kinds and ops
    "and_": ("and",),
    "equals": ("eq",),
    "for": ("fanout",),
    "for_each": ("fanout", "items"),
    "ge": ("gte",),
    "le": ("lte",),
    "literal": ("lit",),
    "map": ("fanout",),
    "program": ("subprocess",),
    "python_function": ("python_fn",),
    "const": ("lit",),
    "constant": ("lit",),
    "repeat": ("loop",),
}
"""What other languages call it -> what it is called here; the first that fits the place."""


def meant(word: str, known: Iterable[str]) -> str | None:
    """The known word for it, None if there is none near."""
    names = list(known)
    return synonym(word, names) or nearest(word, names)


def synonym(word: str, known: Iterable[str]) -> str | None:
    """Only another word for it, nothing that is merely spelt alike."""
    names = list(known)
    return next((each for each in _WORDS.get(word.lower().replace("-", "_"), ()) if each in names), None)
