"""Shells: a command on a live session, 64 MiB of output, and from an abort until nothing of a tree is left."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

from flowbench.process.tagged import RUN
from flowbench.tools import Shell, execute_shell
from tests.bench.measure import Figure, beside, told
from tests.process.trees import WAIT, survivors

COMMANDS = 200
SIZE = 64 << 20
MIB = f"head -c {SIZE} /dev/zero"
TREES = {
    "shell-kill": "sleep 600 & sh -c 'sleep 600 & sleep 600' & echo up; wait",
    "shell-kill-hostile": f"(setsid sh -c \"trap '' TERM; {WAIT}\" &); (trap '' TERM; {WAIT}) & echo up; {WAIT}",
}


def command() -> Iterator[Figure]:
    """The floor: bytes to a bare bash and back; for a session that is new each time, a bare bash that is."""
    bare = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert bare.stdin is not None
    assert bare.stdout is not None

    def there_and_back() -> None:
        for _ in range(COMMANDS):
            bare.stdin.write(b"true\necho $?\n")
            bare.stdout.read(16)

    with Shell() as shell, bare:
        shell.run("true")
        yield beside("shell-command", lambda: [shell.run("true") for _ in range(COMMANDS)], there_and_back, COMMANDS)
        bare.stdin.close()
    yield beside("shell-fresh", lambda: execute_shell("true"), lambda: subprocess.run(["bash", "-c", "true"]), 1)


def stream() -> Iterator[Figure]:
    """The floor: a pipe that is read to its end."""

    def plain() -> None:
        with subprocess.Popen(["sh", "-c", MIB], stdout=subprocess.PIPE, bufsize=0) as child:
            assert child.stdout is not None
            size = 0
            while chunk := os.read(child.stdout.fileno(), 1 << 16):
                size += len(chunk)
            assert size == SIZE

    with Shell() as shell:

        def heard() -> None:
            sizes: list[int] = []
            shell.run(MIB, on_chunk=lambda text: sizes.append(len(text)))
            assert sum(sizes) == SIZE

        yield beside("shell-stream", heard, plain, 1)


def kill() -> Iterator[Figure]:
    """The floor: TERM to a process group that obeys, and its leader is gone. Survivors fail the work."""
    for name, tree in TREES.items():
        yield beside(name, lambda tree=tree: aborted(tree), group_killed, 1, each=1, clock=told)


def aborted(tree: str) -> float:
    """Seconds from the abort to the return of the command, of whose tree nothing is left then."""
    word = f"bench-{secrets.token_hex(4)}"
    at: list[float] = []
    with Shell(session_env={RUN: word}) as shell:

        def abort() -> None:
            at.append(time.perf_counter())
            shell.abort()

        later: Callable[[str], object] = lambda _: threading.Timer(0.1, abort).start()  # noqa: E731
        assert shell.run(tree, on_chunk=later).cancelled
        took = time.perf_counter() - at[0]
        assert not survivors(word)
    return took


def group_killed() -> float:
    child = subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"], start_new_session=True)
    time.sleep(0.1)
    began = time.perf_counter()
    os.killpg(child.pid, signal.SIGTERM)
    child.wait()
    return time.perf_counter() - began
