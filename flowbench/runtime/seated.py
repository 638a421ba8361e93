"""Seated: what an operator has launched starts no further step once its token is good no more.

Source: mlua-swarm 0.2.1, where each step shows the token to `start_task`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowbench import engine

if TYPE_CHECKING:
    from flowbench.runtime.dispatch import Sitting


def seated(seat: Sitting) -> engine.Layer:
    """The layer that looks before each step; outside all others."""
    return lambda agent, inner: _Seated(inner, seat)


class _Seated:
    """Implements Spawner; quick bodies stay quick."""

    def __init__(self, inner: engine.Spawner, seat: Sitting) -> None:
        self._inner, self._seat = inner, seat
        self.quick, self.uses = inner.quick, inner.uses
        self.digest, self.wants_secrets = inner.digest, inner.wants_secrets

    def body(self, site: engine.Site) -> engine.Body:
        inner, go_on = self._inner.body(site), self._seat.go_on

        def body(value: Any) -> Any:
            go_on()
            return inner(value)

        return body
