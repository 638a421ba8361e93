"""Script: run a Python file of ours in a process of its own that can be killed, and answer what it asks meanwhile.

Lighter than `run_isolated`: nothing is pickled, and flowbench is not imported over there.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Unpack

from flowbench.process.child import Pipes, Terms, attend
from flowbench.process.errors import BodyDied, BodyRaised
from flowbench.process.inlet import Inlet

Serve = Callable[[Any], Awaitable[Any]]


async def run_script(label: str, file: Path, asked: Any, *, serve: Serve | None = None, **terms: Unpack[Terms]) -> Any:
    """What `main(asked, ask)` of the file returns, in a new process; abort raises, and kills it at once.

    label: for messages. asked: JSON. The file imports what it needs from this process's path, but no flowbench. There,
    `ask(question)` waits for what `serve(question)` answers here, both JSON; one question at a time. What `serve`
    raises ends the process.
    Raises: BodyRaised, BodyDied, Aborted, NotStarted, TimedOut, TooManyProcesses, Survivors, and whatever serve raises.
    """
    talk = _Talk(serve)
    path = [each for each in sys.path if isinstance(each, str)]
    request = {"script": str(file), "asked": json.dumps(asked), "path": path, "argv": [label]}
    pipes = Pipes(talk=talk.inlet, answer=talk.take)
    ended: Any = None
    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(talk.serve())
            try:
                ended = await attend(label, request, pipes, terms)
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # Aborted, too: a group would wrap it
                failure = error
            serving.cancel()
    except BaseExceptionGroup as group_error:
        raise group_error.exceptions[0] from None
    if failure is not None:
        raise failure
    if talk.last is None:
        raise BodyDied(label, ended.code)
    if "type" in talk.last:
        raise BodyRaised(talk.last["type"], talk.last["text"] or talk.last["type"], talk.last["frames"])
    return talk.last["value"]


class _Talk:
    """Frames that come from the child: questions, and the last word. A frame: 8 bytes of length, then JSON."""

    def __init__(self, serve: Serve | None) -> None:
        self.last: dict[str, Any] | None = None
        self.inlet = Inlet()
        self._serve = serve
        self._heard = bytearray()
        self._questions: asyncio.Queue[Any] = asyncio.Queue()

    def take(self, chunk: bytes) -> None:
        self._heard += chunk
        while len(self._heard) >= 8 and len(self._heard) >= (end := 8 + int.from_bytes(self._heard[:8], "big")):
            message = json.loads(self._heard[8:end])
            del self._heard[:end]
            if "ask" in message:
                self._questions.put_nowait(message["ask"])
            else:
                self.last = message

    async def serve(self) -> None:
        while True:
            question = await self._questions.get()
            assert self._serve is not None, "the script asks, and nobody was named to answer"
            text = json.dumps(await self._serve(question)).encode()
            self.inlet.feed(len(text).to_bytes(8, "big") + text)
