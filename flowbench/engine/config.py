"""Config: what holds for one engine.

The seed's try-lock settings are left out: nobody here waits for a lock for longer than a dict takes.
Source: mlua-swarm 0.2.1 `EngineCfg`, `LongHoldCfg`.
"""

from __future__ import annotations

import os

import msgspec

from flowbench.engine.tokens import Layout


class LongHold(msgspec.Struct, frozen=True):
    """All in seconds. default_hold: a step that takes longer is told of by the layer `long_hold`. max_hold: a poll
    waits no longer. A session that misses `heartbeat_miss_threshold` heartbeats is taken for gone.
    """

    default_hold: float = 3600.0
    max_hold: float = 48 * 3600.0
    heartbeat_interval: float = 300.0
    heartbeat_miss_threshold: int = 3


class EngineCfg(msgspec.Struct, frozen=True):
    """token_secret: 32 fresh random bytes unless given; engines that share one believe each other's signatures.

    token_layout: what is signed, see tokens. max_spawn_depth: tasks inside tasks. worker_ttl: seconds that a worker's
    token is good for; None is as long as its task is known. broadcast: events that a listener may be behind.
    event_tail: events kept for who comes late. kept_tasks: tasks kept after their end, the oldest forgotten first.
    """

    token_secret: bytes = msgspec.field(default_factory=lambda: os.urandom(32))
    token_layout: Layout = "json"
    max_spawn_depth: int = 4
    worker_ttl: float | None = None
    broadcast: int = 256
    event_tail: int = 1024
    kept_tasks: int = 10_000
    long_hold: LongHold = LongHold()

    def __repr__(self) -> str:
        return f"<EngineCfg max_spawn_depth={self.max_spawn_depth} worker_ttl={self.worker_ttl}>"  # not the secret
