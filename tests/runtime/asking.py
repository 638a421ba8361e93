"""Steps that ask people, by the faces of people; a process that has an answer and is killed before it uses it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

import flowbench as fb
from flowbench import engine
from flowbench.runtime import Open, Run, attendants
from tests.flows import step
from tests.runtime.probes import Probe, install, probed


def asks(face: Any) -> Probe:
    """A body that asks this face and answers with what it says, as the layers do."""

    def body(site: engine.Site, value: Any) -> Any:
        task, visit = site.task(), site.visit()
        ctx = engine.SpawnCtx(site.run_id, visit.address, task.id, visit.attempt, "asker", engine.OperatorInfo())

        async def ask() -> Any:
            if hasattr(face, "before"):
                return await face.before(ctx)
            if hasattr(face, "ask"):
                return await face.ask(task.id, {"reason": "worker reported ok=false", "value": value})
            return await face.execute(ctx, "be brief", f"What of {value}?", None, None)

        return _answered(site, site.here(), ask)

    return body


async def _answered(site: engine.Site, here: AbstractContextManager[object], ask: Callable[[], Awaitable[Any]]) -> Any:
    with here:
        said = await site.answer("face", ask)
    if os.environ.get("DIES"):
        os.kill(os.getpid(), signal.SIGKILL)
    return said


class Attendant:
    """A front end whose person does what a test says with each question, on the thread of the run."""

    def __init__(self, act: Callable[[Run, Open], object] | None = None) -> None:
        self.act, self.runs = act, list[Run]()

    def is_there(self) -> bool:
        return True

    def show(self, run: Run) -> None:
        self.runs.append(run)
        if self.act is not None:
            for each in run.questions.open:
                self.act(run, each)


def approves(run: Run, asked: Open) -> Awaitable[None] | None:
    print(f"asked in {os.getpid()}", flush=True)
    run.questions.answer(asked.id, True, by="button")
    return None


def main() -> None:
    install(setattr, asker=asks(engine.NotebookHook()))
    attendants.append(Attendant(approves))
    run = fb.launch(probed(step("asker"), "asker"), {"x": 1})
    run.wait(60)
    sys.exit(f"it should have died: {run!r}")


if __name__ == "__main__":
    main()
