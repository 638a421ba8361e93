"""Dispatch: under which engine, and by whom, the steps of one run are dispatched."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from flowbench import engine
from flowbench.blueprint import Blueprint, OperatorKind
from flowbench.errors import nearest
from flowbench.runtime import persons
from flowbench.runtime.checking import LintWarning
from flowbench.runtime.entries import Standing
from flowbench.runtime.errors import RunError
from flowbench.runtime.people import answers_of

if TYPE_CHECKING:
    from flowbench.engine import CapToken, Engine
    from flowbench.runtime.launching import Common

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


_NOBODY, _NOTHING = Faces(), Standing()

Operated = Faces | engine.SpawnHook | engine.SeniorBridge | engine.Operator | Literal["people"]
"""Faces, or one object that is any of them: hook if it has `before`, bridge if `ask`, backend if `execute`.

"people": whoever watches the run, or its `answers`, is all of them, and the operator of agents of that kind.
"""


class Sitting(Protocol):
    """A session of an operator: engine.Seat is one."""

    @property
    def engine(self) -> Engine: ...

    @property
    def token(self) -> CapToken: ...

    def enter(self) -> None:
        """Raises: engine.TokenError if nothing may be started from here."""

    def go_on(self) -> None:
        """Before each step. Raises: engine.TokenError if no more may be done from here."""


def _doubt(kinds: Mapping[str, OperatorKind], blueprint: Blueprint) -> None:
    """A misspelt agent would go without its operator unseen. Other unknown names may be of agents of an inner flow."""
    known = {agent.name for agent in blueprint.agents}
    for name in kinds:
        if name not in known and (near := nearest(name, known)) is not None:
            told = f"operator.kinds names an agent '{name}', which this Blueprint does not have; did you mean '{near}'?"
            warnings.warn(told, LintWarning, stacklevel=5)


class Dispatch:
    """seat: the session of an operator. faces: of the launch, without a session. tiers: all that is said of kinds.

    layers: that the launch adds. answers: what answers questions to people.
    """

    def __init__(self, blueprint: Blueprint, options: Common, before: Standing | None = None) -> None:
        """before: of the run that goes on, for what the options leave out. Raises: RunError, engine.PolicyError."""
        seat, operator = options.get("seat"), options.get("operator")
        if seat is not None and operator is not None:
            raise RunError("give seat or operator, not both: the session of a seat brings its own faces")
        _check(options)
        self.layers = options.get("layers", ())
        by_people = persons.stand_behind(options)
        self._seat, self._faces = seat, Faces() if by_people else _faces(operator)
        if before is not None:
            self._go_on(before, options, by_people)
        if by_people and persons.are_wanted(blueprint, self.layers):
            self._faces = Faces(self._faces.kind, self._faces.kinds, **persons.faces())
        self._kinds = {agent: kind_of(kind, f"operator.kinds['{agent}']") for agent, kind in self._faces.kinds.items()}
        _doubt(self._kinds, blueprint)
        self._kind = None if self._faces.kind is None else kind_of(self._faces.kind, "operator.kind")
        self.tiers = engine.tiers_of(blueprint, self._kind, self._kinds)
        self.answers = answers_of(options.get("answers"))

    def _go_on(self, before: Standing, options: Common, by_people: bool) -> None:
        """Nobody who was asked before a step is left out unseen, because somebody else goes on with the run."""
        asked = "operator" in options or "seat" in options
        lost = [f"a {face}" for face in before.faces if not asked and not by_people]
        if lost:
            raise RunError(
                f"its launch had {' and '.join(lost)} behind its agents; give them again with operator=Faces(...), "
                f"or go on without them with operator=None"
            )
        if before.given and "layers" not in options:
            names = ", ".join(before.layers)
            raise RunError(f"its launch had layers: {names}; give them again with layers=[...], or layers=[] for none")
        if not asked or by_people:
            self._faces = Faces(before.kind, before.kinds)
        if "layers" not in options:
            self.layers = before.layers

    def standing(self) -> Standing | None:
        """What the journal keeps of it."""
        faces: Any = self._faces if self._seat is None else self._seat.engine.operator_info("", self._seat.token)
        found = [name for name in FACES if getattr(faces, name) is not None]
        names = [each if isinstance(each, str) else each.name for each in self.layers]
        given = [each.name for each in self.layers if not isinstance(each, str)]
        told = Standing(self._kind, dict(self._kinds), found, names, given)
        return None if told == _NOTHING else told

    def enter(self) -> None:
        """All else is checked, and work is about to begin. Raises: engine.TokenError if the seat may start none."""
        if self._seat is not None:
            self._seat.enter()

    def guards(self) -> Sequence[engine.Layer]:
        """What is around all layers of the launch."""
        if self._seat is None:
            return ()
        from flowbench.runtime.seated import seated  # most launches have no seat

        return (seated(self._seat),)

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
        if faces is _NOBODY:
            return engine.OperatorInfo(kind)
        return engine.OperatorInfo(kind, faces.id, faces.hook, faces.bridge, faces.backend)


def _faces(given: Any) -> Faces:
    if given is None:
        return _NOBODY
    if isinstance(given, Faces):
        for name, method in FACES.items():
            if (face := getattr(given, name)) is not None and not _has(face, method):
                raise RunError(f"operator.{name} is an object with a method {method}, not {face!r:.200}")
        return given
    found = {name: given for name, method in FACES.items() if callable(getattr(given, method, None))}
    if not found or isinstance(given, type):
        raise RunError(
            f'operator is "people", Faces(...), or an object with before and after, with ask, or with execute; '
            f"not {given!r:.200}"
        )
    return Faces(**found)


def _has(face: Any, method: str) -> bool:
    """It is an object with this method; its class is none."""
    return not isinstance(face, type) and callable(getattr(face, method, None))


def _check(options: Common) -> None:
    """What nobody could be asked for is refused before anything runs. Raises: RunError."""
    seat, layers = options.get("seat"), options.get("layers", ())
    if seat is not None and not _has(seat, "enter"):
        raise RunError(f"seat is engine.Seat(engine, token), not {seat!r:.200}")
    for name, face in (options.get("operators") or {}).items():
        if not _has(face, "execute"):
            raise RunError(f"operators['{name}'] is an object with a method execute, not {face!r:.200}")
    if isinstance(layers, str):
        raise RunError(f"layers is a list, such as [{layers!r}], not {layers!r}")
    for index, each in enumerate(layers):
        if not isinstance(each, str) and not _has(each, "make"):
            raise RunError(f'layers[{index}] is the name of a layer, such as "audit", or a layer, not {each!r:.200}')


def kind_of(given: OperatorKind | str, where: str) -> OperatorKind:
    """where: what says so, for the message. Raises: RunError."""
    try:
        return OperatorKind(given)
    except ValueError:
        known = [kind.value for kind in OperatorKind]
        near = nearest(str(given), known)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(known)}"
        raise RunError(f"{where} is no operator kind: {given!r:.80}; {hint}") from None
