"""Structural search and pages: beside the bare libraries in this process, and how soon an abort is over."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from flowbench import tools
from flowbench.cancel import Aborted, CancelToken
from tests.bench.measure import Figure, beside

ROUNDS = 3
PAGE = "<p>Some <b>bold</b> text and <a href='/x'>a link</a>.</p><ul><li>one</li><li>two</li></ul>" * 17_000
"""1.5 million characters."""

PATTERNS = {"ast": "isinstance($A, $B)", "ast-any": "def $F($$$A): $$$B"}


def corpus() -> Path:
    """What is installed everywhere: 9 MB of Python."""
    found = find_spec("pandas")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "core"


def bare(root: Path, pattern: str) -> int:
    """Every file parsed, one after the other, and each match looked at."""
    from ast_grep_py import SgRoot

    total = 0
    for file in sorted(root.rglob("*.py")):
        for match in SgRoot(file.read_text(encoding="utf-8"), "python").root().find_all(pattern=pattern):
            match.range()
            match.text()
            total += 1
    return total


def searched() -> Iterator[Figure]:
    """All matches of a pattern with a name in it, and of one without; the processes are warm."""
    root = corpus()
    files = len(list(root.rglob("*.py")))
    for name, pattern in PATTERNS.items():
        yield beside(
            name,
            lambda pattern=pattern: tools.ast_grep(pattern, root, glob="**/*.py", limit=1_000_000),
            lambda pattern=pattern: bare(root, pattern),
            files,
            each=1,
            rounds=ROUNDS,
        )


def converted() -> Iterator[Figure]:
    from html_to_markdown import convert

    yield beside("html", lambda: tools.html_to_markdown(PAGE), lambda: convert(PAGE), 1)


def aborted() -> Iterator[Figure]:
    """From the abort to the Aborted, with the process that parsed, or converted, gone."""
    root = corpus()
    calls: dict[str, Any] = {
        "ast-abort": lambda token: tools.ast_grep("$A", root, glob="**/*.py", token=token),
        "html-abort": lambda token: tools.html_to_markdown(PAGE * 4, token=token),
    }
    for name, call in calls.items():
        yield Figure(name, statistics.median(_latency(call) for _ in range(10)) * 1e6, 0.0, 10)


def _latency(call: Any) -> float:
    token = CancelToken()
    said: list[float] = []

    def abort() -> None:
        said.append(perf_counter())
        token.abort()

    timer = threading.Timer(0.3, abort)
    timer.start()
    try:
        call(token)
    except Aborted:
        return perf_counter() - said[0]
    finally:
        timer.join()
    raise AssertionError("it was done before it was aborted")
