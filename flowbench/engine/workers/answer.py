"""Answer: what a program that has ended says by its stdout and its exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from flowbench import flow, process
from flowbench.blueprint import CommandSpec
from flowbench.engine.errors import Blocked, NotFolded
from flowbench.engine.folding import fold

JSON_LIMIT = 16 << 20  # bytes of stdout that are read as JSON
TOLD = 4000  # characters of each stream in the text of a failure; its end, where programs say why

_NOTHING = object()


def answer(ended: process.Ended, spec: CommandSpec, hide: Callable[[str], str]) -> Any:
    """stdout as JSON, else as text beside stderr; of the JSON what `output` points to.

    hide: takes secrets out of what is cut: half of one nobody would find.
    Raises: Blocked, unless all is well by `ok_from`; NotFolded.
    """
    value, is_json = _value(ended, spec)
    why = _why_not(ended, spec, value if is_json else _NOTHING)
    if why is not None:
        told = value if is_json or isinstance(value, str) else {key: tail(hide(text)) for key, text in value.items()}
        raise Blocked(value, flow.compact(told), f" - {why}")
    if spec.fold == "json" and not is_json:
        return fold(ended.stdout.text(), "json")  # tells what it is instead
    if not spec.output:
        return value
    found = at_pointer(value, spec.output) if is_json else _NOTHING
    if found is _NOTHING:
        what = f"its answer has nothing at {spec.output}" if is_json else "its stdout is no JSON that output could name"
        raise Blocked(value, tail(hide(flow.compact(value))), f" - {what}")
    return fold(found, spec.fold or "containers")


def _value(ended: process.Ended, spec: CommandSpec) -> tuple[Any, bool]:
    """(value, stdout is JSON)."""
    if spec.fold == "text":
        return ended.stdout.text().rstrip(), False
    value = _json(ended.stdout)
    if value is not _NOTHING:
        return value, True
    text = ended.stdout.text().rstrip()
    try:
        folded = fold(text, spec.fold or "containers")
    except NotFolded:
        folded = text
    if folded is not text:
        return folded, True
    return {"raw": text, "stderr": ended.stderr.text()}, False


def _why_not(ended: process.Ended, spec: CommandSpec, value: Any) -> str | None:
    """None: it did what it should. The exit code always counts."""
    rule = spec.ok_from
    fine = rule if isinstance(rule, tuple) else (0,)
    if ended.code not in fine:
        return f"it {process.ended(ended.code)}"
    if not isinstance(rule, str) or rule == "exit":
        return None
    pointer = rule.removeprefix("!")
    found = _NOTHING if value is _NOTHING else at_pointer(value, pointer)
    if not isinstance(found, bool):
        return f"ok_from finds no true or false at {pointer}"
    return None if found != rule.startswith("!") else f"it says {flow.compact(found)} at {pointer}"


def at_pointer(value: Any, pointer: str) -> Any:
    """What a JSON Pointer (RFC 6901) points to, or a stand-in for nothing. "": the value itself."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and (key == "0" or key[0] != "0") and int(key) < len(value):
            value = value[int(key)]
        else:
            return _NOTHING
    return value


def _json(output: process.Output) -> Any:
    text = output.whole(JSON_LIMIT)
    try:
        return flow.take(flow.decode((text or b"").strip()))[0]
    except (msgspec.MsgspecError, flow.NotJson, UnicodeDecodeError, RecursionError):
        return _NOTHING


def tail(text: str) -> str:
    """The end of a text, for an error."""
    return text if len(text) <= TOLD else f"... {text[-TOLD:]}"
