from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from papermill.engines import papermill_engines
from papermill.execute import execute_notebook

from flowbench.notebook import CellFailed, CellTimedOut, KernelDied, run_notebook
from flowbench.notebook.headless import Engine
from tests.notebook.papers import paper, read, text

ROOT = Path(__file__).resolve().parents[2]

RUNNER = """
import sys
from pathlib import Path
from flowbench.notebook import NotebookError, run_notebook

try:
    run_notebook(Path(sys.argv[1]), Path(sys.argv[2]))
except NotebookError as error:
    print(error.code, "|", error)
"""


def start(source: Path, output: Path, **environment: str) -> subprocess.Popen[str]:
    """The same in a process of its own, which can be sent signals."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.Popen(
        [sys.executable, "-c", RUNNER, source, output], stdout=subprocess.PIPE, text=True, env=environment
    )


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < until, f"{path.name} did not appear"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_result_names_the_notebook_its_cells_and_its_runs(tmp_path: Path) -> None:
    facts = {"application/vnd.flowbench.run+json": {"id": "r-1", "state": "done"}, "text/plain": "done"}
    source = paper(tmp_path / "in.ipynb", "x = 1", f"display({facts!r}, raw=True)", "x + 1")
    output = tmp_path / "out.ipynb"
    lines: list[str] = []

    result = run_notebook(source, output, log=lines.append)

    assert (result.notebook, result.run_ids, result.cells) == (output, ("r-1",), 3)
    assert 0 < result.seconds < 60
    assert lines[0] == "[1/3] x = 1"
    executed = read(output)
    assert text(executed.cells[2]) == "2"
    assert executed.metadata["flowbench"] == {"runs": [{"id": "r-1", "state": "done"}]}


def test_a_run_that_nothing_shows_is_told_of_all_the_same(tmp_path: Path) -> None:
    code = """
