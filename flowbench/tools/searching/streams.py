"""Streams: matches of grep while it searches, as an async iterator."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypedDict, Unpack

from flowbench.cancel import CancelToken, bound
from flowbench.tools.errors import NotStreamed
from flowbench.tools.searching.grepping import grep
from flowbench.tools.searching.hits import GrepMatch
from flowbench.tools.streaming import streamed


class Options(TypedDict, total=False):
    """Those of `grep`, pages and callbacks excepted."""

    glob: str | None
    type: str | None
    ignore_case: bool
    multiline: bool
    hidden: bool
    gitignore: bool
    recursive: bool
    max_count: int | None
    offset: int
    context: int
    context_before: int | None
    context_after: int | None
    max_columns: int | None
    max_count_per_file: int | None
    mode: str
    token: CancelToken | None
    timeout_ms: float | None


async def stream_grep(
    pattern: str, path: str | os.PathLike[str], **options: Unpack[Options]
) -> AsyncIterator[GrepMatch]:
    """What `grep` finds, file by file in no order, while it searches; abort raises Aborted.

    Leaving the loop ends the search, which waits for a slow reader: no more than 8 batches of up to 1024 are held.
    Raises: NotStreamed, for max_count and offset; what `grep` raises.
    """
    given: dict[str, Any] = {**options}
    milliseconds = given.pop("timeout_ms", None)
    token = bound(given.pop("token", None), None if milliseconds is None else milliseconds / 1000)
    token.heartbeat()
    if given.get("max_count") is not None or given.get("offset"):
        raise NotStreamed

    def work(own: CancelToken, put: Callable[[Sequence[GrepMatch]], None]) -> None:
        grep(pattern, path, token=own, on_matches=put, **given)

    async for match in streamed("grep", token, work):
        yield match
