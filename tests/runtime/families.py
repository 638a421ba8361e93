"""Runs that steps of other runs start; as a program, a parent whose child kills its process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import RunInfo
from tests.flows import blueprint, seq, step


def children(run: fb.Run) -> Sequence[RunInfo]:
    return fb.runs(parent=run.id)


def dies() -> Functions:
    """`first`, and `second`, which kills its process if DIES is set; both write down that they were called."""
    functions = Functions()

    def note(word: str) -> None:
        with Path(os.environ["CALLED"]).open("a") as file:
            print(word, file=file)

    def first(n: int) -> int:
        note("first")
        return n + 1

    def second(n: int) -> int:
        note("second")
        if os.environ.get("DIES"):
            os.kill(os.getpid(), signal.SIGKILL)
        return n * 2

    functions.register(first, id="first")
    functions.register(second, id="second")
    return functions


def main() -> None:
    inner = {"id": "sub", "flow": seq(step("first", "$.n", "$.n"), step("second", "$.n", "$.n"))}
    agent = {"name": "work", "kind": "flow", "spec": {"blueprint": inner, "out": "$.n"}}
    run = fb.launch(blueprint(step("work"), agents=[agent]), {"x": {"n": 1}}, functions=dies())
    run.wait(60)
    sys.exit(f"it should have died: {run!r}")


if __name__ == "__main__":
    main()
