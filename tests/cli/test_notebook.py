"""`flowbench notebook run` as a real process: what it prints, how it ends, what is saved, that no kernel is left."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flowbench.cli import main
from flowbench.cli.exits import Exit
from flowbench.notebook import run_notebook
from tests.cli.conftest import Command
from tests.notebook.kernel import Kernel
from tests.notebook.papers import paper, read, statuses, text

BEGIN = (
    "%load_ext flowbench\nimport agents, os, ipywidgets\nfrom pathlib import Path\nipywidgets.IntSlider(value=7)",
    "%%blueprint waiting\nid: waiting\nflow: {kind: step, ref: wait_for_abort, in: $.x, out: $.y}",
    "Path('kernel').write_text(str(os.getpid()))\nprint('begun', flush=True)",
)
RUN = "%fb run waiting --ctx {'x': 1}"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_aborts_the_run_saves_everything_and_leaves_no_kernel(
    signum: signal.Signals, flowbench: Command, desk: Path, appears: Callable[[str], None]
) -> None:
    paper(desk / "in.ipynb", *BEGIN, RUN, "print('after')")
    process = flowbench.start("notebook", "run", "in.ipynb", "out.ipynb", "--json", "--heartbeat", "pulse.json")
    appears("waiting")
    beating = json.loads((desk / "pulse.json").read_text())

    time.sleep(1)  # the step has begun; its cell gets to wait for it a moment later
    process.send_signal(signum)
    out, error = process.communicate(timeout=60)

    assert process.returncode == 128 + signum
    told = json.loads(out)
    assert (told["state"], told["cell"], told["cells"]) == ("stopped", 4, 4)
    assert f"flowbench: stopped by {signum.name} in cell 4; what had run is saved" in error
    executed = read(desk / "out.ipynb")
    cell = next(cell for cell in executed.cells if cell.source == RUN)
    assert "Aborted: Signal (by interrupt)" in text(cell)
    assert "<table>" in cell.outputs[0].data["text/html"] or "steps" in text(cell)
    assert statuses(executed) == ["completed"] * 3 + ["failed", "pending"]
    [facts] = executed.metadata["flowbench"]["runs"]
    assert (facts["blueprint"], facts["state"], facts["reason"]) == ("waiting", "cancelled", "Signal")
    states = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    assert any(state["state"].get("value") == 7 for state in states.values())
    assert beating["state"] == "running"
    assert json.loads((desk / "pulse.json").read_text())["state"] == "stopped"
    assert not is_alive(int((desk / "kernel").read_text()))


def test_a_second_signal_kills_the_kernel_at_once(
    flowbench: Command, desk: Path, appears: Callable[[str], None]
) -> None:
    deaf = (
        "signal.signal(signal.SIGINT, signal.SIG_IGN); Path('deaf').touch(); print('deaf', flush=True); time.sleep(60)"
    )
    paper(desk / "in.ipynb", *BEGIN, "import signal, time; " + deaf, "print('after')")
    process = flowbench.start("notebook", "run", "in.ipynb", "out.ipynb", "--heartbeat", "pulse.json")
    appears("deaf")

    process.send_signal(signal.SIGTERM)
    until = time.monotonic() + 30
    while json.loads((desk / "pulse.json").read_text())["state"] != "stopped":
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert process.returncode == Exit.TERMINATED
    executed = read(desk / "out.ipynb")
    assert statuses(executed) == ["completed"] * 3 + ["failed", "pending"]
    assert not is_alive(int((desk / "kernel").read_text()))


def test_a_sigint_that_is_ignored_stays_so(flowbench: Command, desk: Path, appears: Callable[[str], None]) -> None:
    wait = "import time; Path('here').touch()\nwhile not Path('go').exists(): time.sleep(0.02)"
    paper(desk / "in.ipynb", "from pathlib import Path", wait, "print('after')")
    ignore = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731  # as a shell's `&` does
    process = flowbench.start("notebook", "run", "in.ipynb", "out.ipynb", preexec_fn=ignore)
    appears("here")

    process.send_signal(signal.SIGINT)
    (desk / "go").touch()
    process.communicate(timeout=60)

    assert process.returncode == Exit.DONE
    assert text(read(desk / "out.ipynb").cells[-1]).strip() == "after"


def test_a_run_of_a_killed_kernel_goes_on_from_the_shell_to_the_same_ctx(flowbench: Command, desk: Path) -> None:
    begin = "import agents, flowbench as fb, os\nos.environ['HOLD'] = ''\n"
    begin += f"bp = 'numbers.yaml'\nimport json; start = json.loads({CTX!r})"
    kill = "run = fb.launch(bp, start, durability='process')\nwhile len(run.steps) < 20: pass\nos.kill(os.getpid(), 9)"
    (desk / "numbers.yaml").write_text(NUMBERS)
    paper(desk / "in.ipynb", begin, kill)
    whole = json.loads(flowbench("run", "numbers.yaml", "--agents", "agents.py", "--ctx", CTX, "--json").stdout)
    (desk / "calls.txt").unlink()

    died = flowbench("notebook", "run", "in.ipynb", "out.ipynb", "--json")

    told = json.loads(died.stdout)
    [run_id] = told["run_ids"]
    assert (died.returncode, told["state"], told["runs"][0]["state"]) == (Exit.KERNEL_DIED, "died", "interrupted")
    assert died.stderr.rstrip().endswith(f"go on with: flowbench resume {run_id}")
    resumed = json.loads(flowbench("resume", run_id, "--agents", "agents.py", "--json").stdout)
    assert canonical(resumed["ctx"]) == canonical(whole["ctx"])
    assert len((desk / "calls.txt").read_text().splitlines()) <= 60 + 8  # those in flight at the kill


CTX = '{"numbers": ' + json.dumps([n / 8 for n in range(60)]) + ', "ä": {"z": 1, "a": null}}'
NUMBERS = """
id: numbers
flow:
  kind: fanout
  items: $.numbers
  bind: $.x
  join: all
  out: $.halves
  body: {kind: step, ref: halve, in: $.x, out: $.half}
