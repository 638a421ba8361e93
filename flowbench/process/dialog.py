"""Dialog: a program that is spoken with, line by line, for as long as it lives."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Unpack

from flowbench.process.child import Ended, Pipes, Terms, attend
from flowbench.process.errors import ProcessError
from flowbench.process.inlet import Inlet

LONGEST = 16 << 20  # bytes of one line


class Dialog:
    """argv: the program, found on PATH, and its arguments. heard: called with each line of its stdout, without its end.

    Used on one loop alone, between the beginning and the end of `attend`.
    """

    def __init__(self, argv: Sequence[str], heard: Callable[[bytes], object]) -> None:
        self._argv, self._heard = list(argv), heard
        self._inlet, self._line = Inlet(), bytearray()

    def say(self, line: bytes) -> None:
        """line: without its end. Nothing happens when the program has ended."""
        self._inlet.feed(line + b"\n")

    def end(self) -> None:
        """There is nothing more to say: its stdin ends."""
        self._inlet.end()

    async def attend(self, **terms: Unpack[Terms]) -> Ended:
        """Start it and wait for its end; abort raises, and so does a line that is too long.

        Cancelling this ends the program with all it has started.
        Raises: Aborted, NotStarted, TimedOut, TooManyProcesses, Survivors.
        """
        if any("\0" in each for each in self._argv):
            raise ProcessError(f"an argument of '{self._argv[0]}' holds a NUL character")
        request = {"argv": [os.fsencode(each) for each in self._argv]}
        return await attend(self._argv[0], request, Pipes(stdout=self._take, talk=self._inlet), terms)

    def _take(self, chunk: bytes) -> None:
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            whole = bytes(self._line) + line
            self._line.clear()
            self._heard(whole)
        self._line += rest
        if len(self._line) > LONGEST:
            self._line.clear()  # no answer of its is that long: whoever waits for it is told so by its time
