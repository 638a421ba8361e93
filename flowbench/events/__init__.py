"""Events: what happens in a run, for whoever wants to see it."""

from __future__ import annotations

from flowbench.events.bus import Bus, Event, Lagged, Reader, Told

__all__ = ["Bus", "Event", "Lagged", "Reader", "Told"]
