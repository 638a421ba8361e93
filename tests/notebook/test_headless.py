from __future__ import annotations

import json
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from flowbench.blueprint import load, trust_hash
from flowbench.notebook import CellFailed, KernelDied, NotebookRefused, run_notebook
from tests.notebook.papers import DOUBLE, paper, read, statuses, tagged, text


def test_the_result_names_the_notebook_its_cells_and_its_runs(tmp_path: Path) -> None:
    facts = {"application/vnd.flowbench.run+json": {"id": "r-1", "state": "done"}, "text/plain": "done"}
    look = (
        "import os; k = get_ipython().kernel; print(os.environ['FLOWBENCH_HEADLESS'], k.parent.transport, os.getcwd())"
    )
    source = paper(
        tmp_path / "in.ipynb", "x = 1", f"display({facts!r}, raw=True)", "x + 1", look, kernel="conda-of-somebody-else"
    )
    output = tmp_path / "out.ipynb"
    lines: list[str] = []
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    result = run_notebook(source, output, log=lines.append, cwd=tmp_path)

    assert (result.notebook, result.run_ids, result.cells) == (output, ("r-1",), 4)
    assert 0 < result.seconds < 60
    assert lines[0] == "[1/4] x = 1"
    executed = read(output)
    assert text(executed.cells[2]) == "2"
    assert text(executed.cells[3]).strip() == f"1 ipc {tmp_path}"
    told = executed.metadata["flowbench"]
    assert told["runs"] == [{"id": "r-1", "state": "done"}]
    assert (told["state"], told["cells"], told["error"]) == ("done", 4, None)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_run_that_nothing_shows_is_told_of_all_the_same_also_without_the_extension(tmp_path: Path) -> None:
    launch = "run = fb.launch(bp, {'x': 1}); run.wait()"
    source = paper(
        tmp_path / "in.ipynb", DOUBLE, launch, "%load_ext flowbench", "%reload_ext flowbench", launch + "; 1/0"
    )

    with pytest.raises(CellFailed, match="cell 5 failed: ZeroDivisionError: division by zero"):
        run_notebook(source, tmp_path / "out.ipynb")

    told = read(tmp_path / "out.ipynb")
    runs = told.metadata["flowbench"]["runs"]
    assert [(run["blueprint"], run["state"]) for run in runs] == [("double", "done")] * 2
    (cell,) = [cell for cell in told.cells if cell.source == launch]
    assert "double: done, 1 step in" in text(cell)


def test_a_run_in_the_background_is_waited_for_and_told_when_it_has_ended(tmp_path: Path) -> None:
    slow = "bp['id'] = 'slow'; run = fb.launch(bp, {'x': 0.5})"
    paused = "held = fb.debug(bp, {'x': 0}); held.wait()"
    source = paper(tmp_path / "in.ipynb", DOUBLE, paused, slow)

    result = run_notebook(source, tmp_path / "out.ipynb")

    assert [(run["state"], run.get("by")) for run in result.runs] == [("cancelled", "end of notebook"), ("done", None)]
    last = read(tmp_path / "out.ipynb").cells[-1]
    assert "slow: running" in text(last)
    assert "slow: done, 1 step in" in text(last)


def test_a_kernel_whose_cells_do_not_use_flowbench_does_not_load_it(tmp_path: Path) -> None:
    look = "import sys; print(*sorted(name for name in sys.modules if name.startswith('flowbench')))"

    run_notebook(paper(tmp_path / "in.ipynb", look), tmp_path / "out.ipynb")

    loaded = text(read(tmp_path / "out.ipynb").cells[0]).split()
    assert "flowbench.notebook.unattended" in loaded
    assert not {"flowbench.blueprint", "flowbench.cancel", "flowbench.engine", "flowbench.runtime.run"} & set(loaded)


def test_a_run_that_no_ledger_knows_is_waited_for_all_the_same(tmp_path: Path) -> None:
    lose = "import os; os.environ['FLOWBENCH_LEDGER'] = '/nope/runs.jsonl'"
    source = paper(tmp_path / "in.ipynb", DOUBLE, lose, "run = fb.launch(bp, {'x': 1})")

    result = run_notebook(source, tmp_path / "out.ipynb")

    assert [facts["state"] for facts in result.runs] == ["done"]


