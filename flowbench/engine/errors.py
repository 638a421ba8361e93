"""Compile errors: a well-formed Blueprint that nobody can run. Raised before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flowbench.errors import FlowbenchError, nearest

if TYPE_CHECKING:
    from flowbench.diagnostic import Diagnostic


class CompileError(FlowbenchError):
    """Root of this room's errors. place: `$.` path of what is wrong in the Blueprint."""

    code, stage = "compile", "compile"
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

    def __init__(self, agent: str, message: str, index: int, at: str = "") -> None:
        """at: which part of the spec, `argv[1]`; "" for all of it."""
        self.agent, self.message = agent, message
        self.place = f"$.agents[{index}].spec" + (f".{at}" if at else "")
        super().__init__(f"agent '{agent}' spec invalid: {message} - at `{self.place}`")


class UnresolvedRef(CompileError):
    """A step names an agent that the Blueprint does not define."""

    code = "unresolved_ref"

    def __init__(self, ref: str, known: Iterable[str]) -> None:
        self.ref = ref
        near = nearest(ref, known)
        hint = f"did you mean '{near}'?" if near else f"define it under `agents`, or with @agent as '{ref}'"
        self.suggestion = hint
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


class VerdictNotAllowed(CompileError):
    """A condition asks for an answer that its agent never gives, or a verdict allows nothing. found: by lint."""

    code = "verdict_not_allowed"

    def __init__(self, found: Diagnostic) -> None:
        self.agent, self.place, self.message = found.agent, found.place, found.message
        self.fix, self.suggestion = found.fix, found.suggestion
        super().__init__(f"{found.message} - at `{found.place}`; {found.suggestion}")


class UnknownVerdict(FlowbenchError):
    """An agent answered what its verdict does not allow. said: in words; allowed: the values."""

    code = "unknown_verdict"

    def __init__(self, agent: str, channel: str, said: str, allowed: Sequence[str]) -> None:
        self.agent, self.channel, self.allowed = agent, channel, tuple(allowed)
        where = "its answer" if channel == "body" or said.startswith("has no") else f"its part '{channel}'"
        super().__init__(f"the verdict of '{agent}' is not allowed: {where} {said}; allowed: {', '.join(allowed)}")


class SecretError(FlowbenchError):
    """A `$secret:NAME` that the run cannot have. place: where the reference stands, "" if an agent's code asks."""

    code, stage = "secret", "launch"

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


class EngineError(FlowbenchError):
    """The engine refused or could not do what it was asked. Source: mlua-swarm 0.2.1 `EngineError`."""

    code = "engine"


class TokenError(EngineError):
    """A token that opens nothing here."""

    code = "token"


class TokenUnreadable(TokenError):
    """Text that is no token. Source: mlua-swarm 0.2.1, decode errors of `CapToken`."""

    code = "token_unreadable"


class BadSignature(TokenError):
    """Not signed by this engine, or changed since."""

    code = "bad_signature"

    def __init__(self) -> None:
        super().__init__("token signature invalid; it was changed, or is of another engine: ask for a new one")


class TokenExpired(TokenError):
    code = "token_expired"

    def __init__(self) -> None:
        super().__init__("token expired")


class TokenUsesExhausted(TokenError):
    """No use is left, or it was revoked."""

    code = "token_uses_exhausted"

    def __init__(self) -> None:
        super().__init__("token uses exhausted")


class TokenNotFound(TokenError):
    """Well signed, but nobody here remembers it: its task is over, or it was minted before a restart."""

    code = "token_not_found"

    def __init__(self, nonce: str) -> None:
        super().__init__(f"token not found in store (nonce={nonce})")


class TokenTaskMismatch(TokenError):
    """A worker may touch its own task only."""

    code = "token_task_mismatch"

    def __init__(self, bound: str, asked: str) -> None:
        self.bound, self.asked = bound, asked
        super().__init__(f"token task mismatch: token bound to {bound}, arg was {asked}")


class RoleViolation(TokenError):
    """role, verb: as the seed spells them, `Observer` and `StartTask`."""

    code = "role_violation"

    def __init__(self, role: str, verb: str) -> None:
        super().__init__(f"role violation: role={role} verb={verb}")


class TaskNotFound(EngineError):
    code = "task_not_found"

    def __init__(self, task_id: str) -> None:
        super().__init__(f"task not found: {task_id}")


class SessionNotFound(EngineError):
    code = "session_not_found"

    def __init__(self) -> None:
        super().__init__("session not found")


