"""Body: a Python function in a process of its own; it sends back JSON. Standard library only.

It runs in a fork of the keeper. What it needs besides is imported when it is needed: a start costs milliseconds.
"""

from __future__ import annotations

import json
import os
import sys
from types import TracebackType
from typing import Any

TERM = 15

Message = dict[str, Any]


def run(request: dict[str, Any], answer: int) -> None:
    """Call the function, write what it returns to `answer` in one message, and leave as programs do."""
    me = os.getpid()
    sys.path[:] = request["path"]
    sys.argv[:] = request["argv"]
    for name in ("keeper", "body"):  # these files; a module of the function's own may have such a name
        sys.modules.pop(name, None)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    import faulthandler

    faulthandler.enable()  # a crash says where, on stderr
    try:
        message = _script(request, answer) if "script" in request else _outcome(request)
    except BaseException as error:  # an exit, a stop, a failure: whoever asked hears of it
        message = _failure(error)
    if "gap" in request and (gap := request["gap"]()) is not None:
        message["gap"] = gap
    if os.getpid() != me:
        os._exit(1)  # the function has forked, and its child has come back through here
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        pass  # nobody reads it any more
    _send(answer, message)
    os.close(answer)
    sys.exit(0)


def _send(answer: int, message: Message) -> None:
    """Its length in 8 bytes, then JSON."""
    text = json.dumps(message).encode("utf-8", "backslashreplace")
    left = memoryview(len(text).to_bytes(8, "big") + text)
    while left:
        left = left[os.write(answer, left) :]


def _script(request: dict[str, Any], answer: int) -> Message:
    """`main(asked, ask)` of a file. It has nothing to tidy, so asking it to stop ends it at once."""
    from importlib.machinery import SourceFileLoader

    def ask(question: Any) -> Any:
        _send(answer, {"ask": question})
        size = int.from_bytes(_read(0, 8), "big")
        return json.loads(_read(0, size))

    loader = SourceFileLoader("__script__", request["script"])
    names: dict[str, Any] = {"__name__": "__script__", "__file__": request["script"]}
    exec(loader.get_code("__script__"), names)  # type: ignore[arg-type]  # noqa: S102 -- a file of flowbench
    return {"value": names["main"](json.loads(request["asked"]), ask)}


def _read(fd: int, size: int) -> bytes:
    """Raises: EOFError when there is no more; then whoever asked is gone."""
    data = bytearray()
    while len(data) < size:
        chunk = os.read(fd, size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


def _outcome(request: dict[str, Any]) -> Message:
    import pickle

    fn, args, named = pickle.loads(request["call"])  # noqa: S301 -- from the process that has started this one
    stop = _asks_to_stop
    if request["token"]:
        from flowbench.cancel import AbortReason, BeatingToken, Beats, CancelToken

        beats = Beats()
        token = BeatingToken(CancelToken(request["seconds"]), beats)
        named[request["token"]] = token
        request["gap"] = beats.so_far

        def stop(number: int, frame: object) -> None:
            token.abort(AbortReason.SIGNAL, by="parent")

    import signal

    signal.signal(TERM, stop)
    value = fn(*args, **named)
    if hasattr(type(value), "__await__"):
        import asyncio

        value = asyncio.run(_awaited(value))
    if value is None or type(value) is str or type(value) is bool:
        return {"value": value}
    if hasattr(type(value), "__answer__"):
        value = value.__answer__()
        return _if_json(value, {"answer": value})
    return _if_json(value, {"value": value})


def _if_json(value: Any, message: Message) -> Message:
    try:
        is_json = json.loads(json.dumps(value, allow_nan=False)) == value  # tuples, sets, integer keys come back other
    except (TypeError, ValueError, RecursionError):
        is_json = False
    return message if is_json else {"not_json": _where(value)}


def _asks_to_stop(number: int, frame: object) -> None:
    raise SystemExit("asked to stop")  # its `finally` blocks run; after the grace it is killed


async def _awaited(value: Any) -> Any:
    return await value


def _failure(error: BaseException) -> Message:
    """What a reader of the failure needs. frames: (file, line, function), without those of this file."""
    if hasattr(type(error), "__answer__"):  # no failure, but what it has to say
        return {"answer": error.__answer__()}  # type: ignore[attr-defined]
    try:
        text = str(error)
    except Exception:  # the class is foreign code
        text = ""
    frames: list[tuple[str, int, str]] = []
    at: TracebackType | None = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if code.co_filename != __file__:
            frames.append((code.co_filename, at.tb_lineno, code.co_name))
        at = at.tb_next
    kind = type(error)
    is_key = isinstance(error, KeyError) and bool(error.args)
    return {
        "type": kind.__qualname__,
        "text": f"KeyError: {text}" if is_key else text,
        "is_exception": isinstance(error, Exception),
        "frames": frames,
    }


def _where(value: Any) -> str:
    """The first place that is no JSON value, in the words that a function without a process of its own gets."""
    todo: list[tuple[Any, str]] = [(value, "$")]
    seen = 0
    while todo and seen < 1_000_000:  # a value that contains itself
        item, place = todo.pop()
        kind = type(item)
        seen += 1
        if kind is float and item - item != 0.0:
            return f"{place}: {item!r} is no JSON number"
        if kind is dict:
            if odd := [key for key in item if type(key) is not str]:
                return f"{place}: key {odd[0]!r} is no string"
            todo += [(child, f"{place}.{key}") for key, child in reversed(item.items())]
        elif kind is list:
            todo += [(child, f"{place}[{n}]") for n, child in reversed(list(enumerate(item)))]
        elif kind not in (str, int, bool, float, type(None)):
            return f"{place}: {kind.__name__} is no JSON value"
    return "the value changes when it is written as JSON"
