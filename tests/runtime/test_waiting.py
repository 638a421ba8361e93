"""Ctrl-C while a script or a cell waits, with real processes and real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import flowbench as fb
from flowbench.runtime import waiting

SCRIPT = """
import asyncio
import sys
import time
import flowbench as fb
from flowbench.runtime import waiting

@fb.agent
async def forever(value):
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if sys.argv[1] == "polite":
                raise

path = {"op": "path", "at": "$"}
run = fb.launch({"id": "t", "flow": {"kind": "step", "ref": "forever", "in": path, "out": path}}, {})
while not run.progress().running:
    time.sleep(0.005)

def say():
    print("waiting", flush=True)
    waiting.pumps.clear()

waiting.pumps.append(say)
try:
    run.result()
except fb.RunCancelled as error:
    print(error, flush=True)
except KeyboardInterrupt:
    print("given up", run.state, flush=True)
"""


def start(tmp_path: Path, manner: str) -> subprocess.Popen[str]:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    child = subprocess.Popen([sys.executable, str(script), manner], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "waiting\n"
    return child


def test_ctrl_c_aborts_the_run_with_reason_signal(tmp_path: Path) -> None:
    child = start(tmp_path, "polite")

    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=30)

    assert "Aborted: Signal (by interrupt)" in out
    assert child.returncode == 0


def test_a_second_ctrl_c_gives_up_waiting(tmp_path: Path) -> None:
    child = start(tmp_path, "rude")

    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=30)

    assert "given up running" in out


def test_the_handler_of_before_is_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)

    fb.launch({"id": "t", "flow": {"kind": "seq", "children": []}}).result(30)

    assert signal.getsignal(signal.SIGINT) is before


def test_pumps_are_called_while_the_main_thread_waits() -> None:
    calls: list[str] = []

    def pump() -> None:
        calls.append(threading.current_thread().name)

    waiting.pumps.append(pump)
    try:
        assert not waiting.wait_for(lambda seconds: bool(time.sleep(seconds)), fb.CancelToken(), 0.1)
    finally:
        waiting.pumps.remove(pump)

    assert 2 <= len(calls) <= 6
    assert set(calls) == {"MainThread"}


def test_an_interrupt_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    token = fb.CancelToken()
    try:
        threading.Timer(0.02, os.kill, [os.getpid(), signal.SIGINT]).start()
        waiting.wait_for(lambda seconds: bool(time.sleep(seconds)), token, 0.1)
    finally:
        signal.signal(signal.SIGINT, before)

    assert not token.aborted()


def test_another_thread_may_wait_too() -> None:
    found: list[object] = []
    run = fb.launch({"id": "t", "flow": {"kind": "seq", "children": []}}, {"x": 1})
    thread = threading.Thread(target=lambda: found.append(run.result(30)))

    thread.start()
    thread.join(30)

    assert found == [{"x": 1}]


def test_a_timeout_of_nothing_only_looks() -> None:
    assert waiting.wait_for(lambda _: True, fb.CancelToken(), 0)
    assert not waiting.wait_for(lambda _: False, fb.CancelToken(), 0)


def test_run_sync_without_and_with_a_loop() -> None:
    code = (
        "import asyncio, flowbench as fb\n"
        "async def one(): await asyncio.sleep(0); return 1\n"
        "assert fb.run_sync(one()) == 1\n"
        "async def main(): return fb.run_sync(one())\n"
        "assert asyncio.run(main()) == 1\n"
        "import sys; assert 'nest_asyncio' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_run_sync_refuses_a_kernels_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    async def main() -> None:
        async def one() -> int:
            return 1

        fb.run_sync(one())

    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    with pytest.raises(fb.FlowbenchError, match="write `await"):
        asyncio.run(main())


AWAITING = """
import asyncio
import flowbench as fb
from flowbench.runtime import waiting

@fb.agent
async def forever(value):
    await asyncio.sleep(60)

path = {"op": "path", "at": "$"}
bp = {"id": "t", "flow": {"kind": "step", "ref": "forever", "in": path, "out": path}}

async def main():
    runs = [fb.launch(bp), fb.launch(bp)]
    asyncio.get_running_loop().call_later(0.3, print, "waiting")
    found = await asyncio.gather(*runs, return_exceptions=True)
    print([str(error.cause) for error in found])

import functools
print = functools.partial(print, flush=True)
asyncio.run(main())
import signal
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""


def test_ctrl_c_aborts_every_run_that_is_awaited(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(AWAITING)
    child = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "waiting\n"

    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=30)

    assert out.count("by='interrupt'") == 2
    assert child.returncode == 0


FINALLY = """
import time
import flowbench as fb

@fb.agent
def slow(value):
    try:
        while True:
            time.sleep(0.05)
    finally:
        print("tidied", flush=True)

path = {"op": "path", "at": "$"}
bp = {"id": "t", "flow": {"kind": "step", "ref": "slow", "in": path, "out": path}}
try:
    fb.launch(bp, timeout=0.2).result()
except fb.RunCancelled as error:
    print(error.cause.reason, flush=True)
"""


def test_a_function_has_its_grace_also_when_the_process_ends(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(FINALLY)

    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=False)

    assert done.stdout.split() == ["Timeout", "tidied"]
    assert done.returncode == 0
