"""Abort in a busy cell, over the ipykernel versions people have: by click, by interrupt, several at once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebook.kernel import VERSIONS, Cell, Kernel

SOON = 2.0  # seconds; on an idle machine a click ends the cell within some 20 ms

SETUP = """
import asyncio, json, os, time
import flowbench as fb

@fb.agent
async def nap(seconds):
    await asyncio.sleep(seconds)
    return seconds

@fb.agent
async def hang(seconds):
    time.sleep(seconds)  # holds the engine's own loop: no abort can be heard meanwhile

@fb.agent
def spin(_):
    while True:
        pass
"""


def flow(name: str, ref: str) -> str:
    """A cell with a Blueprint of one step."""
    return f"%%blueprint {name}\nid: {name}\nflow: {{kind: step, ref: {ref}, in: $.s, out: $.r}}\n"


@pytest.fixture(scope="module", params=VERSIONS)
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    kernel = Kernel(request.param, tmp_path_factory.mktemp("kernel"))
    try:
        told = kernel.run("import ipykernel; print(ipykernel.__version__)\n%load_ext flowbench")
        assert (told.text.strip(), told.status) == (request.param, "ok"), told
        for code in (SETUP, flow("napping", "nap"), flow("hanging", "hang"), flow("spinning", "spin")):
            assert kernel.run(code).status == "ok"
        yield kernel
    finally:
        kernel.close()


@pytest.fixture(autouse=True)
def healthy(kernel: Kernel) -> Iterator[None]:
    """After whatever a test did, the kernel runs cells, and interrupts are its own again."""
    yield
    told = kernel.run("import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, 1 + 1)")
    assert (told.text.strip(), told.status) == ("True 2", "ok"), told


def variable(kernel: Kernel, expression: str) -> object:
    told = kernel.run(f"print(json.dumps({expression}))")
    assert told.status == "ok", told
    return json.loads(told.text)


def note(kernel: Kernel, what: str, seconds: float) -> None:
    """Keep the measured time if somebody asks for it."""
    if place := os.environ.get("FLOWBENCH_LATENCIES"):
        with Path(place).open("a") as file:
            print(kernel.version, what, f"{seconds * 1000:.1f} ms", file=file)


def busy_run(kernel: Kernel, more: str = "", name: str = "napping") -> tuple[Cell, Cell, str]:
    """A cell that runs a flow for 20 s, a cell queued behind it, and the comm of its panel."""
    busy = kernel.start(f"""%fb run {name} --ctx '{{"s": 20}}' {more}""")
    after = kernel.start("print('the next cell ran')")
    comm = kernel.panel()
    time.sleep(0.3)
    return busy, after, comm


def assert_cancelled(kernel: Kernel, busy: Cell, after: Cell, why: str) -> None:
    assert busy.status == "error"
    assert [len(error["traceback"]) for error in busy.errors] == [1], busy
    assert busy.errors[0]["ename"] == "RunCancelled"
    assert why in busy.errors[0]["traceback"][0]
    assert "\n" not in busy.errors[0]["traceback"][0]
    assert (after.status, after.text) == ("aborted", "")
    assert variable(kernel, "[run.state, run.has_ended]") == ["cancelled", True]


def test_a_picked_node_is_answered_while_the_cell_is_busy(kernel: Kernel) -> None:
    busy, after, comm = busy_run(kernel)

    picked = kernel.click(comm, "look", node="0")
    told = kernel.state(comm, "facts", lambda facts: facts and facts["node"] == "0")
    answered = time.monotonic()
    still_busy = not busy.ended
    kernel.click(comm)
    kernel.finish(busy, after)

    note(kernel, "click on a node -> facts", answered - picked)
    assert still_busy
    assert (told["agent"], told["visits"], told["running"][0][0]) == ("nap", 0, "0")
    assert_cancelled(kernel, busy, after, "Aborted: User (by button)")


def test_a_question_is_answered_while_the_cell_is_busy(kernel: Kernel) -> None:
    kernel.run(
        "asked = fb.load({'id': 'asked', 'flow': {'kind': 'step', 'ref': 'nap', 'in': '$.s', 'out': '$.r'}, "
        "'spawner_hints': {'layers': ['operator_delegate']}})"
    )
    busy = kernel.start("%fb run asked --ctx {'s': 20}\nprint(run.result())")
    comm = kernel.panel()
    [form] = kernel.state(comm, "asks", lambda asks: asks and asks["open"])["open"]

    kernel.click(comm, "answer", id=form["id"], ok=True, value="told")
    kernel.finish(busy)

    assert "{'s': 20, 'r': 'told'}" in busy.text


@pytest.mark.parametrize("shell", ["main shell", "subshell"])
def test_a_click_ends_the_busy_cell_and_the_queued_one_does_not_run(kernel: Kernel, shell: str) -> None:
    if shell == "subshell" and kernel.version.startswith("6"):
        return  # ipykernel 6 has none; there is nothing to claim
    subshell = kernel.subshell() if shell == "subshell" else None
    busy, after, comm = busy_run(kernel)

    clicked = kernel.click(comm, subshell=subshell)
    kernel.finish(busy, after)

    assert busy.ended - clicked < SOON
    assert_cancelled(kernel, busy, after, "Aborted: User (by button)")
    note(kernel, f"click on the {shell} -> cell end", busy.ended - clicked)


def test_an_interrupt_ends_the_busy_cell(kernel: Kernel) -> None:
    busy, after, _ = busy_run(kernel)

    pressed = kernel.interrupt()
    kernel.finish(busy, after)

    assert busy.ended - pressed < SOON
    assert_cancelled(kernel, busy, after, "Aborted: Signal (by interrupt)")
    note(kernel, "interrupt -> cell end", busy.ended - pressed)


AWAITED = {
    "one run": "runs = [fb.launch(napping, {'s': 30})]\nprint('begun')\nawait runs[0]",
    "one run after some sleep": (
        "runs = [fb.launch(napping, {'s': 30})]\nawait asyncio.sleep(0.1)\nprint('begun')\nawait runs[0]"
    ),
    "two runs": (
        "runs = [fb.launch(napping, {'s': 30}) for _ in '12']\nprint('begun')\nawait asyncio.gather(runs[0], runs[1])"
    ),
}


@pytest.mark.parametrize("code", AWAITED.values(), ids=AWAITED.keys())
def test_an_interrupt_ends_a_cell_that_awaits(kernel: Kernel, code: str) -> None:
    busy = kernel.start(code)
    after = kernel.start("print('the next cell ran')")
    while not busy.text:
        kernel.listen(0.2)
    time.sleep(0.3)

    pressed = kernel.interrupt()
    kernel.finish(busy, after)

    assert busy.ended - pressed < SOON
    assert [error["ename"] for error in busy.errors] == ["RunCancelled"], busy
    assert len(busy.errors[0]["traceback"]) == 1
    assert "Aborted: Signal (by interrupt)" in busy.errors[0]["traceback"][0]
    assert (after.status, after.text) == ("aborted", "")
    assert variable(kernel, "[run.wait(5) and run.state for run in runs]") == ["cancelled"] * code.count("runs[")
    note(kernel, "interrupt of an awaited run -> cell end", busy.ended - pressed)


@pytest.mark.parametrize(
    "awaited", ["aio.execute_shell('sleep 600')", "aio.PtySession().start('sleep 600')", "asyncio.sleep(600)"]
)
def test_an_interrupt_ends_a_cell_that_awaits_something_else(kernel: Kernel, awaited: str) -> None:
    busy = kernel.start(f"from flowbench.tools import aio\nprint('begun')\nawait {awaited}")
    while not busy.text:
        kernel.listen(0.2)
    time.sleep(0.3)

    kernel.interrupt()
    kernel.finish(busy)  # nothing else comes that would wake the kernel's loop

    assert [error["ename"] for error in busy.errors] == ["CancelledError"], busy


@pytest.mark.parametrize(("how", "why"), [("click", "User (by button)"), ("Stop", "Signal (by interrupt)")])
def test_a_busy_python_loop_in_a_step_ends_too(kernel: Kernel, how: str, why: str) -> None:
    busy, after, comm = busy_run(kernel, name="spinning")

    asked = kernel.click(comm) if how == "click" else kernel.interrupt()
    kernel.finish(busy, after)

    assert busy.ended - asked < 5
    assert_cancelled(kernel, busy, after, f"Aborted: {why}")
    note(kernel, f"{how}, step is a busy loop -> cell end", busy.ended - asked)


def test_with_on_abort_continue_the_next_cell_runs(kernel: Kernel) -> None:
    busy, after, comm = busy_run(kernel, "--on-abort continue")

    kernel.click(comm)
    kernel.finish(busy, after)

    assert (busy.status, busy.errors) == ("ok", [])
    assert (after.status, after.text) == ("ok", "the next cell ran\n")


def test_a_timeout_ends_the_cell_with_its_reason(kernel: Kernel) -> None:
    busy, after, _ = busy_run(kernel, "--timeout 0.5")

    kernel.finish(busy, after)

    assert_cancelled(kernel, busy, after, "Aborted: Timeout (by deadline)")


def test_a_second_click_changes_nothing(kernel: Kernel) -> None:
    busy, after, comm = busy_run(kernel)

    kernel.click(comm)
    kernel.click(comm)
    kernel.finish(busy, after)

    assert_cancelled(kernel, busy, after, "Aborted: User (by button)")


def test_a_second_interrupt_leaves_a_run_that_will_not_end(kernel: Kernel) -> None:
    busy = kernel.start("""%fb run hanging --ctx '{"s": 3}'""")
    kernel.panel()
    time.sleep(0.3)

    kernel.interrupt()
    time.sleep(0.3)
    pressed = kernel.interrupt()
    kernel.finish(busy)

    assert busy.ended - pressed < SOON
    assert busy.errors[0]["ename"] == "StillRunning"
    assert len(busy.errors[0]["traceback"]) == 1
    assert kernel.run("run.wait(10)").status == "ok"
    assert variable(kernel, "run.state") == "cancelled"


def test_of_two_runs_at_once_one_is_aborted_and_the_other_goes_on(kernel: Kernel) -> None:
    background = kernel.start("""%fb run napping --ctx '{"s": 20}' --bg --out first""")
    first = kernel.panel()
    kernel.finish(background)
    waiting = kernel.start("""%fb run napping --ctx '{"s": 1.5}' --out second""")
    kernel.panel()
    time.sleep(0.3)

    kernel.click(first)
    kernel.finish(waiting)

    assert (background.status, waiting.status) == ("ok", "ok")
    assert variable(kernel, "[first.state, second.state]") == ["cancelled", "done"]
    assert variable(kernel, "first.seconds < second.started + 1.2 - first.started") is True


def test_the_output_of_an_ended_run_is_still_and_replaces_the_panel(kernel: Kernel) -> None:
    cell = kernel.run("""%fb run napping --ctx '{"s": 0.5}'""")

    first, last = cell.data[0], cell.data[-1]
    assert "application/vnd.jupyter.widget-view+json" in first
    assert sorted(last) == ["application/vnd.flowbench.run+json", "text/html", "text/plain"]
    assert "data:image/svg+xml;base64," in last["text/html"]
    assert last["application/vnd.flowbench.run+json"]["state"] == "done"


def test_reloading_the_extension_keeps_one_tap(kernel: Kernel) -> None:
    kernel.run("%reload_ext flowbench\n%reload_ext flowbench")
    busy, after, comm = busy_run(kernel)

    kernel.click(comm)
    kernel.finish(busy, after)

    assert_cancelled(kernel, busy, after, "Aborted: User (by button)")
    assert variable(kernel, "len([p for p in __import__('flowbench.runtime.waiting').runtime.waiting.pumps])") == 1


def test_a_stepped_run_leaves_the_kernel_free_and_obeys_its_buttons(kernel: Kernel) -> None:
    cell = kernel.start("""%fb run napping --ctx '{"s": 0.01}' --step""")
    comm = kernel.panel("view")
    kernel.finish(cell)
    stepper = next(id for id, state in reversed(kernel.comms) if "view" in state and "svg" not in state)

    states = [variable(kernel, "(time.sleep(0.2), run.state)[1]")]
    kernel.click(stepper, "edit", path="$.s", value="0.02")
    kernel.click(stepper, "next")
    states.append(variable(kernel, "(run.wait(5), run.state)[1]"))

    assert cell.status == "ok"
    assert comm
    assert states == ["paused", "done"]
    assert variable(kernel, "run.ctx") == {"s": 0.02, "r": 0.02}
