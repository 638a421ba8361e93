from __future__ import annotations

import time
from pathlib import Path

import pytest

from flowbench.notebook import CellFailed, CellTimedOut, NotebookTimedOut, run_notebook
from flowbench.notebook.deadline import CELL, NOTEBOOK, Limits
from flowbench.notebook.engine import carry_out
from tests.notebook.papers import DOUBLE, loaded, paper, read, statuses, text


def test_a_cell_over_its_limit_is_interrupted_and_what_it_printed_is_kept(tmp_path: Path) -> None:
    nap = "import time; time.sleep(0.6)"
    slow = "print('begun', flush=True); time.sleep(60)"
    source = paper(tmp_path / "in.ipynb", nap, nap, slow, "print('after')")

    with pytest.raises(CellTimedOut, match="cell 3 was stopped at its limit of 1 s") as raised:
        run_notebook(source, tmp_path / "out.ipynb", cell_timeout=1)

    assert (raised.value.exit_code, raised.value.cell) == (124, 2)
    executed = read(tmp_path / "out.ipynb")
    assert statuses(executed) == ["completed", "completed", "failed", "pending"]
    late = next(cell for cell in executed.cells if cell.source == slow)
    assert "begun" in text(late)
    assert "KeyboardInterrupt" in text(late)
    assert executed.metadata["flowbench"]["state"] == "timeout"


WAITS = {
    "a run that is waited for": "run = fb.launch(bp, {'x': 60}); run.result()",
    "a run in the background": "run = fb.launch(bp, {'x': 60})",
}


@pytest.mark.parametrize("code", WAITS.values(), ids=WAITS.keys())
def test_a_run_in_a_late_cell_says_timeout_not_signal(tmp_path: Path, code: str) -> None:
    source = paper(tmp_path / "in.ipynb", DOUBLE, code)

    with pytest.raises(CellTimedOut, match="limit of 2 s"):
        run_notebook(source, tmp_path / "out.ipynb", cell_timeout=2)

    [facts] = read(tmp_path / "out.ipynb").metadata["flowbench"]["runs"]
    assert (facts["state"], facts["reason"], facts["by"]) == ("cancelled", "Timeout", CELL)


def test_the_notebooks_limit_ends_its_run_with_reason_timeout(tmp_path: Path) -> None:
    line = "run = fb.launch(bp, {'x': 60}); run.result()"
    source = paper(tmp_path / "in.ipynb", DOUBLE, "1", line, "print('after')")

    with pytest.raises(NotebookTimedOut, match="the notebook was stopped in cell 3 at its limit of 4 s"):
        run_notebook(source, tmp_path / "out.ipynb", timeout=4, cell_timeout=100)

    executed = read(tmp_path / "out.ipynb")
    [facts] = executed.metadata["flowbench"]["runs"]
    assert (facts["state"], facts["reason"], facts["by"]) == ("cancelled", "Timeout", NOTEBOOK)
    assert "Aborted: Timeout (by notebook limit)" in text(next(cell for cell in executed.cells if cell.source == line))
    assert statuses(executed)[-1] == "pending"


def test_a_limit_that_has_passed_between_two_cells_lets_no_other_begin(tmp_path: Path) -> None:
    catch = "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('went on')"
    source = paper(tmp_path / "in.ipynb", catch, "print('after')")

    with pytest.raises(NotebookTimedOut):
        run_notebook(source, tmp_path / "out.ipynb", timeout=3)

    executed = read(tmp_path / "out.ipynb")
    assert statuses(executed) == ["completed", "pending"]
    assert text(executed.cells[0]).strip() == "went on"


def test_a_run_that_passes_a_limit_of_its_own_counts_as_a_timeout_too(tmp_path: Path) -> None:
    source = paper(tmp_path / "in.ipynb", DOUBLE, "fb.launch(bp, {'x': 60}, timeout=0.2).result()")

    with pytest.raises(CellFailed, match=r"cell 2 failed: RunCancelled: .*Aborted: Timeout \(by deadline\)") as raised:
        run_notebook(source, tmp_path / "out.ipynb")

    assert (raised.value.exit_code, raised.value.outcome) == (124, "timeout")


def test_a_cell_that_ignores_the_interrupt_is_killed_after_the_grace(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    notebook = loaded(paper(tmp_path / "in.ipynb", deaf))

    client = carry_out(notebook, str(tmp_path / "out.ipynb"), execution_timeout=0.5, grace=0.5)

    assert isinstance(client.ended_by, CellTimedOut)
    assert read(tmp_path / "out.ipynb").cells[0].outputs[-1].ename == "CellTimedOut"


def test_of_two_limits_the_earlier_holds_and_runs_end_before_it() -> None:
    now = time.monotonic()

    by_cell = Limits(10, 1000, now).begin(0)
    by_notebook = Limits(100, 20, now).begin(0)
    long = Limits(3600, None, now).begin(0)

    assert by_cell is not None
    assert (by_cell.by, by_cell.seconds) == (CELL, 10)
    assert now + 8.9 < by_cell.until < now + 9.5
    assert by_notebook is not None
    assert by_notebook.by == NOTEBOOK
    assert now + 17.9 < by_notebook.until < now + 18.1
    assert long is not None
    assert now + 3597 < long.until < now + 3599
    assert Limits(None, None, now).begin(0) is None
    assert isinstance(Limits(None, 1, now - 2).over(3), NotebookTimedOut)
