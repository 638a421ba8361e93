"""Process trees that resist, and how to see what is left of them."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from flowbench.process.tagged import RUN, bearing

T = TypeVar("T")

WAIT = "while :; do sleep 0.05; done"
PYTHON_DAEMON = """
import os, sys, time, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 256)
        os.execve(sys.executable, [sys.executable, '-S', '-c', 'import time; time.sleep(600)', sys.argv[1]], {})
    os._exit(0)
os.wait()
print('up', flush=True)
time.sleep(600)
"""
HOSTILE = {
    "ignores TERM": ["sh", "-c", f"trap '' TERM INT HUP; echo up; {WAIT}"],
    "setsid grandchild": ["sh", "-c", f"setsid sh -c '{WAIT}' & echo up; {WAIT}"],
    "setsid daemon": ["sh", "-c", f"(setsid sh -c '{WAIT}' >/dev/null 2>&1 &) ; echo up; {WAIT}"],
    "TERM-ignoring daemon": ["sh", "-c", f"(setsid sh -c \"trap '' TERM; {WAIT}\" &) ; echo up; {WAIT}"],
    "double fork without environment or files": [sys.executable, "-S", "-c", PYTHON_DAEMON],
    "stopped": ["sh", "-c", f"(kill -STOP $(sh -c 'echo $PPID'); {WAIT}) & echo up; {WAIT}"],
    "storm of 100": [
        "sh",
        "-c",
        "n=0; while [ $n -lt 100 ]; do (trap '' TERM; exec sleep 600) & n=$((n+1)); done; echo up; wait",
    ],
}

linux = pytest.mark.skipif(sys.platform != "linux", reason="subreapers and /proc are Linux")


def tag() -> str:
    return f"test-{os.getpid()}-{secrets.token_hex(4)}"


def survivors(word: str) -> set[int]:
    """Processes that bear the word in their environment, or were called with it."""
    return bearing(RUN, word) | {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _named(pid, word)}


def _named(pid: int, word: str) -> bool:
    try:
        return word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


class Heard:
    """A voice that keeps what it is told. up: set when a child says so on its stdout."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.up = asyncio.Event()

    def __call__(self, stream: str, text: str) -> None:
        self.lines += [(stream, line) for line in text.splitlines()]
        if ("stdout", "up") in self.lines:
            self.up.set()

    def of(self, stream: str) -> list[str]:
        return [text for each, text in self.lines if each == stream]


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Block until it holds. Raises: AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def run(work: Coroutine[Any, Any, T], seconds: float = 60.0) -> T:
    """On a loop of its own; a test that hangs fails."""
    return asyncio.run(asyncio.wait_for(work, seconds))
