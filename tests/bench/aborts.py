"""Aborts: W6, from the call to control back and the work stopped."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import flowbench as fb
from flowbench.blueprint import Functions
from tests.bench.measure import Figure, beside, told
from tests.bench.sample import chain, functions, wide
from tests.flows import blueprint, step


def stopped(made, under_way: int) -> float:
    """Seconds from abort to the end of a run whose bodies all sleep."""
    run = fb.launch(made, {"x": 1}, functions=functions, durability="memory")
    while len(run.recorder.running) < under_way:
        time.sleep(0.001)
    time.sleep(0.02)
    began = time.perf_counter()
    run.abort()
    run.wait()
    took = time.perf_counter() - began
    assert len([s for s in run.steps if s.status == "cancelled"]) == under_way
    return took


def cancelled(n: int) -> float:
    """Floor: as many bare tasks on a loop in another thread."""
    loop, ready, gone = asyncio.new_event_loop(), threading.Event(), threading.Event()

    async def main() -> None:
        nonlocal tasks
        tasks = [asyncio.ensure_future(asyncio.sleep(600)) for _ in range(n)]
        loop.call_soon(ready.set)
        await asyncio.wait(tasks)
        gone.set()

    def cancel() -> None:
        for task in tasks:
            task.cancel()

    tasks: list[asyncio.Future[None]] = []
    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    ready.wait()
    time.sleep(0.02)
    began = time.perf_counter()
    loop.call_soon_threadsafe(cancel)
    gone.wait()
    took = time.perf_counter() - began
    thread.join()
    loop.close()
    return took


def heard() -> float:
    """Floor: a thread that looks at an Event hears of it."""
    event, gone = threading.Event(), threading.Event()

    def spin() -> None:
        while not event.is_set():
            pass
        gone.set()

    threading.Thread(target=spin).start()
    time.sleep(0.02)
    began = time.perf_counter()
    event.set()
    gone.wait()
    return time.perf_counter() - began


def left() -> Iterator[tuple[float, float]]:
    """(control back, work stopped) of a busy function that looks at its token."""
    table = Functions()
    began, ended = threading.Event(), threading.Event()

    @table.agent
    def busy(value: int, token: fb.CancelToken) -> None:
        began.set()
        try:
            while True:
                token.heartbeat()
                sum(range(1000))
        finally:
            ended.set()

    for _ in range(6):
        began.clear()
        ended.clear()
        run = fb.launch(blueprint(step("busy")), {"x": 1}, functions=table, durability="memory")
        began.wait()
        time.sleep(0.02)
        at = time.perf_counter()
        run.abort()
        run.wait()
        control = time.perf_counter() - at
        ended.wait()
        yield control, time.perf_counter() - at


def asynchronous() -> Iterator[Figure]:
    made = chain("forever", 1)
    yield beside("W6-async", lambda: stopped(made, 1), lambda: cancelled(1), 1, each=1, clock=told)


def thousand() -> Iterator[Figure]:
    made = wide("forever", 1_000)
    yield beside("W6-1000", lambda: stopped(made, 1_000), lambda: cancelled(1_000), 1_000, each=1, clock=told)


def synchronous() -> Iterator[Figure]:
    latencies = list(left())
    for name, column in (("W6-sync", 0), ("W6-sync-work", 1)):
        values = iter([latency[column] for latency in latencies])
        yield beside(name, lambda values=values: next(values), heard, 1, each=1, clock=told)


def click() -> Iterator[Figure]:
    """A click on the panel's button to the end of the busy cell; the floor is a cell that does nothing."""
    from tests.notebook.kernel import Kernel
    from tests.notebook.test_matrix import SETUP, busy_run, flow

    def clicked() -> float:
        busy, after, comm = busy_run(kernel)
        sent = kernel.click(comm)
        kernel.finish(busy, after)
        return busy.ended - sent

    def nothing() -> float:
        sent = time.monotonic()
        return kernel.run("pass").ended - sent

    with tempfile.TemporaryDirectory() as folder:
        kernel = Kernel("", Path(folder))
        try:
            for code in ("%load_ext flowbench", SETUP, flow("napping", "nap")):
                assert kernel.run(code).status == "ok"
            yield beside("W6-click", clicked, nothing, 1, each=1, clock=told)
        finally:
            kernel.close()
