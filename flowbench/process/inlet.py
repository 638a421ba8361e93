"""Inlet: feeds a child's stdin as fast as it is read, also in pieces that come later."""

from __future__ import annotations

import asyncio
import os

CHUNK = 1 << 16  # bytes


class Inlet:
    """The writing end of one pipe. A reader that goes away early is no error. Used on one loop alone."""

    def __init__(self) -> None:
        self._fd = -1
        self._left = bytearray()
        self._is_over = False
        self._is_writing = False

    def open(self, loop: asyncio.AbstractEventLoop, fd: int) -> None:
        """fd is the inlet's own from now on."""
        self._loop, self._fd = loop, fd
        os.set_blocking(fd, False)
        self._go_on()

    def feed(self, data: bytes) -> None:
        self._left += data
        self._go_on()

    def end(self) -> None:
        """There will be no more: the pipe is closed when all is fed."""
        self._is_over = True
        self._go_on()

    def close(self) -> None:
        """At once, whatever is left. More than once is fine."""
        self._left.clear()
        self.end()

    def _go_on(self) -> None:
        if self._fd < 0:
            return
        if self._left and not self._is_writing:
            self._is_writing = True
            self._loop.add_writer(self._fd, self._write)
        elif not self._left:
            if self._is_writing:
                self._is_writing = False
                self._loop.remove_writer(self._fd)
            if self._is_over:
                os.close(self._fd)
                self._fd = -1

    def _write(self) -> None:
        try:
            del self._left[: os.write(self._fd, self._left[:CHUNK])]
        except BlockingIOError:
            return
        except OSError:
            self._left.clear()
            self._is_over = True
        self._go_on()
