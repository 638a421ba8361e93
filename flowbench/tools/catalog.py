"""Catalog: the tools that can be a step or a command, by name: how each is called with plain options.

What they can be told, and what is dangerous, is written down where Blueprints are (blueprint.TOOLS).
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from flowbench.cancel import Aborted, CancelToken, blocking

Heard = Callable[[str], object]
Options = Mapping[str, Any]


class Tool(NamedTuple):
    """name: as a Blueprint says it. call: (options, token, heard) -> the answer, to be awaited; abort raises Aborted or
    returns flags, as its function says. heard: what it writes while it works. uses: what it takes up meanwhile.
    function: "" or the name in this room whose options it takes.
    """

    name: str
    call: Callable[[Options, CancelToken, Heard], Awaitable[Any]]
    uses: Literal["loop", "thread", "process"]
    function: str = ""

    async def answer(self, options: Options, token: CancelToken, heard: Heard) -> Any:
        """What `call` answers, as JSON data; bytes are base64. Abort raises Aborted, also where the function has flags
        for it; that a `timeout_ms` of the options is over is told as the function tells it.
        """
        if (cause := token.cause) is not None:  # no heartbeat: many tools are woken by an abort, and never have one
            raise Aborted(cause)
        answer = msgspec.json.decode(msgspec.json.encode(await self.call(options, token, heard)))
        is_stopped = isinstance(answer, dict) and (answer.get("cancelled") or answer.get("timed_out"))
        if is_stopped and (cause := token.cause) is not None:
            raise Aborted(cause)
        return answer


def _awaited(name: str, uses: Literal["thread", "process"] = "thread") -> Tool:
    """One that `aio` has under its own name."""

    async def call(options: Options, token: CancelToken, heard: Heard) -> Any:
        from flowbench.tools import aio

        return await getattr(aio, name)(**options, token=token)

    return Tool(name, call, uses, name)


def _threaded(name: str) -> Tool:
    """One that takes a moment and no token: it goes on to its end, wherever that is."""

    async def call(options: Options, token: CancelToken, heard: Heard) -> Any:
        from flowbench import tools

        function: Callable[..., Any] = getattr(tools, name)
        return await blocking(name, token, lambda _: function(**options))

    return Tool(name, call, "thread", name)


def _quick(name: str) -> Tool:
    """One that is over at once and takes no token."""

    async def call(options: Options, token: CancelToken, heard: Heard) -> Any:
        from flowbench import tools

        return getattr(tools, name)(**options)

    return Tool(name, call, "loop", name)


async def _grep(options: Options, token: CancelToken, heard: Heard) -> Any:
    from flowbench.tools import aio

    return await aio.grep(**{"path": ".", **options}, token=token)


async def _shell(options: Options, token: CancelToken, heard: Heard) -> Any:
    from flowbench.tools import MinimizerOptions, aio

    how = dict(options)
    if "minimizer" in how:
        how["minimizer"] = MinimizerOptions(**how["minimizer"])
    return await aio.execute_shell(**how, token=token, on_chunk=heard)


async def _pty(options: Options, token: CancelToken, heard: Heard) -> Any:
    from flowbench.tools import aio

    return await aio.PtySession().start(**options, token=token, on_chunk=heard)


async def _process_list(options: Options, token: CancelToken, heard: Heard) -> Any:
    from flowbench.tools import Process

    def listed(own: CancelToken) -> list[dict[str, Any]]:
        if "path" in options:
            work = Process.from_path(options["path"])
        else:
            first = Process.from_pid(options.get("pid", os.getpid()))
            work = [] if first is None else [first]
        found = []
        for each in own.iter(work):  # grows while it is walked
            found.append({"pid": each.pid, "born": each.born, "ppid": each.ppid, "args": each.args()})
            work += each.children() if "path" not in options else []
        return found

    return await blocking("process.list", token, listed)


async def _process_terminate(options: Options, token: CancelToken, heard: Heard) -> Any:
    from flowbench.tools import Process, aio

    how = {key: each for key, each in options.items() if key not in ("pid", "born")}
    found = Process.from_pid(options["pid"])
    if found is None or options.get("born", found.born) != found.born:
        return True
    return await aio.Process(found.pid, found.born).terminate(**how, token=token)


async def _encode_sixel(options: Options, token: CancelToken, heard: Heard) -> Any:
    from flowbench import tools

    width, height = options["width"], options["height"]
    return await blocking("encode_sixel", token, lambda _: tools.encode_sixel(_bytes(options), width, height))


async def _decode_sixel(options: Options, token: CancelToken, heard: Heard) -> Any:
    from flowbench import tools

    return await blocking("decode_sixel", token, lambda _: tools.decode_sixel(_bytes(options)))


def _bytes(options: Options) -> Any:
    """What `data` holds, or the file at `path`. Raises: SixelFailed, PathMissing."""
    from flowbench.tools.errors import PathMissing, SixelFailed

    if "data" in options:
        return options["data"]
    if "path" not in options:
        raise SixelFailed("neither data nor the path of a file was given")
    try:
        return Path(options["path"]).read_bytes()
    except OSError as error:
        raise PathMissing(options["path"], error.strerror or str(error)) from error


CATALOG: Mapping[str, Tool] = {
    each.name: each
    for each in (
        Tool("grep", _grep, "thread", "grep"),
        _threaded("search"),
        _threaded("has_match"),
        _awaited("glob"),
        _awaited("fuzzy_find"),
        _awaited("ast_grep"),
        _awaited("ast_match"),
        _awaited("ast_edit"),
        Tool("shell", _shell, "process", "execute_shell"),
        Tool("pty", _pty, "process"),
        Tool("process_list", _process_list, "thread"),
        Tool("process_terminate", _process_terminate, "thread"),
        _awaited("html_to_markdown"),
        Tool("encode_sixel", _encode_sixel, "thread"),
        Tool("decode_sixel", _decode_sixel, "thread"),
        _awaited("read_image_from_clipboard"),
        _threaded("copy_to_clipboard"),
        _awaited("count_tokens"),
        _quick("visible_width"),
        _quick("truncate_to_width"),
        _quick("slice_with_width"),
        _quick("extract_segments"),
        _quick("wrap_text_with_ansi"),
        _quick("parse_key"),
    )
}
"""By name, in the order of `blueprint.TOOLS`."""
