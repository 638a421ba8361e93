"""Profile: where tagged work has spent its time lately, always on.

Regions that overlap count both, so that their sum may be more than the time that has passed. Regions do not nest:
each sample stands for its own tag alone.
Source: pi-natives prof.rs, the flat form.
"""

from __future__ import annotations

import inspect
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from html import escape
from time import perf_counter
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

SAMPLES = 10_000  # kept; the oldest make room
WIDTH, ROW, HEAD = 1200, 18, 40  # pixels of the picture, of its one row, above that
LETTER = 7.0  # pixels per character of a label
MIN_WIDTH = 0.1  # percent: a narrower region is left out of the picture

F = TypeVar("F", bound=Callable[..., Any])


class Sample(NamedTuple):
    """One region that has ended. microseconds: how long. end: seconds of perf_counter."""

    tag: str
    microseconds: int
    end: float


class WorkProfile(msgspec.Struct, frozen=True):
    """folded: `tag microseconds` per line, the most time first. summary: Markdown. svg: a flame graph, None when there
    is no sample. total_ms: sum of all durations.
    """

    folded: str
    summary: str
    svg: str | None
    total_ms: float
    sample_count: int


_ring: deque[Sample] = deque(maxlen=SAMPLES)
_here = threading.local()  # .tag: of the work that this thread does, see `whole`


class profile_region:  # noqa: N801 -- used as a function: `with profile_region("parse"):`, `@profile_region("parse")`
    """A region of work: a context manager, and a decorator of functions, async ones too. One sample when it is left,
    however. For an async function the sample is its whole life, waits included. A region of the same tag as the
    `blocking` work that it is in is that work, and no sample of its own.
    """

    __slots__ = ("_begun", "_tag")

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._begun: list[float] = []

    def __enter__(self) -> None:
        self._begun.append(perf_counter())

    def __exit__(self, *_: object) -> None:
        begun = self._begun.pop()
        if getattr(_here, "tag", None) != self._tag:
            record(self._tag, begun)

    def __call__(self, fn: F) -> F:
        if inspect.iscoroutinefunction(fn):

            @wraps(fn)
            async def waits(*args: Any, **named: Any) -> Any:
                with profile_region(self._tag):
                    return await fn(*args, **named)

            return cast(F, waits)

        @wraps(fn)
        def works(*args: Any, **named: Any) -> Any:
            with profile_region(self._tag):
                return fn(*args, **named)

        return cast(F, works)


@contextmanager
def whole(tag: str) -> Iterator[None]:
    """All that this thread does within is one sample of `tag`."""
    before, begun = getattr(_here, "tag", None), perf_counter()
    _here.tag = tag
    try:
        yield
    finally:
        _here.tag = before
        record(tag, begun)


def record(tag: str, begun: float) -> None:
    """Add the sample of a region that ends now. begun: seconds of perf_counter."""
    end = perf_counter()
    _ring.append(Sample(tag, round((end - begun) * 1e6), end))


def work_profile(seconds: float) -> WorkProfile:
    """What has ended in the last `seconds`, in all threads, regions that still go on left out. seconds: >= 0, or inf.

    Raises: ValueError for what is no such number.
    """
    if not seconds >= 0:
        raise ValueError(f"seconds is a number of at least 0, not {seconds!r}")
    since = perf_counter() - seconds
    samples = [sample for sample in list(_ring) if sample.end >= since]
    regions: dict[str, tuple[int, int]] = {}
    for sample in samples:
        spent, calls = regions.get(sample.tag, (0, 0))
        regions[sample.tag] = spent + sample.microseconds, calls + 1
    ranked = sorted(((tag, *each) for tag, each in regions.items()), key=lambda region: (-region[1], region[0]))
    total = sum(spent for _, spent, _ in ranked)
    return WorkProfile(
        "".join(f"{_word(tag)} {spent}\n" for tag, spent, _ in ranked),
        _summary(ranked, seconds, total, len(samples)),
        _svg(ranked, total) if samples else None,
        total / 1000,
        len(samples),
    )


def _summary(ranked: list[tuple[str, int, int]], seconds: float, total: int, count: int) -> str:
    window = "all" if math.isinf(seconds) else f"{seconds * 1000:.1f}ms"
    lines = [
        "# Work Profile Summary", "",
        f"Window: {window}", f"Total work time: {total / 1000:.1f}ms", f"Samples: {count}", "",
        "## Time by Region", "",
        "| Region | Time (ms) | % | Calls |", "|--------|-----------|---|-------|",
    ]  # fmt: skip
    for tag, spent, calls in ranked:
        cell = _word(tag).replace("|", "\\|")
        lines.append(f"| {cell} | {spent / 1000:.2f} | {_percent(spent, total):.1f}% | {calls} |")
    return "\n".join(lines)


def _svg(ranked: list[tuple[str, int, int]], total: int) -> str:
    """One row, as wide as everything, with a box for each region."""
    height = HEAD + 2 * ROW + 10
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="monospace" font-size="12">',
        "<title>Work Profile</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#f8f8f0"/>',
        f'<text x="{WIDTH // 2}" y="24" font-size="17" text-anchor="middle">Work Profile</text>',
        _box("all", total, total, 0.0, WIDTH, HEAD + ROW, "#d8d8d0"),
    ]
    left = 0.0
    for number, (tag, spent, _) in enumerate(ranked):
        width = WIDTH * spent / total if total else WIDTH / len(ranked)
        if 100 * width / WIDTH >= MIN_WIDTH:
            colour = f"hsl({(20 + 37 * number) % 60}, 90%, {60 + 5 * (number % 3)}%)"
            parts.append(_box(_word(tag), spent, total, left, width, HEAD, colour))
        left += width
    return "\n".join([*parts, "</svg>", ""])


def _box(name: str, spent: int, total: int, left: float, width: float, top: int, colour: str) -> str:
    """The name is cut to what fits; pointing at the box says all."""
    told = f"{name} ({spent:,} μs, {_percent(spent, total):.2f}%)"
    fits = int((width - 6) / LETTER)
    label = name if len(name) <= fits else name[: max(fits - 2, 0)] + ".." if fits >= 3 else ""
    return (
        f'<g aria-label="{escape(told)}"><title>{escape(told)}</title><rect x="{left:.1f}" y="{top}" '
        f'width="{width:.1f}" height="{ROW - 1}" fill="{colour}" rx="2"/>'
        f'<text x="{left + 3:.1f}" y="{top + 13}">{escape(label)}</text></g>'
    )


def _word(tag: str) -> str:
    """Without what ends a line, or a frame of a stack, in the folded form."""
    return " ".join("".join(c if c.isprintable() else " " for c in tag).replace(";", ":").split()) or "?"


def _percent(spent: int, total: int) -> float:
    return 100 * spent / total if total else 0.0
