"""In process: engine 2 of grep, where ripgrep is missing or cannot run: RE2 on threads, over our own walk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from flowbench.cancel import CancelToken
from flowbench.tools.files.walking import reported
from flowbench.tools.searching import backtracked
from flowbench.tools.searching.hits import LARGE, Ask, FileHits, Hearer, Unfit
from flowbench.tools.searching.ladder import Rung
from flowbench.tools.searching.linear import Linear
from flowbench.tools.searching.lines import Pattern, search_file

THREADS = min(4, (os.cpu_count() or 1) + 1)
PORTION = 32  # files that a thread takes at a time
BACKTRACKS = re.compile("invalid perl|invalid escape|repetition|not read here")  # what others may read
NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # for a pipe that stands where a file was
LOOK = 0.01  # seconds between two looks at the token, while all threads search


class InProcess:
    """The engine, see plans.Engine."""

    def takes_tree(self, ask: Ask) -> bool:
        return False

    def tree(self, ask: Ask, rung: Rung, hearer: Hearer, token: CancelToken) -> int:
        raise NotImplementedError  # takes_tree says so

    def files(self, ask: Ask, rung: Rung, places: Sequence[bytes], hearer: Hearer, token: CancelToken) -> int:
        """Raises: Unfit, Unable, Aborted."""
        try:
            pattern = Linear(rung, ignore_case=ask.ignore_case, multiline=ask.multiline)
        except Unfit as error:
            if rung.is_literal or not BACKTRACKS.search(str(error)):
                raise
            return backtracked.search_files(ask, rung, places, hearer, token)
        return in_threads(pattern, ask, places, hearer, token)


def in_threads(pattern: Linear, ask: Ask, places: Sequence[bytes], hearer: Hearer, token: CancelToken) -> int:
    """Search those files. An abort leaves the threads, which end at their next look at the token. Raises: Aborted."""
    own = token.child()
    searched = 0
    waiting: set[Future[tuple[list[FileHits], int, list[bytes]]]] = set()
    slow: list[bytes] = []
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="flowbench-grep")
    try:
        for at in range(0, len(places), PORTION):
            waiting.add(threads.submit(search, pattern, ask, places[at : at + PORTION], own))
        while waiting:
            token.heartbeat()
            done, waiting = wait(waiting, LOOK, FIRST_COMPLETED)
            for each in done:
                hits, count, left = each.result()
                searched += count
                slow += left
                for file in hits:
                    hearer.file(file)
            if done:
                hearer.pause()
    finally:
        own.abort()
        threads.shutdown(wait=False, cancel_futures=True)
    return searched + (backtracked.search_files(ask, pattern.rung, slow, hearer, token) if slow else 0)


def search(
    pattern: Pattern, ask: Ask, places: Iterable[bytes], token: CancelToken
) -> tuple[list[FileHits], int, list[bytes]]:
    """(what they hold, how many were searched, those that hold what the pattern is not for). Raises: Aborted."""
    left: list[bytes] = []
    found: list[FileHits] = []
    folder = os.fsencode(os.path.dirname(ask.root) if ask.is_file else ask.root)
    searched = 0
    for place in places:
        token.heartbeat()
        hits = FileHits(reported(ask.root if ask.is_file else os.fsdecode(place)), place)
        try:
            fd = os.open(os.path.join(folder, place), os.O_RDONLY | NO_WAIT)
            with open(fd, "rb", buffering=0) as file:
                hits.is_large = os.fstat(fd).st_size > LARGE
                search_file(file, pattern, ask, hits, token)
                searched += 1
        except OSError:
            continue
        except Unfit:
            left.append(place)
            continue
        if hits.count or hits.is_cut:
            found.append(hits)
    return found, searched, left
