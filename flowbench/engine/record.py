"""StepRecord: what became of one visit of one step."""

from __future__ import annotations

from typing import Any

import msgspec

from flowbench.events import Event


class StepRecord(msgspec.Struct, frozen=True, gc=False):
    """One visit of one step.

    address: `3.i4.0.f17.1`, see flow.address. status: done | failed | cancelled | skipped. started: unix seconds.
    seconds: monotonic, of the body alone. attempt: from 1. error: the body's own text, unwrapped; of a step that was
    cancelled or skipped, why. recorded: the journal answered; the body did not run in this process.
    parts: named values beside the output, None where there are none.
    """

    address: str
    agent: str
    status: str
    started: float
    seconds: float
    input: Any
    output: Any = None
    error: str | None = None
    attempt: int = 1
    recorded: bool = False
    parts: Any = None

    def event(self) -> Event:
        """What the bus says of a step that is done."""
        return Event(self.status, self.address, self.started, self.agent)
