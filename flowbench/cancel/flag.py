"""Flag: one cause, set at most once, and everybody who must hear of it.

There is no lock here on purpose. A SIGINT handler may abort in the very thread that is inside one of these functions,
and a lock would then wait for itself. Each decision is one atomic dict operation instead: `setdefault` picks the
first cause, `pop` picks the one thread that runs a listener. Nothing recurses along the family either: flows nest
deeper than the interpreter's stack.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import Literal, Protocol

from flowbench.cancel.reason import Aborted, AbortReason, Cause

WATCH_SECONDS = 0.1  # how long the watcher of an Event outlives the last token that cares
LOOK_SECONDS = 0.02  # between two looks at an event whose `wait` is not for threads

PARENT = "parent"  # what `by` says, with who asked the parent: "parent (button)"

Listener = Callable[[Cause], object]

_log = logging.getLogger("flowbench.cancel")
_keys = itertools.count()


class Signal(Protocol):
    """Anything that can be set: threading.Event (heard at once), asyncio.Event, multiprocessing.Event, one's own."""

    def is_set(self) -> bool: ...


class Flag:
    """The shared state behind a token and its weak handles.

    parent: the flag this one follows. origin: what `by` says when the cause comes from outside.
    source: an event that counts as aborted while it is set; looked at, because an event calls nobody.
    """

    __slots__ = (
        "__weakref__",
        "followers",
        "held",
        "listeners",
        "origin",
        "parent",
        "root",
        "settled",
        "source",
        "watched",
    )

    def __init__(
        self,
        parent: Flag | None = None,
        origin: Literal["parent", "signal"] = "signal",
        source: Signal | None = None,
    ) -> None:
        self.settled: dict[str, Cause] = {}
        self.listeners: dict[int, Listener] = {}
        self.followers: dict[int, weakref.ref[Flag]] = {}  # weak: a child that nobody holds leaves nothing behind
        self.held: dict[int, Flag] = {}  # in a root: descendants with listeners, which must outlive their tokens
        self.origin = origin
        self.parent = parent
        self.root: Flag | None = None  # None: this flag is the root, and must not hold itself
        self.source = source
        self.watched = None if source is None else threading.Lock()  # taken once, by the one watcher
        if parent is not None:
            self.root = parent.root or parent
            self.source = parent.source
            self._follow(parent)

    def look(self) -> Cause | None:
        """The cause, after a look at the source."""
        if not self.settled and self.source is not None and self.source.is_set():
            self.settle(self._heard(Cause(AbortReason.SIGNAL, "signal")))
        return self.settled.get("cause")

    def settle(self, cause: Cause) -> bool:
        """Set the cause here and below, then tell the listeners; False if there was one already."""
        if not self._claim(cause):
            return False
        family = [self]
        for flag in family:  # grows while it is walked
            family.extend(flag._claim_followers())
        _tell([(flag, key) for flag in family for key in list(flag.listeners)])
        return True

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` once, when the cause is set or at once; return what takes it back."""
        key = next(_keys)
        self.listeners[key] = listener
        if self.root is not None:
            self.root.held[key] = self
        (self.root or self)._watch()
        if self.look() is not None:
            _tell([(self, key)])
        return lambda: self._forget(key)

    def take(self, key: int) -> Listener | None:
        """The listener, for the one caller that may run it."""
        listener = self.listeners.pop(key, None)
        self._forget(key)
        return listener

    def _forget(self, key: int) -> None:
        self.listeners.pop(key, None)
        if self.root is not None:
            self.root.held.pop(key, None)

    def _claim(self, cause: Cause) -> bool:
        return self.settled.setdefault("cause", cause) is cause

    def _claim_followers(self) -> list[Flag]:
        """The children that had no cause of their own; they have one now."""
        cause = self.settled["cause"]
        claimed = []
        for key in list(self.followers):
            here = self.followers.pop(key, None)
            child = None if here is None else here()
            if child is not None and child._claim(child._heard(cause)):
                claimed.append(child)
        return claimed

    def _watch(self) -> None:
        if self.source is not None and self.watched is not None and self.watched.acquire(blocking=False):
            # in a list, to be taken out: a thread keeps its arguments for as long as it lives
            threading.Thread(target=_follow, args=(self.source, [self]), name="flowbench-signal", daemon=True).start()

    def _heard(self, cause: Cause) -> Cause:
        """As this one hears it: whoever asked the parent, or its parent, is kept beside the word "parent"."""
        if self.origin == "signal":
            return Cause(AbortReason.SIGNAL, self.origin)
        by = cause.by
        if by and not by.startswith(PARENT):
            by = f"{PARENT} ({by})"
        return Cause(cause.reason, by or PARENT)

    def _follow(self, parent: Flag) -> None:
        key = next(_keys)
        followers = parent.followers
        followers[key] = weakref.ref(self, lambda _: followers.pop(key, None))
        cause = parent.look()
        if cause is not None:  # aborted before, or just while this flag was entered: nobody may have seen it
            followers.pop(key, None)
            self.settle(self._heard(cause))


def _tell(waiting: list[tuple[Flag, int]]) -> None:
    for at, (flag, key) in enumerate(waiting):
        listener = flag.take(key)
        if listener is None:
            continue
        try:
            listener(flag.settled["cause"])
        except (Exception, Aborted):  # a listener is foreign code, and the others must hear of the abort all the same
            _log.exception("a listener of an abort failed")
        except BaseException:  # Ctrl-C goes on, after the others have heard
            _tell(waiting[at + 1 :])
            raise


def _follow(source: Signal, flags: list[Flag]) -> None:
    """Settle the one flag when `source` is set; end when nobody cares. A flag with listeners needs no token to live."""
    held: Flag | None = flags.pop()
    here = weakref.ref(held)
    while not _wait(source):
        flag = here()
        if flag is None or flag.settled:
            return
        held = flag if flag.listeners or flag.held else None
        del flag
    flag = held or here()
    if flag is not None:
        flag.look()


def _wait(source: Signal) -> bool:
    """Wait a little; True if it is set."""
    if isinstance(source, threading.Event):
        return source.wait(WATCH_SECONDS)
    if not source.is_set():
        time.sleep(LOOK_SECONDS)
    return source.is_set()