def test_parameters_reach_the_cell_tagged_for_them_and_tags_choose_cells(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "x = 1", "print(x)", "print('slow')", "print('plain')", "print('also')")
    tagged(source, ["parameters"], ["show"], ["show", "slow"], [], ["always"])
    warned: list[str] = []

    result = run_notebook(
        source, tmp_path / "out.ipynb", parameters={"x": "seven"}, tags=["show"], skip_tags=["slow"], warn=warned.append
    )

    assert (result.cells, warned) == (4, [])
    executed = read(tmp_path / "out.ipynb")
    assert [text(cell).strip() for cell in executed.cells] == ["", "", "seven", "", "", "also"]
    assert statuses(executed) == ["completed", "completed", "completed", "skipped", "skipped", "completed"]


def test_a_foreign_kernel_called_python3_is_never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = tmp_path / "bogus-was-started"
    spec = {"argv": ["touch", str(trace)], "display_name": "bogus", "language": "python"}
    for variable in ("JUPYTER_PATH", "JUPYTER_DATA_DIR"):
        bogus = tmp_path / variable / "kernels" / "python3"
        bogus.mkdir(parents=True)
        (bogus / "kernel.json").write_text(json.dumps(spec))
        monkeypatch.setenv(variable, str(tmp_path / variable))
    source = paper(tmp_path / "in.ipynb", "import sys; print(sys.executable)", kernel="python3")

    run_notebook(source, tmp_path / "out.ipynb")

    assert text(read(tmp_path / "out.ipynb").cells[0]).strip() == sys.executable
    assert not trace.exists()


