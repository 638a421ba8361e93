"""Spawn: run a command to its end, and let nothing of it outlive what it belongs to."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Unpack

from flowbench.process.child import Ended, Pipes, Terms, attend
from flowbench.process.errors import ProcessError


async def spawn(
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    heard: Callable[[bytes], object] | None = None,
    **terms: Unpack[Terms],
) -> Ended:
    """Run a program and wait for its end, on any asyncio loop; abort raises.

    argv: the program, found on PATH, and its arguments. stdin: what it may read; None: nothing. heard: called with
    each chunk of its stdout. An exit code other than 0 is no error here.
    Raises: Aborted, NotStarted, TimedOut, TooManyProcesses, Survivors.
    """
    if not argv or not argv[0]:
        raise ProcessError("a command begins with the name of a program")
    if any("\0" in each for each in argv):
        raise ProcessError(f"an argument of '{argv[0]}' holds a NUL character; hand it the text on stdin")
    request = {"argv": [os.fsencode(each) for each in argv]}
    return await attend(argv[0], request, Pipes(stdin, heard), terms)
