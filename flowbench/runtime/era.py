"""Era: what one owner of a run has executed, and which outcomes of earlier owners that puts out of date."""

from __future__ import annotations

from collections.abc import Iterator

from flowbench import flow

Key = tuple[int, ...]


class Era:
    """From one `resume` to the next.

    The first step that runs in a scope makes it live: nothing later in it is answered from earlier records, because
    equal input does not mean equal world. Branches of a fan-out are scopes of their own; one that went live makes the
    scope around it live at the join. The journal shows where that was: at the earliest address that has run.
    """

    def __init__(self) -> None:
        self._written: set[str] = set()
        self._live_from: dict[str, Key] = {}

    def ran(self, address: str) -> None:
        """A step began, ended or was cancelled in this era."""
        for scope, position in _positions(address):
            before = self._live_from.get(scope)
            if before is None or position < before:
                self._live_from[scope] = position

    def wrote(self, address: str) -> None:
        """An outcome or a join of this era: it counts."""
        self._written.add(address)

    def outdates(self, address: str) -> bool:
        """True for a record of an earlier era that came to lie behind a step of this one."""
        if address in self._written or not self._live_from:
            return False
        for scope, position in _positions(address):
            live_from = self._live_from.get(scope)
            if live_from is not None and position > live_from:
                return True
        return False


def _positions(address: str) -> Iterator[tuple[str, Key]]:
    """(scope, place in it) from the innermost scope outwards; a branch stands where its fan-out stands."""
    while True:
        scope = flow.scope_of(address)
        yield scope, flow.key(address)
        if not scope:
            return
        address = scope.rpartition(".")[0]
