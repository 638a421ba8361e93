"""Folds: status and count of the stretches that a large drawing shows as one box."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping

from flowbench.graph import Drawing
from flowbench.runtime import Progress

_ID = re.compile(r"(?P<at>.*)\[(?P<first>\d+)-(?P<last>\d+)\]", re.DOTALL)


class Folds:
    """Of one drawing: seq -> its folds by their first child."""

    def __init__(self, drawing: Drawing) -> None:
        self._by_seq: dict[str, list[tuple[int, int, str]]] = {}
        for node in drawing.nodes:
            found = _ID.fullmatch(node.id) if node.kind == "fold" else None
            if found is not None:
                self._by_seq.setdefault(found["at"], []).append((int(found["first"]), int(found["last"]), node.id))

    def of(self, address: str) -> str:
        """The fold in which this node or step is; "" for one that is drawn itself."""
        for at, folds in self._by_seq.items():
            if at and not address.startswith(f"{at}."):
                continue
            head = address[len(at) + 1 if at else 0 :].partition(".")[0]
            if head.isdigit():
                first, last, id = folds[max(bisect_right(folds, (int(head) + 1,)) - 1, 0)]
                if first <= int(head) <= last:
                    return id
        return ""

    def tell(self, now: Progress) -> tuple[dict[str, str], dict[str, str]]:
        """(status, counts) of all nodes, with those of folds put together from what is inside."""
        status, counts = now.status(), now.counts()
        if not self._by_seq:
            return status, counts
        inside: dict[str, set[str]] = {}
        for shape, each in status.items():
            if fold := self.of(shape):
                inside.setdefault(fold, set()).add(each)
        for fold, found in inside.items():
            status[fold] = next(iter(found)) if len(found) == 1 else _together(found)
        ended: Counter[str] = Counter()
        for shape, count in now.by_shape.items():
            if fold := self.of(shape):
                ended[fold] += count.ended
        return status, counts | {fold: f"{number:,}" for fold, number in ended.items()}


def _together(found: set[str]) -> str:
    """The status of a box for several."""
    if "running" in found:
        return "running"
    found = found - {"skipped"}
    if found == {"done"}:
        return "done"
    if "mixed" in found or {"failed", "done"} <= found:
        return "mixed"
    return "failed" if "failed" in found else "cancelled"


def first_of(id: str) -> str:
    """Address of the first node in a fold; any other id as it is."""
    found = _ID.fullmatch(id)
    return id if found is None else f"{found['at']}.{found['first']}".lstrip(".")


def known(ids: Iterable[object]) -> frozenset[str]:
    """Those that can be ids of folds; a click brings them from outside."""
    return frozenset(id for id in ids if isinstance(id, str) and len(id) < 1_000 and _ID.fullmatch(id))


def marks(drawing: Drawing, now: Progress) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """(status, counts) by node, for one picture."""
    return Folds(drawing).tell(now)
