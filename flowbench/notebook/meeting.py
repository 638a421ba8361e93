"""Meeting: a kernel is ready as soon as it answers, and gone as soon as its process is; jupyter_client rounds up both.

Its own way takes 0.2 s longer to begin, in which nothing may arrive, and up to 0.1 s twice for a look too early.
"""

from __future__ import annotations

import time
from queue import Empty

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

ASK_SECONDS = 1.0  # between two requests to a kernel that does not answer yet
CONNECT_SECONDS = 0.2  # for what it publishes to arrive after its answer
LOOK_SECONDS = 0.01  # between two looks whether its sockets are there, or its process still is


class Visitor(AsyncKernelClient):
    """A client that asks a starting kernel without pauses."""

    def _context_default(self) -> zmq.asyncio.Context:
        context = zmq.asyncio.Context()
        self._created_context = True
        context.setsockopt(zmq.RECONNECT_IVL, int(LOOK_SECONDS * 1000))
        return context

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # the name is nbclient's
        """Return when it answers and what it publishes arrives; what was published before is left to be read.

        timeout: seconds. Raises: RuntimeError if it died or takes longer.
        """
        until = float("inf") if timeout is None else time.monotonic() + timeout
        while not await self._answers():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > until:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _answers(self) -> bool:
        self.kernel_info()
        try:
            reply = await self.get_shell_msg(timeout=ASK_SECONDS)
            if reply["msg_type"] != "kernel_info_reply":
                return False
            # Any message will do: from then on nothing is lost, and the queue keeps the order.
            await self.get_iopub_msg(timeout=CONNECT_SECONDS)
        except Empty:
            return False
        self._handle_kernel_info_reply(reply)
        return True


class Host(AsyncKernelManager):
    """A manager that hears soon of the end of its kernel."""

    async def _async_wait(self, pollinterval: float = LOOK_SECONDS) -> None:
        await super()._async_wait(min(pollinterval, LOOK_SECONDS))
