"""Core: one engine, and the one of this process."""

from __future__ import annotations

import os
import threading

import msgspec

from flowbench.engine.asking import Asking
from flowbench.engine.dispatching import Dispatching
from flowbench.engine.errors import TokenExpired, TokenUsesExhausted
from flowbench.engine.roles import Verb
from flowbench.engine.serving import Serving
from flowbench.engine.tokens import CapToken
from flowbench.engine.visiting import Visiting


class Engine(Dispatching, Serving, Asking, Visiting):
    """Sessions, tasks, tokens, outputs and answers, all in memory. From any thread; every wait can be aborted.

    cfg: see EngineCfg. clock: unix seconds. spawner: who does the work of `dispatch_attempt`.

    Source: mlua-swarm 0.2.1 `Engine`.
    """


class Seat(msgspec.Struct, frozen=True):
    """Where an operator sits: its engine, and the token of its session there."""

    engine: Engine
    token: CapToken

    def enter(self) -> None:
        """Work is about to be started from here: one use of the token. Raises: TokenError."""
        self.engine.tokens.verify(self.token, Verb.START_TASK, self.engine.clock())

    def go_on(self) -> None:
        """What was started from here is about to do more; no use is counted. Raises: TokenExpired, TokenUsesExhausted
        if the token was revoked.
        """
        if self.engine.clock() >= self.token.expire_at:
            raise TokenExpired
        if self.engine.tokens.is_revoked(self.token.nonce):
            raise TokenUsesExhausted


_default: Engine | None = None
_making = threading.Lock()


def default() -> Engine:
    """The engine of this process, made when it is first asked for; a forked child gets its own."""
    global _default
    if _default is None:
        with _making:
            if _default is None:
                _default = Engine()
    return _default


def _forget() -> None:
    global _default, _making
    _default, _making = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
