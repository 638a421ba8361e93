"""Dispatch: under which engine, and by whom, the steps of one run are dispatched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench import engine
from flowbench.blueprint import Blueprint, OperatorKind
from flowbench.errors import nearest
from flowbench.runtime.errors import RunError
from flowbench.runtime.people import answers_of

if TYPE_CHECKING:
    from flowbench.runtime.answering import Answers

FACES: Mapping[str, str] = {"hook": "before", "bridge": "ask", "backend": "execute"}


class Faces(msgspec.Struct, frozen=True):
    """Who stands behind the agents of a launch.

    kind: of all agents, kinds: of single ones by name; "main_ai", "automate" or "composite". Both win over what the
    Blueprint says. hook: asked before each step and told after it, by the layer `main_ai`. bridge: asked when a step
    says ok=false, by the layer `senior_escalation`. backend: does the work instead, by the layer `operator_delegate`.
    A layer is there where the Blueprint's `spawner_hints.layers` or the launch's `layers` name it. id: as the faces
    hear it in `ctx.operator.id`.
    """

    kind: OperatorKind | str | None = None
    kinds: Mapping[str, OperatorKind | str] = {}
    hook: engine.SpawnHook | None = None
    bridge: engine.SeniorBridge | None = None
    backend: engine.Operator | None = None
    id: str = "launch"


Operated = Faces | engine.SpawnHook | engine.SeniorBridge | engine.Operator
"""Faces, or one object that is any of them: hook if it has `before`, bridge if `ask`, backend if `execute`."""


class Dispatch:
    """seat: the session of an operator. faces: of the launch, without a session. tiers: all that is said of kinds.
    answers: what answers questions to people.
    """

    def __init__(
        self, blueprint: Blueprint, seat: engine.Seat | None, operator: Operated | None, answers: Answers | None = None
    ) -> None:
        """Raises: RunError, engine.PolicyError."""
        if seat is not None and operator is not None:
            raise RunError("give seat or operator, not both: the session of a seat brings its own faces")
        self._seat, self._faces = seat, _faces(operator)
        kinds = {agent: _kind(kind, f"operator.kinds['{agent}']") for agent, kind in self._faces.kinds.items()}
        launch = None if self._faces.kind is None else _kind(self._faces.kind, "operator.kind")
        self.tiers = engine.tiers_of(blueprint, launch, kinds)
        self._is_plain = operator is None
        self.answers = answers_of(answers)

    def desk(self) -> engine.Engine:
        """Where steps become tasks; that of this process unless there is a seat."""
        return engine.default() if self._seat is None else self._seat.engine

    def decide(self, agent: str) -> tuple[OperatorKind, engine.Tier]:
        """The operator kind that holds for the agent now, and who said so."""
        if self._seat is None:
            return self.tiers.decide(agent)
        return self._seat.engine.session(self._seat.token).tiers.decide(agent)

    def operator(self, agent: str) -> engine.OperatorInfo:
        """Who stands behind the agent now; the faces of a seat are looked up at each call."""
        if self._seat is not None:
            return self._seat.engine.operator_info(agent, self._seat.token, self.tiers)
        kind, faces = self.tiers.effective(agent), self._faces
        if self._is_plain:
            return engine.OperatorInfo(kind)
        return engine.OperatorInfo(kind, faces.id, faces.hook, faces.bridge, faces.backend)


def _faces(given: Any) -> Faces:
    if given is None:
        return Faces()
    if isinstance(given, Faces):
        return given
    found = {name: given for name, method in FACES.items() if callable(getattr(given, method, None))}
    if not found or isinstance(given, type):
        raise RunError(
            f"operator is Faces(...), or an object with before and after, with ask, or with execute; not {given!r:.200}"
        )
    return Faces(**found)


def _kind(given: OperatorKind | str, where: str) -> OperatorKind:
    try:
        return OperatorKind(given)
    except ValueError:
        known = [kind.value for kind in OperatorKind]
        near = nearest(str(given), known)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(known)}"
        raise RunError(f"{where} is no operator kind: {given!r:.80}; {hint}") from None
