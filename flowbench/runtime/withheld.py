"""Withheld: the end of what is printed stays back while it may be the beginning of a secret that comes in parts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

Decide = Callable[[str], tuple[str, str]]
"""A text as it comes -> (what may be shown of it, the end that more text has to decide); as engine.Secrets.decided."""


class Withheld:
    """Ends of texts, by who writes them. From any thread."""

    def __init__(self) -> None:
        self._ends: dict[Hashable, str] = {}
        self._lock = threading.Lock()

    def say(self, who: Hashable, text: str, decide: Decide) -> str:
        """What may be shown, now that `who` has written `text` too."""
        with self._lock:
            shown, end = decide(self._ends.pop(who, "") + text)
            if end:
                self._ends[who] = end
        return shown

    def release(self, over: Callable[[Hashable], bool]) -> list[tuple[Hashable, str]]:
        """Who has no more to write, and what was kept back: it was no secret after all."""
        if not self._ends:
            return []
        with self._lock:
            return [(who, self._ends.pop(who)) for who in list(self._ends) if over(who)]
