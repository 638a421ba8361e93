"""Start-up: W7, what an import costs in time and a first piece of work in memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

from tests.bench.measure import Figure, beside

IN_KERNEL = "asyncio, json, logging, threading, typing, dataclasses, concurrent.futures, pathlib, secrets"
IMPORT = f"import {IN_KERNEL}, time; t = time.perf_counter(); import {{}}; print(time.perf_counter() - t)"
PEAK = "print(int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024)"
"""MB. Not ru_maxrss, which a process inherits from the one that has started it: here the benchmark itself."""

MEMORY = f"""
from tests.bench.sample import chain, ctx, wide
from tests.bench.steps import run
run(chain("inline", 1000), ctx()); run(wide("trivial", 1000), {{}})
if N: run(wide("trivial", 10000), {{}})
{PEAK}
"""
BARE = f"import asyncio; {PEAK}"


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def said(code: str, rounds: int = 5) -> float:
    """Median of the number that fresh processes print."""
    return statistics.median(float(python(code)) for _ in range(rounds))


def imported() -> Iterator[Figure]:
    """Where a kernel's own modules are there already; the front door alone, and with what `launch` loads."""
    floor = said(IMPORT.format("string"))
    for name, what in (("W7-import", "flowbench"), ("W7-import-launch", "flowbench; flowbench.launch")):
        yield Figure(name, said(IMPORT.format(what)) * 1e6, floor * 1e6, 1)


def cold() -> Iterator[Figure]:
    for name, code in (("W7-cold", "import flowbench"), ("W7-cold-launch", "import flowbench; flowbench.launch")):
        yield beside(name, lambda code=code: python(code), lambda: python("pass"), 1)

    def help() -> None:
        subprocess.run([sys.executable, "-m", "flowbench", "--help"], capture_output=True, check=True)

    yield beside("W7-help", help, lambda: python("pass"), 1)


def memory() -> Iterator[Figure]:
    """us and floor_us are MB here: the most that was resident, after W1 and W2, of 1,000 and of 10,000 items."""
    floor = said(BARE, 1)
    for n, large in ((1_000, 0), (10_000, 1)):
        yield Figure("W7-memory", said(f"N = {large}\n{MEMORY}", 3), floor, n)
