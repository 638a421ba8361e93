"""Compile errors: a well-formed Blueprint that nobody can run. Raised before anything runs."""

from __future__ import annotations

from collections.abc import Iterable

from flowbench.errors import FlowbenchError, nearest


class CompileError(FlowbenchError):
    """Root of this room's errors. place: `$.` path of what is wrong in the Blueprint."""

    code = "compile"
    place = "$"


class UnknownKind(CompileError):
    """No factory makes agents of this kind. Source: mlua-swarm 0.2.1 `UnknownKind`."""

    code = "unknown_kind"

    def __init__(self, agent: str, kind: str, known: Iterable[str], index: int) -> None:
        self.agent, self.kind, self.place = agent, kind, f"$.agents[{index}].kind"
        super().__init__(
            f"unknown agent kind in SpawnerRegistry: {kind} (agent '{agent}' at `{self.place}`); "
            f"this installation runs: {', '.join(sorted(known))}"
        )


class InvalidSpec(CompileError):
    """The agent's `spec` does not say what its kind needs."""

    code = "invalid_spec"

    def __init__(self, agent: str, message: str, index: int) -> None:
        self.agent, self.message, self.place = agent, message, f"$.agents[{index}].spec"
        super().__init__(f"agent '{agent}' spec invalid: {message} - at `{self.place}`")


class UnresolvedRef(CompileError):
    """A step names an agent that the Blueprint does not define."""

    code = "unresolved_ref"

    def __init__(self, ref: str, known: Iterable[str]) -> None:
        self.ref = ref
        near = nearest(ref, known)
        hint = f"did you mean '{near}'?" if near else f"define it under `agents`, or with @agent as '{ref}'"
        super().__init__(f"flow references agent '{ref}' but no AgentDef matches; {hint}")


class UnresolvedOperatorRef(CompileError):
    """An operator agent names an operator that the Blueprint does not define."""

    code = "unresolved_operator_ref"

    def __init__(self, agent: str, ref: str, defined: Iterable[str], index: int) -> None:
        self.agent, self.ref, self.place = agent, ref, f"$.agents[{index}].spec.operator_ref"
        names = ", ".join(f'"{name}"' for name in defined)
        super().__init__(
            f"agent '{agent}' operator_ref '{ref}' does not match any OperatorDef.name in Blueprint.operators "
            f"(defined: [{names}]) - at `{self.place}`"
        )


class DuplicateAgent(CompileError):
    """Two agents of one name."""

    code = "duplicate_agent"

    def __init__(self, agent: str, index: int) -> None:
        self.agent, self.place = agent, f"$.agents[{index}].name"
        super().__init__(f"duplicate AgentDef name: {agent} - at `{self.place}`")


class SecretError(FlowbenchError):
    """A `$secret:NAME` that the run cannot have. place: where the reference stands, "" if an agent's code asks."""

    code = "secret"

    def __init__(self, name: str, place: str, message: str) -> None:
        self.name, self.place = name, place
        super().__init__(f"secret {name}{f' at `{place}`' if place else ''} {message}")


class SecretNotGiven(SecretError):
    """Nobody says what the name stands for."""

    code = "secret_not_given"

    def __init__(self, name: str, place: str, why: str = "is not set") -> None:
        super().__init__(name, place, f"{why}; set the environment variable {name}, or launch with secrets={{...}}")


class SecretNotAllowed(SecretError):
    """The launch lists the names it gives, and this one is not among them."""

    code = "secret_not_allowed"

    def __init__(self, name: str, place: str) -> None:
        super().__init__(name, place, f"is not given to this run; give it with --secret {name}, or secrets= in Python")


class Blocked(FlowbenchError):
    """A program said that it could not do its work: by its exit code, or by a Final that is not ok.

    value: what it answered all the same. Source: mlua-swarm 0.2.1 `DispatchOutcome::Blocked`.
    """

    code = "blocked"

    def __init__(self, value: object, said: str, why: str) -> None:
        self.value = value
        super().__init__(f"blocked: {said}{why}")
