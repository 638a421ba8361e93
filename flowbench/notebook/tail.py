"""Tail: the last lines of a run's log, bounded for the eye, live and still."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any

from flowbench import flow
from flowbench.notebook.view import cut
from flowbench.runtime import Line, Log

SHOWN = 100  # lines in the panel
OF_NODE = 30  # lines of one node
LINE_LENGTH = 400  # characters


class Tail:
    """Follows a log; each line is looked at once."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._next = 0
        self._last: deque[Line] = deque(maxlen=SHOWN)

    def shown(self) -> dict[str, Any]:
        """{"lines": [[agent, address, stream, text]], "before": lines that came before these}. What has no end yet is
        shown too, so that a progress bar moves."""
        fresh, self._next = self._log.since(self._next)
        self._last.extend(fresh)
        begun = self._log.lines()[-len(self._log.begun) :] if self._log.begun else []
        lines = [*self._last, *begun][-SHOWN:]
        return {"lines": rows(lines), "before": max(self._next + len(begun) - len(lines), 0)}


def of_node(log: Log, node: str) -> list[Line]:
    """The last lines of all visits of one node."""
    found = (line for line in reversed(log.lines()) if flow.shape(line.at) == node)
    return list(islice(found, OF_NODE))[::-1]


def rows(lines: Iterable[Line]) -> list[list[str]]:
    """[[agent, address, stream, text]]"""
    return [[line.agent, line.at, line.stream, cut(line.text, LINE_LENGTH)] for line in lines]
