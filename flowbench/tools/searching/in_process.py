"""In process: engine 2 of grep, where ripgrep is missing or cannot run: RE2 on threads, over our own walk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from flowbench.cancel import CancelToken
from flowbench.tools.files.walking import reported
from flowbench.tools.searching.hits import LARGE, Ask, FileHits, Hearer
from flowbench.tools.searching.ladder import Rung
from flowbench.tools.searching.linear import Linear
from flowbench.tools.searching.lines import Pattern, search_file

THREADS = min(4, (os.cpu_count() or 1) + 1)
PORTION = 32  # files that a thread takes at a time
LOOK = 0.01  # seconds between two looks at the token, while all threads search


class InProcess:
    """The engine, see plans.Engine."""

    def takes_tree(self, ask: Ask) -> bool:
        return False

    def tree(self, ask: Ask, rung: Rung, hearer: Hearer, token: CancelToken) -> int:
        raise NotImplementedError  # takes_tree says so

    def files(self, ask: Ask, rung: Rung, places: Sequence[bytes], hearer: Hearer, token: CancelToken) -> int:
        """Raises: Unfit, Unable, Aborted."""
        pattern = Linear(rung, ignore_case=ask.ignore_case, multiline=ask.multiline)
        return in_threads(pattern, ask, places, hearer, token)


def in_threads(pattern: Pattern, ask: Ask, places: Sequence[bytes], hearer: Hearer, token: CancelToken) -> int:
    """Search those files. An abort leaves the threads, which end at their next look at the token. Raises: Aborted."""
    own = token.child()
    searched = 0
    waiting: set[Future[tuple[list[FileHits], int]]] = set()
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="flowbench-grep")
    try:
        for at in range(0, len(places), PORTION):
            waiting.add(threads.submit(_search, pattern, ask, places[at : at + PORTION], own))
        while waiting:
            token.heartbeat()
            done, waiting = wait(waiting, LOOK, FIRST_COMPLETED)
            for each in done:
                hits, count = each.result()
                searched += count
                for file in hits:
                    hearer.file(file)
            if done:
                hearer.pause()
    finally:
        own.abort()
        threads.shutdown(wait=False, cancel_futures=True)
    return searched


def _search(pattern: Pattern, ask: Ask, places: Iterable[bytes], token: CancelToken) -> tuple[list[FileHits], int]:
    found: list[FileHits] = []
    folder = os.fsencode(os.path.dirname(ask.root) if ask.is_file else ask.root)
    searched = 0
    for place in places:
        token.heartbeat()
        hits = FileHits(reported(ask.root if ask.is_file else os.fsdecode(place)), place)
        try:
            # Not waited for, should it be a pipe by now.
            fd = os.open(os.path.join(folder, place), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with open(fd, "rb", buffering=0) as file:
                hits.is_large = os.fstat(fd).st_size > LARGE
                searched += 1
                search_file(file, pattern, ask, hits, token)
        except OSError:
            continue
        if hits.count or hits.is_cut:
            found.append(hits)
    return found, searched
