"""Folds: status and count of the stretches that a large drawing shows as one box."""

from __future__ import annotations

import re
from bisect import bisect_right
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
        inside: dict[str, list[int]] = {}
        for shape, count in now.by_shape.items():
            if fold := self.of(shape):
                before = inside.setdefault(fold, [0, 0, 0, 0])
                inside[fold] = [a + b for a, b in zip(before, count, strict=True)]
        for fold, (done, failed, cancelled, running) in inside.items():
            is_last = now.state == "running" and fold == next(reversed(inside))  # quick bodies never wait
            status[fold] = (
                "running" if running or is_last
                else "mixed" if failed and done
                else "failed" if failed
                else "cancelled" if cancelled and not (done and now.state == "done")
                else "done"
            )  # fmt: skip
            counts[fold] = f"{done + failed + cancelled:,}"
        return status, counts


def known(ids: Iterable[object]) -> frozenset[str]:
    """Those that can be ids of folds; a click brings them from outside."""
    return frozenset(id for id in ids if isinstance(id, str) and len(id) < 1_000 and _ID.fullmatch(id))


def marks(drawing: Drawing, now: Progress) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """(status, counts) by node, for one picture."""
    return Folds(drawing).tell(now)
