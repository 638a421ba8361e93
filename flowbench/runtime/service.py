"""Service: a launch as the seed has it: an operator attaches, what it brings stands behind the agents, the flow runs.

Source: mlua-swarm 0.2.1 `TaskLaunchService`; there a ttl that passed did not stop a step that was running.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from typing import Any, Unpack

import msgspec

from flowbench import blueprint as bp
from flowbench import engine, flow
from flowbench.errors import FlowbenchError, nearest
from flowbench.runtime.dispatch import kind_of
from flowbench.runtime.errors import LaunchFailed, RunError, RunFailed
from flowbench.runtime.launching import Options, check, launch
from flowbench.runtime.run import Run

OWN = {"seat", "operator", "timeout"}  # options of `launch` that the input says


class TaskLaunchInput(msgspec.Struct, frozen=True, kw_only=True):
    """What is launched, and what the operator brings. ttl: seconds, of the session's token and of the whole run; None
    is what the Blueprint says, else without end. hook_id, bridge_id, operator_backend_id: of faces registered with the
    engine, now or later; an id that nobody has registered is nobody. operator_kind_overrides: by agent.
    role: operator or worker; others may start nothing.
    """

    blueprint: bp.Source
    operator_id: str
    role: engine.Role = engine.Role.OPERATOR
    ttl: float | None = None
    operator_kind: bp.OperatorKind | None = None
    bridge_id: str | None = None
    hook_id: str | None = None
    operator_backend_id: str | None = None
    operator_kind_overrides: Mapping[str, bp.OperatorKind] = {}
    init_ctx: Any = {}

    @classmethod
    def automate(
        cls,
        blueprint: bp.Source,
        operator_id: str = "automate",
        role: engine.Role = engine.Role.OPERATOR,
        ttl: float | None = None,
        init_ctx: Any = None,
    ) -> TaskLaunchInput:
        """One that brings nothing; the Blueprint's own operator kinds hold."""
        ctx = {} if init_ctx is None else init_ctx
        return cls(blueprint=blueprint, operator_id=operator_id, role=role, ttl=ttl, init_ctx=ctx)

    def attachment(self, blueprint: bp.Blueprint) -> engine.Attachment:
        """As `Engine.attach_with_ids` takes it."""
        tiers = engine.tiers_of(blueprint, self.operator_kind, self.operator_kind_overrides)
        return engine.Attachment(tiers, self.bridge_id, self.hook_id, self.operator_backend_id)


class TaskLaunchOutput(msgspec.Struct, frozen=True):
    """token: of the operator's session. run_id: of the run, which is recorded like any other."""

    token: engine.CapToken
    final_ctx: Any
    run_id: str


class TaskLaunch:
    """A launch under way: `launch.result()`, or `await launch` on any loop."""

    def __init__(self, run: Run, token: engine.CapToken) -> None:
        self.run, self.token = run, token

    def result(self, timeout: float | None = None) -> TaskLaunchOutput:
        """timeout: seconds to wait; it goes on after them.

        Raises: LaunchFailed `flow eval: ...`, RunCancelled (after the ttl with reason Timeout), TimeoutError.
        """
        try:
            return self._output(self.run.result(timeout))
        except RunFailed as error:
            raise _failed(error) from error

    def __await__(self) -> Generator[Any, None, TaskLaunchOutput]:
        """Cancelling whoever waits aborts the run. Raises: LaunchFailed `flow eval: ...`, RunCancelled."""
        try:
            ctx = yield from self.run.__await__()
        except RunFailed as error:
            raise _failed(error) from error
        return self._output(ctx)

    def _output(self, ctx: Any) -> TaskLaunchOutput:
        return TaskLaunchOutput(self.token, ctx, self.run.id)

    def __repr__(self) -> str:
        return f"<TaskLaunch {self.run.summary()}>"


