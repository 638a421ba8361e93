"""Faces of people: an operator, a hook and a senior behind which a person sits, or a policy that speaks for one.

The questions appear where the run is watched: in its panel in a notebook, in a terminal, or nowhere; then a policy must
answer them. See engine.people.policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flowbench.engine.faces import SpawnCtx, WorkerBinding
from flowbench.engine.people.asking import ask
from flowbench.engine.people.question import Kind, Question, checked
from flowbench.engine.tokens import CapToken

NONE = msgspec.UNSET


class NotebookOperator:
    """An Operator: a person does the step's work by answering its prompt.

    kind: "text", "choice" or "json"; with `choices` it is "choice". timeout: seconds; then `default` is the answer, or
    without one the step fails. by_agent: agent -> the operator that asks for it instead, in another form.
    """

    asks_people = True
    requires_worker_binding = False

    def __init__(
        self,
        kind: Kind | None = None,
        *,
        choices: Sequence[str] = (),
        default: Any = NONE,
        timeout: float | None = None,
        by_agent: Mapping[str, NotebookOperator] | None = None,
    ) -> None:
        """Raises: ValueError, BadAnswer for a default that does not fit."""
        form = Question(kind or ("choice" if choices else "text"), "", tuple(choices), default, timeout, "operator")
        if form.kind == "approve":
            raise ValueError("an operator answers with a text, a choice or json; a NotebookHook approves")
        self._form, self._by_agent = checked(form), dict(by_agent or {})

    async def execute(
        self, ctx: SpawnCtx, system: str | None, prompt: str, worker: WorkerBinding | None, token: CapToken | None
    ) -> Any:
        """The answer. Raises: as engine.ask; declined is Rejected."""
        form = self._by_agent.get(ctx.agent, self)._form
        return await ask(_of(form, ctx, prompt=prompt, note=system or ""))


class NotebookHook:
    """A SpawnHook: a person approves each step before it begins, or rejects it with a reason.

    prompt: the question; by default it names the agent. timeout: seconds; then `default` counts, True or False, or
    without one the step is refused. agents: only steps of these are asked about; by default all.
    """

    asks_people = True

    def __init__(
        self,
        prompt: str = "",
        *,
        default: bool | str | Any = NONE,
        timeout: float | None = None,
        agents: Sequence[str] | None = None,
    ) -> None:
        """Raises: ValueError, BadAnswer for a default that does not fit."""
        self._form = checked(Question("approve", prompt, (), default, timeout, "hook"))
        self.prompt, self.agents = prompt, None if agents is None else frozenset(agents)

    async def before(self, ctx: SpawnCtx) -> None:
        """Raises: Rejected, and as engine.ask."""
        if self.agents is None or ctx.agent in self.agents:
            await ask(_of(self._form, ctx, prompt=self.prompt or f"Run {ctx.agent}?"))

    async def after(self, ctx: SpawnCtx, value: Any) -> None:
        return


class NotebookBridge:
    """A SeniorBridge: a person says what the answer is when a step says ok=false, or leaves it as it is.

    kind, choices, default, timeout: as of NotebookOperator; by default any JSON value.
    """

    asks_people = True

    def __init__(
        self,
        kind: Kind | None = None,
        *,
        prompt: str = "",
        choices: Sequence[str] = (),
        default: Any = NONE,
        timeout: float | None = None,
    ) -> None:
        """Raises: ValueError, BadAnswer for a default that does not fit."""
        kind = kind or ("choice" if choices else "json")
        self._form = checked(Question(kind, prompt, tuple(choices), default, timeout, "bridge"))

    async def ask(self, task_id: str, question: Any) -> Any:
        """The answer; True for an approval. Raises: Rejected, and as engine.ask."""
        prompt = self._form.prompt or "The step says ok=false. What is the answer?"
        said = await ask(msgspec.structs.replace(self._form, prompt=prompt, about=question))
        return True if self._form.kind == "approve" else said


def _of(form: Question, ctx: SpawnCtx, *, prompt: str, note: str = "") -> Question:
    return msgspec.structs.replace(
        form, prompt=prompt, note=note, agent=ctx.agent, address=ctx.address, run_id=ctx.run_id
    )
