"""Process: children that can always be killed, with everything they start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.process.child import PROCESSES, Ended, Terms, Voice
    from flowbench.process.dialog import Dialog
    from flowbench.process.errors import (
        BodyDied,
        BodyRaised,
        NotStarted,
        ProcessError,
        Survivors,
        TimedOut,
        TooManyProcesses,
        Unsendable,
        ended,
    )
    from flowbench.process.isolated import Answered, run_isolated
    from flowbench.process.leash import clear
    from flowbench.process.offstage import backstage, carry
    from flowbench.process.output import Output
    from flowbench.process.script import run_script
    from flowbench.process.session import Session, living_below
    from flowbench.process.spawn import spawn
    from flowbench.process.tagged import kill_tagged, kill_trees
    from flowbench.process.terminal import Terminal
    from flowbench.process.warm import WarmJob, WarmPool
    from flowbench.process.work import blocking

__all__ = [
    "PROCESSES",
    "Answered",
    "BodyDied",
    "BodyRaised",
    "Dialog",
    "Ended",
    "NotStarted",
    "Output",
    "ProcessError",
    "Session",
    "Survivors",
    "Terminal",
    "Terms",
    "TimedOut",
    "TooManyProcesses",
    "Unsendable",
    "Voice",
    "WarmJob",
    "WarmPool",
    "backstage",
    "blocking",
    "carry",
    "clear",
    "ended",
    "kill_tagged",
    "kill_trees",
    "living_below",
    "run_isolated",
    "run_script",
    "spawn",
]

# Loaded when first used: most runs start no process.
__getattr__ = front(
    "flowbench.process",
    {
        "offstage": ("backstage", "carry"),
        "child": ("Ended", "PROCESSES", "Terms", "Voice"),
        "dialog": ("Dialog",),
        "errors": (
            "BodyDied",
            "BodyRaised",
            "NotStarted",
            "ProcessError",
            "Survivors",
            "TimedOut",
            "TooManyProcesses",
            "Unsendable",
            "ended",
        ),
        "isolated": ("Answered", "run_isolated"),
        "leash": ("clear",),
        "output": ("Output",),
        "script": ("run_script",),
        "session": ("Session", "living_below"),
        "spawn": ("spawn",),
        "tagged": ("kill_tagged", "kill_trees"),
        "terminal": ("Terminal",),
        "warm": ("WarmJob", "WarmPool"),
        "work": ("blocking",),
    },
)
