"""A full disk: the run stops, nothing recorded is lost, and it can be resumed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import flowbench as fb
from flowbench.blueprint import Functions

SCRIPT = """
import resource, sys
import flowbench as fb
from flowbench.blueprint import Functions
from tests.flows import blueprint, seq, step

table = Functions()
count = 0

@table.agent(inline=True)
def inc(value):
    global count
    count += 1
    if count == 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (run.path.joinpath("journal.jsonl").stat().st_size + 10,) * 2)
    return value + 1

@table.agent
async def ready(value):
    while "run" not in globals():
        pass
    return value

run = fb.launch(blueprint(seq(step("ready"), *[step("inc")] * 6)), {"x": 0}, functions=table)
print(run.id, flush=True)
try:
    run.result(30)
except fb.RunFailed as error:
    print(run.state, error, flush=True)
"""


def test_the_run_is_interrupted_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    script = tmp_path / "full.py"
    script.write_text(SCRIPT)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    run_id, said = done.stdout.splitlines()
    table = Functions()

    @table.agent(inline=True)
    def inc(value: int) -> int:
        return value + 1

    @table.agent
    async def ready(value: int) -> int:
        return value

    assert said.startswith("interrupted the run cannot be recorded: no space left")
    assert f"flowbench.resume('{run_id}')" in said
    assert [info.state for info in fb.runs()] == ["interrupted"]
    assert fb.resume(run_id, functions=table).result(30) == {"x": 6}
