"""Behind: which steps depend on some others, and so are run again with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowbench import flow
from flowbench.runtime.era import Era
from flowbench.runtime.replay import Visited


class Behind:
    """Steps at, inside, around and after some addresses; beside them in a fan-out is not behind."""

    def __init__(self, addresses: Iterable[str] = ()) -> None:
        self._at: set[str] = set()
        self._around: set[str] = set()
        self._after = Era()
        for address in addresses:
            self.add(address)

    def add(self, address: str) -> None:
        self._at.add(address)
        self._around.update(_outward(address))
        self._after.ran(address)

    def holds(self, address: str) -> bool:
        """It is one of them, or depends on one."""
        if address in self._around or self._after.outdates(address):
            return True
        return any(outer in self._at for outer in _outward(address))

    def begins_at(self, address: str) -> bool:
        """It is one of them, or holds one."""
        return address in self._around


def addresses(visits: Mapping[str, Visited], at: str) -> list[str]:
    """What `at` means in a run: an address that was reached, or the visits of an agent of that name, of which none
    depends on another; [] if it means nothing there.
    """
    if at in visits or any(each.startswith(f"{at}.") for each in visits):
        return [at]
    found: list[str] = []
    behind = Behind()
    for address in sorted((each for each, visit in visits.items() if visit.ref == at), key=flow.key):
        if not behind.holds(address):
            behind.add(address)
            found.append(address)
    return found


def _outward(address: str) -> Iterator[str]:
    """The address itself, then what holds it."""
    while address:
        yield address
        address = address.rpartition(".")[0]
