"""Stops: what a run notes of how soon its steps could have been stopped, and of how soon those were that it stopped."""

from __future__ import annotations

from flowbench.cancel import Beats


class Stops:
    """beats: address -> heartbeats, of steps that have asked for their token. stopped: address -> (asked, ended), in
    seconds of perf_counter, of steps that were cancelled. outlived: address -> when a body that ran on ended after all,
    None while it runs on. From any thread.
    """

    def __init__(self) -> None:
        self.beats: dict[str, Beats] = {}
        self.stopped: dict[str, tuple[float, float]] = {}
        self.outlived: dict[str, float | None] = {}

    def of(self, at: str) -> Beats:
        """The heartbeats of the step at `at`, whichever of its tokens they come from."""
        return self.beats.get(at) or self.beats.setdefault(at, Beats())

    def gap(self, at: str, began: float, ended: float) -> float | None:
        """As `Beats.gap`; None for a step without a token, too."""
        beats = self.beats.get(at)
        return None if beats is None else beats.gap(began, ended)

    def outlives(self, at: str, ended: float | None) -> None:
        """Its body runs on, or has ended at that moment; the two may be told in either order."""
        if ended is None:
            self.outlived.setdefault(at, None)
        else:
            self.outlived[at] = ended

    def runs_on(self, at: str) -> bool:
        return self.outlived.get(at, 0.0) is None

    def latency(self, at: str) -> float | None:
        """Seconds from the request to the end of the body; None if nobody asked, or if it runs on."""
        times = self.stopped.get(at)
        if times is None or self.runs_on(at):
            return None
        asked, ended = times
        return max((self.outlived.get(at) or ended) - asked, 0.0)