"""


def canonical(ctx: Any) -> bytes:
    return json.dumps(ctx, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere.ipynb", "out.ipynb"], "cannot read nowhere.ipynb: No such file or directory"),
        (["in.ipynb", "out.ipynb", "--secret", "NOT_THERE"], "secret NOT_THERE: there is no environment variable"),
        (["in.ipynb", "out.ipynb", "-p", "x-y", "1"], "parameter `x-y` is no name of a Python variable"),
        (["in.ipynb", "out.ipynb", "-f", "list.yaml"], "list.yaml holds no mapping of names to values"),
        (["in.ipynb", "out.ipynb", "-f", "bad.yaml"], "bad.yaml is no YAML: "),
        (["in.ipynb", "out.ipynb", "--timeout", "0"], "give a number of seconds above 0"),
        (["in.ipynb", "out.ipynb", "--kernel", "no-such-kernel"], "no kernel `no-such-kernel` is installed here"),
        (["in.ipynb", "out.ipynb", "--cwd", "nowhere"], "there is no such folder"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_usage_is_one_line_and_2(arguments: list[str], why: str, desk: Path) -> None:
    paper(desk / "in.ipynb", "1")
    (desk / "list.yaml").write_text("[1, 2]")
    (desk / "bad.yaml").write_text("a: [")

    told = CliRunner().invoke(main, ["notebook", "run", *arguments])

    assert (told.exit_code, told.stdout) == (Exit.USAGE, "")
    assert why in told.stderr
    assert told.stderr.count("\n") == 1
    assert not (desk / "out.ipynb").exists()


def test_parameters_come_from_files_and_options_and_a_suspicious_one_is_warned_of(desk: Path) -> None:
    paper(desk / "in.ipynb", "print([a, b, c, d, api_key])")
    (desk / "given.yaml").write_text("a: [1, {x: null}]\nb: from the file\n")
    options = ["-f", "given.yaml", "-p", "b", "2.5", "-p", "c", "True", "-r", "d", "7", "-p", "api_key", "12"]

    options += ["--timeout", "60", "--cell-timeout", "inf", "--secret", "FLOWBENCH_HOME", "--trust", "0" * 64]
    options += ["--skip-tags", "slow,slower", "--cwd", str(desk), "--heartbeat", "pulse.json"]

    told = CliRunner().invoke(main, ["notebook", "run", "in.ipynb", "out.ipynb", *options])

    assert told.exit_code == Exit.DONE, told.output
    assert text(read(desk / "out.ipynb").cells[-1]).strip() == "[[1, {'x': None}], 2.5, True, '7', 12]"
    assert "warning: no cell is tagged `parameters`" in told.stderr
    assert "warning: parameter `api_key` is written into the notebook as it is" in told.stderr
    assert "Notebook  " in told.stdout
    assert json.loads((desk / "pulse.json").read_text())["state"] == "done"


def test_a_tag_that_no_cell_has_is_warned_of(desk: Path) -> None:
    paper(desk / "in.ipynb", "print(1)")

    told = CliRunner().invoke(main, ["notebook", "run", "in.ipynb", "out.ipynb", "--tags", "nightli"])

    assert told.exit_code == Exit.DONE, told.output
    assert "warning: no cell is tagged `nightli`" in told.stderr


def test_a_notebook_gives_the_same_ctx_with_and_without_a_person(desk: Path) -> None:
    (desk / "numbers.yaml").write_text(NUMBERS)
    code = f"import agents, flowbench as fb, json\nrun = fb.launch('numbers.yaml', json.loads({CTX!r}))\n"
    show = "run.wait()\nPath = __import__('pathlib').Path\nPath('{}').write_bytes(json.dumps(run.result()).encode())"
    with Kernel("", desk) as kernel:
        assert kernel.run("%load_ext flowbench\n" + code + show.format("interactive")).status == "ok"

    run_notebook(paper(desk / "in.ipynb", code + show.format("headless")), desk / "out.ipynb", cwd=desk)

    assert (desk / "headless").read_bytes() == (desk / "interactive").read_bytes()
