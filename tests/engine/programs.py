"""Short spellings of program agents in tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import flowbench as fb
from flowbench.blueprint import Functions
from tests.flows import Json, blueprint, step


def program(code: str, **spec: Any) -> Json:
    """An agent `work` that runs Python code. Values of `spec` that are None are left out."""
    return {
        "name": "work",
        "kind": "subprocess",
        "spec": {"program": sys.executable, "args": ["-S", "-c", code], **spec},
    }


def launched(agent: Json, value: Any = "hi", flow: Json | None = None, **options: Any) -> fb.Run:
    wanted = blueprint(flow or step("work"), agents=[agent])
    return fb.launch(wanted, {"x": value}, functions=options.pop("functions", Functions()), **options)


def answer(agent: Json, value: Any = "hi", **options: Any) -> Any:
    return launched(agent, value, **options).result(60)["x"]


def failure(agent: Json, value: Any = "hi") -> str:
    """The text of the step's error."""
    run = launched(agent, value)
    run.wait(60)
    assert run.state == "failed"
    return str(run.steps[-1].error)


def until(condition: Callable[[], object]) -> None:
    """Block until it holds. Raises: AssertionError after 30 s."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