class ResumeKeyNotFound(EngineError):
    code = "resume_key_not_found"

    def __init__(self) -> None:
        super().__init__("resume key not found")


class ResourceNotFound(EngineError):
    """key: of the resource, or `prompt(T-…, attempt=1)`."""

    code = "resource_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"resource not found: {key}")


class InvalidTransition(EngineError):
    """The task is in no state for that."""

    code = "invalid_transition"

    def __init__(self, why: str) -> None:
        super().__init__(f"invalid state transition: {why}")


class SpawnDepthExceeded(EngineError):
    """Tasks that start tasks are nested too deep. depth: that the new one would have; most: as configured."""

    code = "spawn_depth_exceeded"

    def __init__(self, depth: int, most: int) -> None:
        super().__init__(f"spawn depth exceeded: {depth} >= max {most}")


class DispatchFailed(EngineError):
    """Nobody could do the work, or whoever did it failed; the task is blocked. __cause__: what was raised."""

    code = "dispatch_failed"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"dispatch failed: {why}")


class PollTimeout(EngineError):
    code = "poll_timeout"

    def __init__(self) -> None:
        super().__init__("poll timeout")


class TaskCancelled(EngineError):
    """What was waited for will never come: its task was cancelled."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("cancelled")


class Internal(EngineError):
    """Something around the work failed, not the work."""

    code = "internal"

    def __init__(self, why: str) -> None:
        super().__init__(f"internal: {why}")


class SpawnError(FlowbenchError):
    """No worker was started. Source: mlua-swarm 0.2.1 `SpawnError`."""

    code = "spawn"


class NotRegistered(SpawnError):
    """Nobody answers to this agent's name."""

    code = "not_registered"

    def __init__(self, agent: str) -> None:
        super().__init__(f"worker not registered: {agent}")


class SpawnRejected(SpawnError):
    """A hook or layer would not have it."""

    code = "spawn_rejected"

    def __init__(self, why: str) -> None:
        super().__init__(f"spawn rejected by middleware: {why}")


class UnknownLayer(FlowbenchError):
    """A launch asks for a layer that nobody has registered."""

    code = "unknown_layer"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = list(known)
        near = nearest(name, names)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(names)}"
        super().__init__(f"no layer is called '{name}'; {hint}")


class LuaFailed(FlowbenchError):
    """A Lua script raised, or returned what is no JSON. Source: mlua-swarm 0.2.1 `lua eval`."""

    code = "lua_failed"

    def __init__(self, label: str, why: str) -> None:
        self.label = label
        super().__init__(f"lua eval [{label}]: {why}")


class ToolTimedOut(FlowbenchError):
    """A tool took longer than its `timeout_ms`. said: the end of what it wrote."""

    code = "tool_timed_out"

    def __init__(self, tool: str, timeout_ms: float | None, said: str) -> None:
        within = f"tool {tool} did not end within {timeout_ms or 0:g} ms (its timeout_ms)"
        super().__init__(f"{within}; it wrote: {said}" if said else within)


class AgentBlockFailed(FlowbenchError):
    """A language model gave no answer. Source: mlua-swarm 0.2.1 `agent-block run failed`."""

    code = "agent_block_failed"

    def __init__(self, why: str) -> None:
        super().__init__(f"agent-block run failed: {why}")


class NotebookFailed(FlowbenchError):
    """A notebook did not get through, or handed nothing over."""

    code = "notebook_failed"


class McpFailed(FlowbenchError):
    """A server of tools did not answer, or not as it should."""

    code = "mcp_failed"

    def __init__(self, server: str, why: str) -> None:
        self.server = server
        super().__init__(f"MCP server '{server}': {why}")


class TemplateFailed(FlowbenchError):
    """A prompt template cannot be rendered. Source: mlua-swarm 0.2.1 `render system_prompt`."""

    code = "template_failed"

    def __init__(self, why: str) -> None:
        super().__init__(f"render system_prompt: template render failed: {why}")


class NotFolded(FlowbenchError):
    """A text was to be JSON and is not. text: all of it."""

    code = "not_folded"
    SHOWN = 200  # characters

    def __init__(self, text: str) -> None:
        self.text = text
        shown = " ".join(text[: self.SHOWN].split()) + (" ..." if len(text) > self.SHOWN else "")
        super().__init__(f"the answer is no JSON, as fold: json asks for: {shown or 'it is empty'}")
