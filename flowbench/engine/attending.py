"""Attending: operators come, are heard of, and go; what they bring is looked up by id at each dispatch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from flowbench.cancel import CancelToken, future
from flowbench.engine import ids, sessions
from flowbench.engine.cascade import Tiers
from flowbench.engine.desk import Desk
from flowbench.engine.errors import SessionNotFound
from flowbench.engine.faces import Operator, OperatorInfo, SeniorBridge, SpawnHook
from flowbench.engine.news import News
from flowbench.engine.roles import Role, Verb
from flowbench.engine.sessions import Session
from flowbench.engine.tokens import CapToken

F = TypeVar("F")


class Registered(Generic[F]):
    """Faces of one kind by id; a later one of the same id takes its place."""

    def __init__(self) -> None:
        self._faces: dict[str, F] = {}

    def register(self, id: str, face: F) -> None:
        self._faces[id] = face

    def unregister(self, id: str) -> bool:
        """True if it was there."""
        return self._faces.pop(id, None) is not None

    def list(self) -> Sequence[str]:
        return sorted(self._faces)

    def get(self, id: str | None) -> F | None:
        """None for an id that nobody has registered."""
        return None if id is None else self._faces.get(id)


class Attachment(msgspec.Struct, frozen=True):
    """What an operator brings when it attaches. tiers: what its launch and the Blueprint say of operator kinds.

    bridge_id, hook_id, operator_backend_id: of faces, registered before or after.
    """

    tiers: Tiers = Tiers()
    bridge_id: str | None = None
    hook_id: str | None = None
    operator_backend_id: str | None = None


class Attending(Desk):
    """The part of the engine that operators use."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.hooks: Registered[SpawnHook] = Registered()
        self.bridges: Registered[SeniorBridge] = Registered()
        self.operators: Registered[Operator] = Registered()

    def attach(self, operator_id: str, role: Role = Role.OPERATOR, ttl: float | None = None) -> CapToken:
        """A session that automates: no faces. ttl: seconds; None is without end."""
        return self.attach_with_ids(operator_id, role, ttl)

    def attach_with_ids(
        self, operator_id: str, role: Role, ttl: float | None, brings: Attachment | None = None
    ) -> CapToken:
        """The session's token, for any number of uses. Nothing is looked up now: see `operator_info`."""
        now, given = self.clock(), brings or Attachment()
        token = self.tokens.mint(operator_id, role, now, ttl=ttl)
        made = Session(
            ids.session_id(),
            operator_id,
            role,
            token.nonce,
            now,
            tiers=given.tiers,
            bridge_id=given.bridge_id,
            hook_id=given.hook_id,
            operator_backend_id=given.operator_backend_id,
        )
        with self._lock:
            self._keep(*sessions.attach(made), now)
            self._session_of[token.nonce] = made.id
        return token

    def attach_with(self, operator_id: str, role: Role, ttl: float | None, info: OperatorInfo) -> CapToken:
        """The same with the faces themselves, registered under ids of their own; the kind counts as the launch's."""
        return self.attach_with_ids(
            operator_id,
            role,
            ttl,
            Attachment(
                Tiers(launch=info.kind),
                _registered("br", self.bridges, info.bridge),
                _registered("hk", self.hooks, info.hook),
                _registered("op", self.operators, info.backend),
            ),
        )

    def detach(self, token: CapToken) -> None:
        """It is gone; its tasks stay, and its token stays good (`revoke` it to shut it out).

        Raises: TokenError, SessionNotFound.
        """
        self._verify(token, Verb.DETACH_SESSION)
        now = self.clock()
        with self._lock:
            self._keep(*sessions.detach(self._session(token), now), now)

    def heartbeat(self, token: CapToken) -> None:
        """It is still there; one that was taken for gone is back. Raises: TokenError, SessionNotFound."""
        self._verify(token, Verb.HEARTBEAT)
        now = self.clock()
        with self._lock:
            self._keep(*sessions.heard(self._session(token), now), now)

    def sessions(self) -> Sequence[Session]:
        with self._lock:
            return list(self._sessions.values())

    def session(self, token: CapToken) -> Session:
        """The session that this token belongs to. Raises: SessionNotFound."""
        with self._lock:
            return self._session(token)

    def detach_lapsed(self) -> Sequence[Session]:
        """Detach those that have missed too many heartbeats, as of now; they are returned."""
        now, hold = self.clock(), self.cfg.long_hold
        with self._lock:
            gone = sessions.lapsed(
                self._sessions.values(), now, hold.heartbeat_interval * hold.heartbeat_miss_threshold
            )
            for session in gone:
                self._keep(*sessions.detach(session, now), now)
        return gone

    async def start_detach_loop(
        self, stop: CancelToken | None = None, *, pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        """`detach_lapsed` at every heartbeat interval, for ever; abort raises Aborted.

        pause: waits so many seconds; a test brings its own.
        """

        async def go() -> None:
            while True:
                await pause(self.cfg.long_hold.heartbeat_interval)
                self.detach_lapsed()

        await future("engine.detach_loop", stop, go())

    def operator_info(self, agent: str, token: CapToken | None = None, blueprint: Tiers | None = None) -> OperatorInfo:
        """Who stands behind this agent now, under the session of `token`.

        blueprint: tiers that hold where there is no session.
        """
        session = None if token is None else self._sessions.get(self._session_of.get(token.nonce, ""))
        if session is None:
            return OperatorInfo((blueprint or Tiers()).effective(agent))
        return OperatorInfo(
            session.tiers.effective(agent),
            session.operator_id,
            self.hooks.get(session.hook_id),
            self.bridges.get(session.bridge_id),
            self.operators.get(session.operator_backend_id),
        )

    # The seed's names for the same.

    def register_senior_bridge(self, id: str, bridge: SeniorBridge) -> None:
        self.bridges.register(id, bridge)

    def unregister_senior_bridge(self, id: str) -> bool:
        return self.bridges.unregister(id)

    def list_senior_bridges(self) -> Sequence[str]:
        return self.bridges.list()

    def register_spawn_hook(self, id: str, hook: SpawnHook) -> None:
        self.hooks.register(id, hook)

    def unregister_spawn_hook(self, id: str) -> bool:
        return self.hooks.unregister(id)

    def list_spawn_hooks(self) -> Sequence[str]:
        return self.hooks.list()

    def register_operator(self, id: str, operator: Operator) -> None:
        self.operators.register(id, operator)

    def unregister_operator(self, id: str) -> bool:
        return self.operators.unregister(id)

    def list_operators(self) -> Sequence[str]:
        return self.operators.list()

    def _session(self, token: CapToken) -> Session:
        found = self._sessions.get(self._session_of.get(token.nonce, ""))
        if found is None:
            raise SessionNotFound
        return found

    def _keep(self, session: Session, news: Sequence[News], now: float) -> None:
        self._sessions[session.id] = session
        self.wire.tell(*news, now=now)


def _registered(prefix: str, faces: Registered[F], face: F | None) -> str | None:
    if face is None:
        return None
    id = ids.registered_id(prefix)
    faces.register(id, face)
    return id
