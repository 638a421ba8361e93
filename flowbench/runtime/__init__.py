"""Runtime: one launch, from Blueprint to Run: recorded, resumable, stoppable, steppable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.runtime.changes import MISSING
    from flowbench.runtime.errors import (
        BlueprintChanged,
        JournalDamaged,
        RunCancelled,
        RunError,
        RunFailed,
        RunNotFound,
        RunOwned,
    )
    from flowbench.runtime.index import RunInfo, runs
    from flowbench.runtime.launching import debug, launch, resume
    from flowbench.runtime.listeners import launched
    from flowbench.runtime.log import Line, Log, read_log
    from flowbench.runtime.nesting import run_sync
    from flowbench.runtime.origins import known_origins, recorded_origins
    from flowbench.runtime.past import PastRun, recall
    from flowbench.runtime.progress import Progress
    from flowbench.runtime.run import Run
    from flowbench.runtime.stepping import Debugger, Pause
    from flowbench.runtime.upkeep import Collected, collect, remove

__all__ = [
    "MISSING",
    "BlueprintChanged",
    "Collected",
    "Debugger",
    "JournalDamaged",
    "Line",
    "Log",
    "PastRun",
    "Pause",
    "Progress",
    "Run",
    "RunCancelled",
    "RunError",
    "RunFailed",
    "RunInfo",
    "RunNotFound",
    "RunOwned",
    "collect",
    "debug",
    "known_origins",
    "launch",
    "launched",
    "read_log",
    "recall",
    "recorded_origins",
    "remove",
    "resume",
    "run_sync",
    "runs",
]

__getattr__ = front(
    "flowbench.runtime",
    {
        "changes": ("MISSING",),
        "errors": (
            "BlueprintChanged",
            "JournalDamaged",
            "RunCancelled",
            "RunError",
            "RunFailed",
            "RunNotFound",
            "RunOwned",
        ),
        "index": ("RunInfo", "runs"),
        "launching": ("debug", "launch", "resume"),
        "listeners": ("launched",),
        "log": ("Line", "Log", "read_log"),
        "nesting": ("run_sync",),
        "origins": ("known_origins", "recorded_origins"),
        "past": ("PastRun", "recall"),
        "progress": ("Progress",),
        "run": ("Run",),
        "stepping": ("Debugger", "Pause"),
        "upkeep": ("Collected", "collect", "remove"),
    },
)