%load_ext flowbench
import flowbench as fb
path = {"op": "path", "at": "$"}
@fb.agent
def same(value): return value
bp = {"id": "quiet", "flow": {"kind": "step", "ref": "same", "in": path, "out": path}}
"""
    launch = "run = fb.launch(bp); run.wait()"
    source = paper(tmp_path / "in.ipynb", code, "%reload_ext flowbench", launch, launch + "; 1 / 0")

    with pytest.raises(CellFailed):
        run_notebook(source, tmp_path / "out.ipynb")

    told = read(tmp_path / "out.ipynb")
    runs = told.metadata["flowbench"]["runs"]
    assert [(run["blueprint"], run["state"]) for run in runs] == [("quiet", "done")] * 2
    (cell,) = [cell for cell in told.cells if cell.source == launch]
    assert "quiet: done, 1 step in" in text(cell)


def test_parameters_reach_the_cell_tagged_for_them(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "x = 1", "print(x)")
    notebook = read(source)
    notebook.cells[0].metadata["tags"] = ["parameters"]
    source.write_text(json.dumps(notebook))

    run_notebook(source, tmp_path / "out.ipynb", parameters={"x": "seven"})

    assert text(read(tmp_path / "out.ipynb").cells[-1]).strip() == "seven"


@pytest.mark.parametrize("variable", ["JUPYTER_PATH", "JUPYTER_DATA_DIR"])
def test_a_foreign_kernel_called_python3_is_never_started(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bogus = tmp_path / "share" / "kernels" / "python3"
    bogus.mkdir(parents=True)
    trace = tmp_path / "bogus-was-started"
    spec = {"argv": ["touch", str(trace)], "display_name": "bogus", "language": "python"}
    (bogus / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv(variable, str(tmp_path / "share"))
    source = paper(tmp_path / "in.ipynb", "import sys; print(sys.executable)", kernel="python3")

    run_notebook(source, tmp_path / "out.ipynb")

    assert text(read(tmp_path / "out.ipynb").cells[0]).strip() == sys.executable
    assert not trace.exists()


def test_a_kernel_name_that_exists_nowhere_here_does_not_matter(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "6 * 7", kernel="conda-env-of-somebody-else")

    run_notebook(source, tmp_path / "out.ipynb")

    assert text(read(tmp_path / "out.ipynb").cells[0]) == "42"


def test_the_kernel_knows_that_nobody_watches_and_opens_no_port(tmp_path: Path) -> None:
    look = "import os; k = get_ipython().kernel; print(os.environ['FLOWBENCH_HEADLESS'], k.parent.transport)"
    source = paper(tmp_path / "in.ipynb", look)

    run_notebook(source, tmp_path / "out.ipynb")

    assert text(read(tmp_path / "out.ipynb").cells[0]).strip() == "1 ipc"


def test_a_long_temporary_folder_still_works(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    source = paper(tmp_path / "in.ipynb", "print('well')")

    told, _ = start(source, tmp_path / "out.ipynb", TMPDIR=str(folder)).communicate(timeout=60)

    assert told == ""
    assert text(read(tmp_path / "out.ipynb").cells[0]).strip() == "well"
    assert list(folder.iterdir()) == []


def test_a_failing_cell_is_named_and_the_rest_does_not_run(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "1", "1 / 0", "print('after')")

    with pytest.raises(CellFailed) as raised:
        run_notebook(source, tmp_path / "out.ipynb")

    assert str(raised.value) == "cell 2 failed: ZeroDivisionError: division by zero"
    executed = read(tmp_path / "out.ipynb")
    assert [cell.metadata.papermill["status"] for cell in executed.cells if cell.cell_type == "code"] == [
        "completed", "failed", "pending",
    ]  # fmt: skip
    assert executed.metadata["flowbench"] == {"runs": []}


def test_a_dead_kernel_is_told_as_such(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "print('one')", "import os; os._exit(7)", "print('after')")

    with pytest.raises(KernelDied, match=r"the kernel died in cell 2 \(exit code 7\)") as raised:
        run_notebook(source, tmp_path / "out.ipynb")

    assert (raised.value.cell, raised.value.status) == (1, 7)
    first, dead, after = read(tmp_path / "out.ipynb").cells
    assert text(first).strip() == "one"
    assert dead.metadata.papermill["status"] == "failed"
    assert dead.outputs[-1].ename == "KernelDied"
    assert after.outputs == []


def test_a_killed_kernel_names_the_signal(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    with pytest.raises(KernelDied, match="killed by SIGKILL") as raised:
        run_notebook(source, tmp_path / "out.ipynb")

    assert raised.value.status == -signal.SIGKILL


def test_a_cell_over_its_limit_is_interrupted_and_what_it_printed_is_kept(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "import time; print('begun', flush=True); time.sleep(60)", "print('after')")

    with pytest.raises(CellTimedOut, match="limit of 1 s"):
        run_notebook(source, tmp_path / "out.ipynb", cell_timeout=1)

    slow, after = [cell for cell in read(tmp_path / "out.ipynb").cells if cell.cell_type == "code"]
    assert "begun" in text(slow)
    assert "KeyboardInterrupt" in text(slow)
    assert after.outputs == []


def test_the_limit_holds_for_each_cell_alone(tmp_path: Path) -> None:
    nap = "import time; time.sleep(0.6)"
    source = paper(tmp_path / "in.ipynb", nap, nap, nap)

    result = run_notebook(source, tmp_path / "out.ipynb", cell_timeout=1.5)

    assert result.cells == 3


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_the_cell_saves_the_notebook_and_leaves_no_kernel(signum: int, tmp_path: Path) -> None:
    here, output = tmp_path / "here", tmp_path / "out.ipynb"
    source = paper(
        tmp_path / "in.ipynb",
        "import ipywidgets; ipywidgets.IntSlider(value=7)",
        f"import os, time; from pathlib import Path\n"
        f"print('begun', flush=True); Path({str(here)!r}).write_text(str(os.getpid())); time.sleep(60)",
        "print('after')",
    )
    process = start(source, output)
    wait_for(here)
    time.sleep(0.1)

    process.send_signal(signum)
    told, _ = process.communicate(timeout=15)

    assert (
        told.strip() == f"notebook_stopped | stopped by {signal.Signals(signum).name} in cell 2; what had run is saved"
    )
    executed = read(output)
    slow = next(cell for cell in executed.cells if "sleep" in cell.source)
    assert "begun" in text(slow)
    assert "KeyboardInterrupt" in text(slow)
    states = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    assert any(state["state"].get("value") == 7 for state in states.values())
    assert not is_alive(int(here.read_text()))


RUNNING = (
    "%load_ext flowbench\nimport asyncio\nimport flowbench as fb\nfrom pathlib import Path",
    "@fb.agent\nasync def nap(place):\n    Path(place).touch()\n    await asyncio.sleep(60)",
    "%%blueprint napping\nid: napping\nflow: {kind: step, ref: nap, in: $.place, out: $.done}",
)


def test_a_signal_aborts_the_run_in_the_cell_and_its_facts_are_kept(tmp_path: Path) -> None:
    begun, output = tmp_path / "begun", tmp_path / "out.ipynb"
    line = f"%fb run napping --ctx {{'place': {str(begun)!r}}}"
    process = start(paper(tmp_path / "in.ipynb", *RUNNING, line, "print('after')"), output)
    wait_for(begun)
    time.sleep(0.3)

    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=15)

    assert told.startswith("notebook_stopped |")
    executed = read(output)
    [facts] = executed.metadata["flowbench"]["runs"]
    assert (facts["blueprint"], facts["state"]) == ("napping", "cancelled")
    cell = next(cell for cell in executed.cells if cell.source == line)
    assert "Aborted: Signal (by interrupt)" in text(cell)
    assert "<table>" in cell.outputs[0].data["text/html"]


def test_a_limit_aborts_the_run_in_the_cell(tmp_path: Path) -> None:
    line = f"%fb run napping --ctx {{'place': {str(tmp_path / 'begun')!r}}}"

    with pytest.raises(CellTimedOut):
        run_notebook(paper(tmp_path / "in.ipynb", *RUNNING, line), tmp_path / "out.ipynb", cell_timeout=4)

    [facts] = read(tmp_path / "out.ipynb").metadata["flowbench"]["runs"]
    assert facts["state"] == "cancelled"


def test_a_run_whose_kernel_dies_leaves_its_id(tmp_path: Path) -> None:
    begun, output = tmp_path / "begun", tmp_path / "out.ipynb"
    die = "import os, threading; threading.Timer(1, os._exit, [9]).start()"
    line = f"%fb run napping --ctx {{'place': {str(begun)!r}}}"

    with pytest.raises(KernelDied):
        run_notebook(paper(tmp_path / "in.ipynb", *RUNNING, die, line), output)

    [facts] = read(output).metadata["flowbench"]["runs"]
    assert (facts["blueprint"], facts["state"]) == ("napping", "running")
    assert facts["id"].startswith("r-")


def test_a_second_signal_gives_up_at_once_and_leaves_no_kernel(tmp_path: Path) -> None:
    here, output = tmp_path / "here", tmp_path / "out.ipynb"
    source = paper(
        tmp_path / "in.ipynb",
        "import os, signal, time; from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"Path({str(here)!r}).write_text(str(os.getpid())); time.sleep(60)",
    )
    process = start(source, output)
    wait_for(here)
    time.sleep(0.1)

    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert process.returncode != 0
    assert not is_alive(int(here.read_text()))


def test_a_cell_that_ignores_the_interrupt_is_killed_after_the_grace(tmp_path: Path) -> None:
    source = paper(
        tmp_path / "in.ipynb", "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    )
    papermill_engines.register("flowbench", Engine)
    how = {"engine_name": "flowbench", "kernel_name": "python3", "progress_bar": False}

    with pytest.raises(CellTimedOut):
        execute_notebook(source, tmp_path / "out.ipynb", **how, execution_timeout=0.5, grace=0.5)

    assert read(tmp_path / "out.ipynb").cells[0].outputs[-1].ename == "CellTimedOut"


def test_the_handlers_of_signals_are_put_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    run_notebook(paper(tmp_path / "in.ipynb", "1"), tmp_path / "out.ipynb")

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_papermill_itself_knows_the_engine(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "import os; print(os.environ['FLOWBENCH_HEADLESS'])", kernel="python3")
    code = (
        "from papermill import cli, engines; from flowbench.notebook.headless import Engine; "
        "engines.papermill_engines.register('flowbench', Engine); cli.papermill()"
    )
    papermill = [sys.executable, "-c", code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    told = subprocess.run(
        [*papermill, "--engine", "flowbench", "--no-progress-bar", source, tmp_path / "out.ipynb"],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip

    assert told.returncode == 0, told.stderr
    assert text(read(tmp_path / "out.ipynb").cells[0]).strip() == "1"


@pytest.mark.parametrize("first", ["flowbench.notebook.headless", "flowbench.notebook.client", "papermill"])
def test_papermill_and_its_engine_load_in_any_order(first: str) -> None:
    code = f"import {first}, papermill, flowbench.notebook.engine, flowbench.notebook.headless"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    told = subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True)

    assert (told.returncode, told.stderr) == (0, "")
