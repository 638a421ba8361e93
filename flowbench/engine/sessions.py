"""Sessions: an operator that has attached, and what it brings; detached when it leaves or is not heard of any more.

A session that is detached keeps its tasks, and its token stays good: revoke that to shut it out.
Source: mlua-swarm 0.2.1 `OperatorSession`.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from flowbench.engine.cascade import Tiers
from flowbench.engine.news import News, SessionAttached, SessionDetached
from flowbench.engine.roles import Role


class Session(msgspec.Struct, frozen=True):
    """nonce: of its token. last_seen: unix seconds. tiers: what it says about operator kinds.

    bridge_id, hook_id, operator_backend_id: of registered faces; looked up at each dispatch, one that nobody has
    registered counts as none.
    """

    id: str
    operator_id: str
    role: Role
    nonce: str
    last_seen: float
    attached: bool = True
    tiers: Tiers = Tiers()
    bridge_id: str | None = None
    hook_id: str | None = None
    operator_backend_id: str | None = None


def attach(session: Session) -> tuple[Session, tuple[News, ...]]:
    return session, (SessionAttached(session.id, session.role),)


def detach(session: Session, now: float) -> tuple[Session, tuple[News, ...]]:
    """Twice is once."""
    if not session.attached:
        return session, ()
    return replace(session, attached=False, last_seen=now), (SessionDetached(session.id),)


def heard(session: Session, now: float) -> tuple[Session, tuple[News, ...]]:
    """A heartbeat; of a session that was taken for gone it is a return."""
    news = () if session.attached else (SessionAttached(session.id, session.role),)
    return replace(session, attached=True, last_seen=now), news


def lapsed(sessions: Iterable[Session], now: float, seconds: float) -> list[Session]:
    """Those still attached that nobody has heard of for `seconds`."""
    return [session for session in sessions if session.attached and now - session.last_seen >= seconds]