def test_a_kernel_that_is_asked_for_by_name_is_taken_also_one_that_has_no_flowbench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "share" / "kernels" / "mine"
    mine.mkdir(parents=True)
    alone = (
        "import sys; sys.modules['flowbench'] = None\nfrom ipykernel.kernelapp import launch_new_instance as go; go()"
    )
    argv = [sys.executable, "-c", alone, "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "mine", "language": "python", "env": {"WHOSE": "mine"}}
    (mine / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    look = "import os; print(os.environ['WHOSE'], os.environ['FLOWBENCH_HEADLESS'])"

    run_notebook(paper(tmp_path / "in.ipynb", look), tmp_path / "out.ipynb", kernel="mine")

    assert text(read(tmp_path / "out.ipynb").cells[0]).strip() == "mine 1"
    with pytest.raises(NotebookRefused, match="no kernel `mime` is installed here; did you mean `mine`"):
        run_notebook(tmp_path / "in.ipynb", tmp_path / "out.ipynb", kernel="mime")


def test_a_long_temporary_folder_still_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    source = paper(tmp_path / "in.ipynb", "print('well', get_ipython().kernel.parent.transport)")

    run_notebook(source, tmp_path / "out.ipynb")

    assert text(read(tmp_path / "out.ipynb").cells[0]).strip() == "well tcp"
    assert list(folder.iterdir()) == []


def test_a_kernel_is_not_interrupted_in_its_last_answer(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    slow = """
import time
handlers = get_ipython().kernel.shell_handlers
answer = handlers["kernel_info_request"]
async def slowly(*args):
    await answer(*args)
    time.sleep(0.5)
handlers["kernel_info_request"] = slowly
"""
    result = run_notebook(paper(tmp_path / "in.ipynb", slow), tmp_path / "out.ipynb")

    assert (result.cells, capfd.readouterr().err) == (1, "")


def test_a_failing_cell_is_named_and_the_rest_does_not_run(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", "1", "1 / 0", "print('after')")

    with pytest.raises(CellFailed) as raised:
        run_notebook(source, tmp_path / "out.ipynb")

    assert str(raised.value) == "cell 2 failed: ZeroDivisionError: division by zero"
    executed = read(tmp_path / "out.ipynb")
    assert statuses(executed) == ["completed", "failed", "pending"]
    assert [cell.cell_type for cell in executed.cells].count("markdown") == 2  # papermill's banners
    assert executed.metadata["flowbench"]["state"] == "failed"
    assert executed.metadata["flowbench"]["runs"] == []


def test_a_dead_kernel_is_told_as_such_and_its_run_is_interrupted(tmp_path: Path) -> None:
    die = "import os, threading; threading.Timer(0.3, os._exit, [7]).start()"
    source = paper(tmp_path / "in.ipynb", DOUBLE, die, "run = fb.launch(bp, {'x': 60}); run.wait()", "print('after')")

    with pytest.raises(KernelDied, match=r"the kernel died in cell 3 \(exit code 7\)") as raised:
        run_notebook(source, tmp_path / "out.ipynb")

    assert (raised.value.cell, raised.value.status, raised.value.exit_code) == (2, 7, 138)
    executed = read(tmp_path / "out.ipynb")
    assert statuses(executed)[-3:] == ["completed", "failed", "pending"]
    dead, after = executed.cells[-2:]
    assert dead.outputs[-1].ename == "KernelDied"
    assert after.outputs == []
    assert executed.metadata["flowbench"]["state"] == "died"


def test_a_killed_kernel_names_the_signal_and_what_the_notebook_says_of_its_run_is_true(tmp_path: Path) -> None:
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    source = paper(tmp_path / "in.ipynb", DOUBLE, "run = fb.launch(bp, {'x': 60})", kill)

    with pytest.raises(KernelDied, match="killed by SIGKILL") as raised:
        run_notebook(source, tmp_path / "out.ipynb")

    assert raised.value.status == -signal.SIGKILL
    [facts] = read(tmp_path / "out.ipynb").metadata["flowbench"]["runs"]
    assert (facts["blueprint"], facts["state"]) == ("double", "interrupted")
    assert facts["id"].startswith("r-")


def test_the_output_is_replaced_as_a_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    place, link = tmp_path / "place.ipynb", tmp_path / "link.ipynb"
    place.write_text("old")
    place.chmod(0o640)
    link.symlink_to(place)

    with place.open() as reader:
        run_notebook(paper(tmp_path / "in.ipynb", "1"), link)
        assert reader.read() == "old"

    assert link.is_symlink()
    assert read(place).metadata["flowbench"]["state"] == "done"
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.ipynb", "link.ipynb", "place.ipynb"]


def test_a_secret_never_reaches_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "pa<ss>wörd")
    say = "import os; key = os.environ['API_KEY']; print(key[:4], end='', flush=True); print(key[4:]); {'k': key}"
    source = paper(tmp_path / "in.ipynb", say, "raise ValueError(key)")

    with pytest.raises(CellFailed, match=r"ValueError: \[secret:API_KEY\]"):
        run_notebook(source, tmp_path / "out.ipynb", secrets=["API_KEY"])

    written = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert "wörd" not in written
    assert written.count("[secret:API_KEY]") >= 4


def test_commands_of_a_file_run_only_in_an_execution_that_allows_its_hash(tmp_path: Path) -> None:
    agent = "{name: list, kind: subprocess, spec: {program: echo, args: [well]}}"
    flow = "{kind: step, ref: list, in: $, out: $.said}"
    (tmp_path / "commands.yaml").write_text(f"id: commands\nagents: [{agent}]\nflow: {flow}\n")
    source = paper(tmp_path / "in.ipynb", "import flowbench as fb; fb.launch('commands.yaml').result()")
    hash = trust_hash(load(tmp_path / "commands.yaml"))

    allowed = run_notebook(source, tmp_path / "out.ipynb", cwd=tmp_path, trust=["0" * 64, hash])
    with pytest.raises(CellFailed, match="UntrustedBlueprint"):  # it was allowed for that execution only
        run_notebook(source, tmp_path / "out.ipynb", cwd=tmp_path, trust=["0" * 64])

    assert [run["state"] for run in allowed.runs] == ["done"]


NOWHERE: dict[str, Any] = {"source": "nowhere.ipynb"}
REFUSED = [
    (NOWHERE, "cannot read .*nowhere.ipynb: No such file"),
    ({"source": "text.ipynb"}, "text.ipynb is no notebook: "),
    ({"output": "no/folder/out.ipynb"}, "the folder .*no/folder does not exist"),
    ({"output": "."}, "it is a folder"),
    ({"parameters": {"x-y": 1}}, "parameter `x-y` is no name of a Python variable"),
    ({"parameters": {"class": 1}}, "parameter `class` is no name"),
    ({"secrets": ["NOT_THERE_AT_ALL"]}, "no environment variable of this name"),
    ({"trust": ["abc"]}, "trust 'abc': no hash of a Blueprint"),
    ({"heartbeat": Path("no/folder/pulse.json")}, "cannot write"),
]


@pytest.mark.parametrize(("asked", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_what_cannot_be_executed_is_refused_in_one_line(asked: dict[str, Any], why: str, tmp_path: Path) -> None:
    (tmp_path / "text.ipynb").write_text("just text")
    paper(tmp_path / "in.ipynb", "1")
    asked = dict(asked)
    source, output = tmp_path / asked.pop("source", "in.ipynb"), tmp_path / asked.pop("output", "out.ipynb")

    with pytest.raises(NotebookRefused, match=why) as raised:
        run_notebook(source, output, **asked)

    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 2
