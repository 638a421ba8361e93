"""A run whose faces write down that they were asked; its process is killed when all have answered, before the step
ends: `python -m tests.engine.asked_once AGENT`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import flowbench as fb
from flowbench.runtime import Faces
from tests.engine.layered import functions
from tests.flows import Json, blueprint, step

LAYERS = {"same": ["operator_delegate", "main_ai"], "blocks": ["senior_escalation", "main_ai"]}


class Noting:
    """Hook, senior and operator; dies after the step if DIES is set."""

    def _note(self, what: str) -> None:
        with Path(os.environ["ASKED"]).open("a") as file:
            print(what, file=file)

    def before(self, ctx: Any) -> None:
        self._note("before")

    def after(self, ctx: Any, value: Any) -> None:
        if os.environ.get("DIES"):
            os.kill(os.getpid(), signal.SIGKILL)
        self._note(f"after {value}")

    def ask(self, task_id: str, question: Any) -> str:
        self._note("ask")
        return "yes"

    def execute(self, *_: Any) -> str:
        self._note("execute")
        return "done"


def faces(agent: str) -> Faces:
    noting = Noting()
    return Faces("main_ai", hook=noting, bridge=noting, backend=noting if agent == "same" else None)


def flow(agent: str) -> Json:
    return blueprint(step(agent), spawner_hints={"layers": LAYERS[agent]})


def main(agent: str) -> None:
    run = fb.launch(flow(agent), {"x": 1}, functions=functions(), operator=faces(agent))
    run.wait(60)
    sys.exit(f"it should have died: {run!r}")


if __name__ == "__main__":
    main(sys.argv[1])
