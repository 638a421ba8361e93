"""Isolated: call a Python function in a fresh process of its own, which can be killed at any moment."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, NamedTuple, Unpack

from flowbench.cancel import BeatingToken
from flowbench.process.child import Pipes, Terms, attend
from flowbench.process.errors import BodyDied, BodyRaised, ProcessError, Unsendable


class Answered(NamedTuple):
    """Plain data of an answer that is more than a value."""

    plain: dict[str, Any]


async def run_isolated(fn: Callable[..., Any], *args: Any, token_name: str = "", **terms: Unpack[Terms]) -> Any:
    """What `fn(*args)` returns, computed in a new interpreter; abort raises, and kills it.

    fn: plain or async, also one from a cell; it and its arguments travel as pickles that nobody stores, and nothing of
    `__main__` is run again. What comes back is JSON; an answer that is none is refused with its place.
    token_name: the parameter that gets a token of its own there, with the deadline of `token`. It is aborted when the
    process is asked to stop; a function without one gets SystemExit. After the grace the process is killed.
    Heartbeats over there count as those of `token`. Its prints go to the voice. What it still does after its answer
    (threads, atexit) has the grace to end.
    An answer or exception whose class has `__answer__`, a method that makes plain data of it, comes back as Answered.
    Raises: Unsendable, BodyRaised, BodyDied, Aborted, NotStarted, TimedOut, TooManyProcesses, Survivors.
    """
    token = terms.get("token")
    request = {
        "call": _pickled(fn, args),
        "path": [each for each in sys.path if isinstance(each, str)],
        "argv": list(sys.argv),
        "token": token_name,
        "seconds": None if token is None or token.deadline is None else token.deadline - monotonic(),
    }
    heard = bytearray()
    name = _named(fn)
    try:
        ended = await attend(name, request, Pipes(answer=heard.extend), terms)
    finally:
        message = _message(heard)
        if message is not None and "gap" in message and isinstance(token, BeatingToken):
            token.beats.hear(message["gap"])
    if message is None:
        raise BodyDied(name, ended.code)
    if "type" in message:
        kind, text = message["type"], message["text"]
        if not message["is_exception"] or kind in ("StopIteration", "StopAsyncIteration"):  # alone it tells nothing
            text = f"{kind}: {text}" if text else kind
        raise BodyRaised(kind, text or kind, [(file, line, at) for file, line, at in message["frames"]])
    if "answer" in message:
        return Answered(message["answer"])
    if "not_json" in message:
        raise ProcessError(message["not_json"])
    return message["value"]


def _pickled(fn: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    """The call as bytes: by name what the other process can import, by value what it cannot, as functions of cells."""
    import cloudpickle

    module = sys.modules.get(getattr(_inner(fn), "__module__", None) or "")
    by_value = module is not None and module.__name__ != "__main__" and not _is_importable(module.__name__)
    try:
        if by_value:
            cloudpickle.register_pickle_by_value(module)
        try:
            return bytes(cloudpickle.dumps((fn, args, {})))
        finally:
            if by_value:
                cloudpickle.unregister_pickle_by_value(module)
    except Exception as error:  # any class may refuse to be pickled, in its own words
        raise Unsendable(f"{_named(fn)} cannot be sent to a process of its own: {error}") from error


def _is_importable(name: str) -> bool:
    """A new interpreter with this one's path would find it; a file that was loaded by hand it would not."""
    top = name.partition(".")[0]
    return any(finder.find_spec(top, None) is not None for finder in sys.meta_path if hasattr(finder, "find_spec"))


def _message(heard: bytearray) -> dict[str, Any] | None:
    """What the body sent; None if it did not get to the end of it."""
    size = int.from_bytes(heard[:8], "big")
    if len(heard) < 8 or len(heard) < size + 8:
        return None
    message: dict[str, Any] = json.loads(heard[8 : size + 8])
    return message


def _named(fn: Callable[..., Any]) -> str:
    return str(getattr(_inner(fn), "__name__", type(fn).__name__))


def _inner(fn: Any) -> Any:
    while isinstance(fn, partial):
        fn = fn.func
    return fn
