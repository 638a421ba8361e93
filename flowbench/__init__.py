"""flowbench: write a flow as a Blueprint, see it, run it, step it, stop it, resume it; in a notebook or without one.

Names are loaded when they are first used, so that `import flowbench` stays quick. What is not here is in its room:
`fb.blueprint.GitStore`, `fb.engine.NotebookOperator`, `fb.runtime.EnhanceApplication`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowbench.blueprint import Blueprint, agent, lint, load
    from flowbench.cancel import Aborted, AbortReason, CancelToken
    from flowbench.engine import StepRecord
    from flowbench.errors import FlowbenchError
    from flowbench.flow import (
        Skip,
        assign,
        branch,
        ctx,
        exists,
        fanout,
        is_in,
        len_,
        lit,
        loop,
        pipeline,
        seq,
        step,
        try_,
    )
    from flowbench.notebook import Project, output
    from flowbench.runtime import (
        Debugger,
        PastRun,
        Run,
        RunCancelled,
        RunFailed,
        TaskApplication,
        TaskLaunchService,
        cancel_report,
        debug,
        explain,
        launch,
        recall,
        rerun,
        resume,
        run_sync,
        runs,
    )

__version__ = "0.1.0"

_HOME = {
    "AbortReason": "cancel",
    "Aborted": "cancel",
    "Blueprint": "blueprint",
    "CancelToken": "cancel",
    "Debugger": "runtime",
    "FlowbenchError": "errors",
    "PastRun": "runtime",
    "Project": "notebook",
    "Run": "runtime",
    "RunCancelled": "runtime",
    "RunFailed": "runtime",
    "Skip": "flow",
    "StepRecord": "engine",
    "TaskApplication": "runtime",
    "TaskLaunchService": "runtime",
    "agent": "blueprint",
    "assign": "flow",
    "branch": "flow",
    "cancel_report": "runtime",
    "ctx": "flow",
    "debug": "runtime",
    "exists": "flow",
    "explain": "runtime",
    "fanout": "flow",
    "is_in": "flow",
    "launch": "runtime",
    "len_": "flow",
    "lint": "blueprint",
    "lit": "flow",
    "load": "blueprint",
    "loop": "flow",
    "output": "notebook",
    "pipeline": "flow",
    "recall": "runtime",
    "rerun": "runtime",
    "resume": "runtime",
    "run_sync": "runtime",
    "runs": "runtime",
    "seq": "flow",
    "step": "flow",
    "try_": "flow",
}

_ROOMS = {
    "blueprint",
    "cancel",
    "engine",
    "events",
    "flow",
    "graph",
    "notebook",
    "process",
    "project",
    "runtime",
    "storage",
    "tools",
}

__all__ = [
    "AbortReason",
    "Aborted",
    "Blueprint",
    "CancelToken",
    "Debugger",
    "FlowbenchError",
    "PastRun",
    "Project",
    "Run",
    "RunCancelled",
    "RunFailed",
    "Skip",
    "StepRecord",
    "TaskApplication",
    "TaskLaunchService",
    "agent",
    "assign",
    "branch",
    "cancel_report",
    "ctx",
    "debug",
    "exists",
    "explain",
    "fanout",
    "is_in",
    "launch",
    "len_",
    "lint",
    "lit",
    "load",
    "load_ipython_extension",
    "loop",
    "output",
    "pipeline",
    "recall",
    "rerun",
    "resume",
    "run_sync",
    "runs",
    "seq",
    "step",
    "try_",
]


def __getattr__(name: str) -> Any:
    room = _HOME.get(name)
    if name in _ROOMS:
        return importlib.import_module(f"flowbench.{name}")
    if room is None:
        raise AttributeError(f"module 'flowbench' has no attribute '{name}'")
    value = globals()[name] = getattr(importlib.import_module(f"flowbench.{room}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext flowbench`: the magics, and an abort that works in a busy cell."""
    notebook = importlib.import_module("flowbench.notebook")
    notebook.load_ipython_extension(shell, notebook.Verbs(_flowctl("told"), _flowctl("complete")))


def _flowctl(name: str) -> Any:
    """A function of the command line, which stands above the notebook room: found when it is first called."""
    return lambda *given: getattr(importlib.import_module("flowbench.cli.flowctl.cells"), name)(*given)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext flowbench`."""
    importlib.import_module("flowbench.notebook").unload_ipython_extension(shell)
