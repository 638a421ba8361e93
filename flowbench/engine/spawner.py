"""Spawner: the one seam between a step and whoever does its work.

A Blueprint's agent is built into a Spawner once per compile. A run asks it once for a body, and calls that body for
every visit of the step: `body(input)` answers with the output, or with a coroutine of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from flowbench.blueprint import AgentDef, SpecError
from flowbench.cancel import CancelToken, Handoff
from flowbench.engine.faces import OperatorInfo
from flowbench.engine.secrets import Secrets
from flowbench.engine.visiting import Task

__all__ = ["Body", "Factory", "Site", "Spawner", "SpecError", "Uses", "Visit", "Voice", "speaker"]

Body = Callable[[Any], Any]
Voice = Callable[[str, str], None]
"""(stream, text): adds text, whole lines or parts, to what a step says. stream: "stdout" | "stderr" | "note".

From any thread, at any time; never raises.
"""

speaker: ContextVar[Voice | None] = ContextVar("flowbench_speaker", default=None)
"""Who speaks when something is printed in this context; None: nobody whose words are kept."""

Uses = Literal["loop", "thread", "process"]
"""What a body takes up while it runs; a run limits each of them."""


class Visit(NamedTuple):
    """One visit of one step. attempt: from 1; one more for each time the journal has seen it begin."""

    address: str
    attempt: int


class Site(Protocol):
    """What a body may ask about its run, at the moment it is called and not later."""

    @property
    def run_id(self) -> str:
        """The run's id; also the tag of every process it starts."""

    @property
    def folder(self) -> Path | None:
        """Where the run keeps its files; None for a run that keeps none."""

    @property
    def token(self) -> CancelToken:
        """Stops the whole run."""

    @property
    def threads(self) -> Handoff:
        """Where plain functions run."""

    @property
    def secrets(self) -> Secrets:
        """What `$secret:NAME` stands for in this run."""

    def visit(self) -> Visit:
        """Which visit the body is called for."""

    def voice(self) -> Voice:
        """Keeps what the visit says in the run's log."""

    def ctx(self) -> Any:
        """A copy of the ctx that the step sees."""

    def linger(self) -> Callable[[], Callable[[], None]] | None:
        """For a body that may run on when its step is cancelled: what to call then. It keeps its place among the bodies
        that are counted until the answer to that is called, on the loop. None: it is not counted.
        """

    def outlives(self, at: str, ended: float | None) -> None:
        """The body of the step at `at` runs on although its step is over, or has ended after all, at that moment of
        perf_counter. From any thread.
        """

    def step_token(self, at: str | None = None) -> CancelToken:
        """A child of `token` for this visit alone: it ends too when this branch loses or the step is cancelled.

        at: address of the visit, for who asks later than when the body is called.
        """

    def here(self) -> AbstractContextManager[object]:
        """Inside `with` of it the site goes on to answer for this visit, after waits too, in this task and in what it
        starts. A layer that waits before it calls the body inside it takes `here = site.here()` first, at once.
        """

    @property
    def runtime(self) -> Mapping[str, Any]:
        """Notes of the layers around: `project_name_alias`, `input_refs`, `data_sink_endpoint`."""

    def task(self) -> Task:
        """The visit as the engine knows it: made known when first asked for, closed when the step ends."""

    def operator(self, agent: str) -> OperatorInfo:
        """Who stands behind this agent now; faces are looked up at each call."""

    def answer(self, face: str, ask: Callable[[], Awaitable[Any]], question: Any = None) -> Awaitable[Any]:
        """What was answered to this question of this visit: recorded before, or else awaited from `ask()` and recorded
        before anybody hears it, so that a resume never asks twice.

        The n-th answer of a face in a visit answers its n-th question. question: any JSON value; an answer to another
        one does not count. What `ask` raises is no answer: a person who refuses is asked again by a resume.
        Raises: what `ask` raises, flow.NotJson.
        """


class Spawner(Protocol):
    """Makes the body of one agent.

    quick: the body returns at once and never waits, so that it may run between two steps without a task.
    uses: which limit of the run counts the body; of no matter for a quick one.
    wants_secrets: its code may ask for secrets by names that the Blueprint does not mention.
    digest: changes when the agent's code changes; a recorded outcome of another digest is not reused.
    """

    @property
    def quick(self) -> bool: ...

    @property
    def uses(self) -> Uses: ...

    @property
    def digest(self) -> str: ...

    @property
    def wants_secrets(self) -> bool: ...

    def body(self, site: Site) -> Body:
        """The function to call for each visit of the step in this run."""


class Factory(Protocol):
    """Builds the Spawner of every agent of one kind."""

    def build(self, agent: AgentDef) -> Spawner:
        """Raises: SpecError when `agent.spec` does not say what the kind needs."""
