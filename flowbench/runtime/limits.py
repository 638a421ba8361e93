"""Limits: how many step bodies of one run may be under way at once."""

from __future__ import annotations

import os
from collections.abc import Sequence

from flowbench.engine import Uses
from flowbench.flow import Turnstile
from flowbench.runtime.errors import RunError

MORE_THREADS = 4  # than cores: functions on threads mostly wait for something else


def turnstiles(uses: Sequence[Uses], limit: int | None) -> list[Turnstile | None]:
    """One per slot. limit: bodies at once, whatever they use; None: async ones as many as come, plain functions
    cores + 4, those that start a process as many as there are cores.

    Raises: RunError.
    """
    if limit is not None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise RunError(f"limit is a whole number of step bodies from 1 on, not {limit!r}")
        one = Turnstile(limit)
        return [one for _ in uses]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    by_use = {"loop": None, "thread": Turnstile(cores + MORE_THREADS), "process": Turnstile(cores)}
    return [by_use[use] for use in uses]