class TaskLaunchService:
    """Launches Blueprints on one engine; several services may share it.

    engine: by default that of the process. options: those of `launch`, for each of them: functions, layers, externs and
    so on; seat, operator and timeout are said by the input.
    """

    def __init__(self, engine: engine.Engine | None = None, **options: Unpack[Options]) -> None:
        """Raises: TypeError for an option that nobody knows."""
        check(options, "TaskLaunchService", Options.__optional_keys__ - OWN)
        self._engine, self._options = engine, options

    @property
    def engine(self) -> engine.Engine:
        return engine.default() if self._engine is None else self._engine

    def with_externs(self, externs: Mapping[str, Callable[[list[Any]], Any]]) -> TaskLaunchService:
        """The same service with these functions for expressions, instead of those before."""
        options: Options = {**self._options, "externs": externs}
        return TaskLaunchService(self._engine, **options)

    def launch(self, input: TaskLaunchInput) -> TaskLaunch:
        """Compile, link, attach, and let it run; it has begun when this returns. A session is attached only for a
        Blueprint that compiles, and detached when the run ends; its token stays good for its ttl.

        Raises: LaunchFailed `compile: ...` or `engine: ...`, blueprint.BlueprintError, blueprint.UntrustedBlueprint,
        flow.NotJson.
        """
        blueprint = bp.load(input.blueprint)
        try:
            input = _checked(input)
        except RunError as error:
            raise LaunchFailed("engine", str(error)) from error
        seat = _LateSeat(self.engine, input, blueprint)
        asked: Options = {**self._options, "seat": seat, "timeout": input.ttl}
        try:
            run = launch(blueprint, input.init_ctx, **asked)
        except (engine.CompileError, flow.ParseError) as error:
            raise LaunchFailed("compile", str(error)) from error
        except (bp.BlueprintError, bp.UntrustedBlueprint, flow.NotJson):
            raise
        except FlowbenchError as error:
            raise LaunchFailed("engine", str(error)) from error
        token = seat.token
        run.on_end(lambda _: _leave(seat.engine, token))
        return TaskLaunch(run, token)


class _LateSeat:
    """A seat that is taken when somebody first asks for its token: nobody does before the Blueprint is compiled."""

    def __init__(self, desk: engine.Engine, input: TaskLaunchInput, blueprint: bp.Blueprint) -> None:
        self.engine, self._input, self._blueprint = desk, input, blueprint
        self._token: engine.CapToken | None = None
        self._attaching = threading.Lock()

    @property
    def token(self) -> engine.CapToken:
        """Raises: engine.RoleViolation for a role that may start nothing; nobody is attached then."""
        if self._token is None:
            role, verb = self._input.role, engine.Verb.START_TASK
            if not engine.allows(role, verb):
                raise engine.RoleViolation(role.variant, verb.variant)
            with self._attaching:
                given = self._input
                self._token = self._token or self.engine.attach_with_ids(
                    given.operator_id, given.role, given.ttl, given.attachment(self._blueprint)
                )
        return self._token

    def enter(self) -> None:
        """Its ttl is the deadline of the run, so that it need not be looked at here. Raises: as `token`."""
        _ = self.token

    def go_on(self) -> None:
        """As `enter`. Raises: engine.TokenUsesExhausted if the token was revoked."""
        if self.engine.tokens.is_revoked(self.token.nonce):
            raise engine.TokenUsesExhausted


def _checked(input: TaskLaunchInput) -> TaskLaunchInput:
    """With its role and kinds as such, also where they came as text. Raises: RunError for one that there is not."""
    kinds, kind = input.operator_kind_overrides, input.operator_kind
    return msgspec.structs.replace(
        input,
        role=_role(input.role),
        operator_kind=None if kind is None else kind_of(kind, "operator_kind"),
        operator_kind_overrides={a: kind_of(each, f"operator_kind_overrides['{a}']") for a, each in kinds.items()},
    )


def _role(given: engine.Role | str) -> engine.Role:
    try:
        return engine.Role(given)
    except ValueError:
        known = [role.value for role in engine.Role]
        near = nearest(str(given), known)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(known)}"
        raise RunError(f"role is no role: {given!r:.80}; {hint}") from None


def _leave(desk: engine.Engine, token: engine.CapToken) -> None:
    with suppress(engine.EngineError):  # it has expired with the run, or is of a role that cannot detach
        desk.detach(token)


def _failed(error: RunFailed) -> LaunchFailed:
    cause = error.__cause__
    return LaunchFailed("flow eval", str(cause if isinstance(cause, flow.FlowError) else error), error.run_id)
