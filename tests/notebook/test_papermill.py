"""`papermill --engine flowbench`: the same tidy endings and exit codes under papermill's own command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbclient.exceptions import DeadKernelError
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook

from flowbench.notebook import Engine, KernelDied
from tests.notebook.papers import DOUBLE, paper, read, statuses, text

ROOT = Path(__file__).resolve().parents[2]
# papermill takes two seconds to load: loaded once, each command line is carried out in a fork. The registration is what
# the entry point does in an installed copy; the tests also run in a checkout that is not installed.
PAPERMILL = """
import json, os, sys
from papermill import cli, engines
from flowbench.notebook import Engine
from flowbench.notebook.engine import ManagedEngine
engines.papermill_engines.register("flowbench", Engine)
for line in sys.stdin:
    output, *arguments = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(output + ".said", os.O_WRONLY | os.O_CREAT), 2)
        cli.papermill(arguments)
    print(pid, flush=True)
while True:
    try:
        print(*os.wait(), flush=True)
    except ChildProcessError:
        break
"""


@pytest.fixture
def papermill() -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-Wignore", "-c", PAPERMILL]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_its_command_ends_with_the_code_of_what_happened_and_saves_the_notebook(
    papermill: subprocess.Popen[str], tmp_path: Path
) -> None:
    here = tmp_path / "here"
    wait = f"run = fb.launch(bp, {{'x': 60}}); __import__('pathlib').Path({str(here)!r}).touch(); run.result()"
    cases = {
        "well": ("import os; print(os.environ['FLOWBENCH_HEADLESS'])", [], 0, ["completed", "completed"]),
        "stopped": (wait, [], 143, ["failed", "pending"]),
        "late": ("fb.launch(bp, {'x': 60}).result()", ["--execution-timeout", "3"], 124, ["failed", "pending"]),
        "dead": ("import os; os._exit(7)", [], 138, ["failed", "pending"]),
        "failed": ("1 / 0", [], 1, ["failed", "pending"]),
    }
    assert papermill.stdin is not None
    assert papermill.stdout is not None
    pids = {}
    for name, (code, options, _, _) in cases.items():
        source = paper(tmp_path / f"{name}-in.ipynb", DOUBLE, code, "'after'", kernel="python3")
        output = str(tmp_path / f"{name}.ipynb")
        line = [output, "--engine", "flowbench", "--no-progress-bar", str(source), output, *options]
        print(json.dumps(line), file=papermill.stdin, flush=True)
        pids[name] = int(papermill.stdout.readline())
    _wait_for(here)
    os.kill(pids["stopped"], signal.SIGTERM)
    papermill.stdin.close()
    ended = dict(map(int, papermill.stdout.readline().split()) for _ in cases)

    for name, (_, _, code, ends) in cases.items():
        said = (tmp_path / f"{name}.ipynb.said").read_text()
        executed = read(tmp_path / f"{name}.ipynb")
        assert (name, os.waitstatus_to_exitcode(ended[pids[name]])) == (name, code), said
        assert statuses(executed)[1:] == ends, name
        assert ("Traceback" in said) == (name == "failed"), said
        if code not in (0, 1):
            assert executed.metadata["flowbench"]["error"] in said
            assert "An Exception was encountered" in executed.cells[0].source
    assert text(read(tmp_path / "well.ipynb").cells[1]).strip() == "1"
    for name, reason in (("stopped", "Signal"), ("late", "Timeout")):
        [facts] = read(tmp_path / f"{name}.ipynb").metadata["flowbench"]["runs"]
        assert (facts["state"], facts["reason"]) == ("cancelled", reason)


def test_a_program_that_calls_papermill_gets_papermills_exceptions(tmp_path: Path) -> None:
    papermill_engines.register("flowbench", Engine)
    failing = paper(tmp_path / "failing.ipynb", "1 / 0", kernel="python3")
    dying = paper(tmp_path / "dying.ipynb", "import os; os._exit(7)", kernel="python3")

    with pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
        execute_notebook(failing, tmp_path / "out.ipynb", engine_name="flowbench", progress_bar=False)
    with pytest.raises(DeadKernelError) as raised:
        execute_notebook(dying, tmp_path / "out.ipynb", engine_name="flowbench", progress_bar=False)

    assert isinstance(raised.value, KernelDied)


@pytest.mark.parametrize("first", ["flowbench.notebook.headless", "papermill"])
def test_papermill_and_its_engine_load_in_any_order(first: str) -> None:
    code = f"import {first}, papermill, flowbench.notebook.engine, flowbench.notebook.client"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    told = subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True)

    assert (told.returncode, told.stderr) == (0, "")


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until, f"{path.name} did not appear"
        time.sleep(0.01)
