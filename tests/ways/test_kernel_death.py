"""From cell to ctx, although the kernel is killed on the way: kill -9, a new kernel, resume."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

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
ANSWER = "import json\nprint(json.dumps({run}.result(), sort_keys=True))"


def prepared(folder: Path) -> Kernel:
    kernel = Kernel("", folder)
    for code in (AGENTS, FLOW):
        assert kernel.run(code).status == "ok"
    return kernel


@pytest.mark.parametrize("seconds", [0.0, 0.15, 0.3])
def test_a_run_survives_the_kill_of_its_kernel(tmp_path: Path, seconds: float) -> None:
    first = prepared(tmp_path)
    try:
        whole = json.loads(first.run(LAUNCH + "\n" + ANSWER.format(run="run")).text.splitlines()[1])
        (tmp_path / "effects").unlink()
        run_id = first.run(LAUNCH).text.strip()
        time.sleep(seconds)
        os.kill(first.manager.provisioner.process.pid, signal.SIGKILL)  # type: ignore[union-attr]
    finally:
        first.close()

    second = prepared(tmp_path)
    try:
        states = second.run("print([info.state for info in fb.runs()])").text
        told = second.run(f"resumed = fb.resume('{run_id}')\n" + ANSWER.format(run="resumed"))
        count = second.run("print(sum(not step.recorded for step in resumed.steps), len(resumed.steps))").text.split()
    finally:
        second.close()

    assert "interrupted" in states
    assert json.loads(told.text) == whole
    assert int(count[1]) == 42
    calls = Counter((tmp_path / "effects").read_text().splitlines())
    assert len(calls) == 42
    assert sum(calls.values()) - 42 <= int(count[0]), "a recorded step ran again"
