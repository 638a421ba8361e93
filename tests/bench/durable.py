"""Durable steps: W4 that survive kill -9, a power cut, and with a large ctx."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Figure, beside
from tests.bench.sample import SIZES, chain, ctx, wide
from tests.bench.steps import COUNTS, run

LINE = b"x" * 179 + b"\n"  # about what one step writes


def writes(n: int, *, synced: bool = False) -> None:
    """Floor: as many writes of such a line, each synced or not."""
    with tempfile.TemporaryDirectory(dir=Path(os.environ["FLOWBENCH_HOME"])) as folder:
        fd = os.open(Path(folder) / "lines", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for _ in range(n):
            os.write(fd, LINE)
            if synced:
                os.fdatasync(fd)
        os.close(fd)


def process() -> Iterator[Figure]:
    for ref, suffix in (("inline", ""), ("trivial", "-async")):
        for n in COUNTS:
            made = chain(ref, n)
            yield beside(f"W4-process{suffix}", lambda made=made: run(made, ctx(), "process"), lambda n=n: writes(n), n)
    made = wide("trivial", 1_000)
    yield beside("W4-process-fan", lambda: run(made, {}, "process"), lambda: writes(1_000), 1_000)


def power() -> Iterator[Figure]:
    n = 300
    made = chain("inline", n)
    yield beside("W4-power", lambda: run(made, ctx(), "power"), lambda: writes(n, synced=True), n)
    made = wide("turn", n)
    yield beside("W4-power-fan", lambda: run(made, {}, "power"), lambda: writes(n, synced=True), n, rounds=3)


def large() -> Iterator[Figure]:
    """The floor is the same run with a small ctx."""
    made = chain("inline", 10_000)
    for size in ("100KB", "1MB"):
        given = ctx(SIZES[size])
        yield beside(
            f"W4-{size}",
            lambda given=given: run(made, given, "process"),
            lambda: run(made, ctx(SIZES["1KB"]), "process"),
            10_000,
        )
