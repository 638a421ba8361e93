"""From cell to ctx, although the kernel is killed on the way: kill -9, a new kernel, resume."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from flowbench.runtime import entries, journal, store
from tests.notebook.kernel import Kernel

AGENTS = """
%load_ext flowbench
import asyncio, os, time
import flowbench as fb

def effect(name, value):
    with open("effects", "a") as file:
        file.write(f"{name} {value}\\n")

@fb.agent
def plain(value):
    effect("plain", value)
    time.sleep(0.01)
    return value + 1

@fb.agent
async def nap(value):
    effect("nap", value)
    await asyncio.sleep(0.01 * (value + 10))  # they end one after the other
    return value * 2

@fb.agent
def bad(value):
    effect("bad", value)
    raise ValueError("always")
"""

FLOW = """%%blueprint work
id: work
flow:
  kind: seq
  children:
    - {kind: step, ref: plain, in: $.x, out: $.x}
    - kind: fanout
      items: $.items
      bind: $.item
      join: all
      out: $.items
      body:
        kind: try
        body:
          kind: branch
          cond: {op: gt, lhs: $.item, rhs: {op: lit, value: 30}}
          then: {kind: step, ref: bad, in: $.item, out: $.never}
          else: {kind: step, ref: nap, in: $.item, out: $.twice}
        catch: {kind: assign, at: $.twice, value: {op: lit, value: null}}
        err_at: $.error
    - {kind: step, ref: plain, in: $.x, out: $.x}
"""

LAUNCH = 'run = fb.launch(work, {"x": 1, "items": list(range(40))})\nprint(run.id)'
ANSWER = "import json\nprint(json.dumps(run.result(), sort_keys=True))"
STEPS = 42
IN_FLIGHT = 41  # the fan-out begins all its branches at once


def prepared(folder: Path) -> Kernel:
    kernel = Kernel("", folder)
    for code in (AGENTS, FLOW):
        assert kernel.run(code).status == "ok"
    return kernel


def kill_and_resume(folder: Path, points: int) -> None:
    """Kill the kernel at random moments of one run, `points` times; each new kernel goes on with it."""
    rng, killed, run_id = random.Random(11), 0, ""
    kernel = prepared(folder)
    try:
        whole = json.loads(kernel.run(LAUNCH + "\n" + ANSWER).text.splitlines()[1])
        (folder / "effects").unlink()
        while True:
            if run_id:
                assert f"interrupted {run_id}" in kernel.run("for i in fb.runs(): print(i.state, i.id)").text
            else:
                run_id = kernel.run(LAUNCH).text.strip()
            if killed and killed == points:
                break
            before = recorded(run_id)
            if killed:
                assert kernel.run(f"run = fb.resume('{run_id}')").status == "ok"
            time.sleep(rng.uniform(0.0, 0.4 / points))
            os.kill(kernel.manager.provisioner.process.pid, signal.SIGKILL)  # type: ignore[union-attr]
            killed += 1
            kernel.close()
            assert recorded(run_id)[: len(before)] == before, "a recorded outcome is gone"
            kernel = prepared(folder)
        told = kernel.run(f"run = fb.resume('{run_id}')\n" + ANSWER)
    finally:
        kernel.close()

    assert json.loads(told.text) == whole
    visits = recorded(run_id)
    assert len(visits) == len(set(visits)) == STEPS, "a recorded step ran again"
    calls = Counter((folder / "effects").read_text().splitlines())
    assert len(calls) == STEPS
    assert sum(calls.values()) <= STEPS + killed * IN_FLIGHT


def recorded(run_id: str) -> list[str]:
    lines = journal.read(store.find(run_id))
    return [line.at for line in lines if isinstance(line, entries.Done | entries.Fail)]


@pytest.mark.slow  # also run without -m slow, in its short form
@pytest.mark.timeout(900)
def test_a_run_survives_the_kills_of_its_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("FLOWBENCH_HOME", str(tmp_path / "home"))

    kill_and_resume(tmp_path, 50 if request.config.option.markexpr == "slow" else 5)
