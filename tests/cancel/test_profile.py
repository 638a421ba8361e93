"""The work profile: what is counted, and how it is told."""

from __future__ import annotations

import asyncio
import math
import re
import xml.etree.ElementTree as ET
from collections import deque

import pytest

from flowbench.cancel import CancelToken, blocking, profile, profile_region, work_profile
from flowbench.cancel.profile import SAMPLES, Sample


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> deque[Sample]:
    """A ring of this test's own, and a clock that stands at 100 seconds."""
    mine: deque[Sample] = deque(maxlen=SAMPLES)
    monkeypatch.setattr(profile, "_ring", mine)
    return mine


def test_without_samples_there_is_no_picture() -> None:
    empty = work_profile(60)

    assert (empty.folded, empty.svg, empty.total_ms, empty.sample_count) == ("", None, 0.0, 0)
    assert "Window: 60000.0ms\nTotal work time: 0.0ms\nSamples: 0" in empty.summary


def test_regions_are_told_by_time(ring: deque[Sample]) -> None:
    ring += [Sample("grep", 1000, math.inf), Sample("ast", 5000, math.inf), Sample("grep", 2000, math.inf)]

    told = work_profile(1)

    assert told.folded == "ast 5000\ngrep 3000\n"
    assert (told.total_ms, told.sample_count) == (8.0, 3)
    assert told.summary.splitlines() == [
        "# Work Profile Summary", "", "Window: 1000.0ms", "Total work time: 8.0ms", "Samples: 3", "",
        "## Time by Region", "", "| Region | Time (ms) | % | Calls |", "|--------|-----------|---|-------|",
        "| ast | 5.00 | 62.5% | 1 |", "| grep | 3.00 | 37.5% | 2 |",
    ]  # fmt: skip


def test_the_picture_is_wellformed_and_says_all(ring: deque[Sample]) -> None:
    ring += [Sample('<b>&"x', 900, math.inf), Sample("tiny", 0, math.inf), Sample("y" * 300, 100, math.inf)]

    svg = work_profile(1).svg

    assert svg is not None
    told = [each.text or "" for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")]
    assert told[0] == "Work Profile"
    assert '<b>&"x (900 μs, 90.00%)' in told
    assert not any(text.startswith("tiny") for text in told)


def test_only_what_has_ended_in_the_window_counts(monkeypatch: pytest.MonkeyPatch, ring: deque[Sample]) -> None:
    monkeypatch.setattr(profile, "perf_counter", lambda: 100.0)
    ring += [Sample("old", 1, 89.9), Sample("new", 1, 90.0)]

    assert work_profile(10).folded == "new 1\n"
    assert work_profile(math.inf).sample_count == 2


@pytest.mark.parametrize("seconds", [-1, math.nan])
def test_a_window_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        work_profile(seconds)


def test_a_region_is_counted_however_it_is_left(ring: deque[Sample]) -> None:
    with profile_region("with"):
        pass
    with pytest.raises(ValueError, match="x"), profile_region("with"):
        raise ValueError("x")

    assert [sample.tag for sample in ring] == ["with", "with"]


def test_functions_are_regions_also_when_they_recurse_or_wait(ring: deque[Sample]) -> None:
    @profile_region("down")
    def down(depth: int) -> int:
        return down(depth - 1) + 1 if depth else 0

    @profile_region("nap")
    async def nap() -> None:
        await asyncio.sleep(0.02)

    async def both() -> None:
        await asyncio.gather(nap(), nap())

    assert down(2) == 2
    assert down.__name__ == "down"
    asyncio.run(both())
    assert [sample.tag for sample in ring] == ["down"] * 3 + ["nap"] * 2
    assert all(sample.microseconds >= 19_000 for sample in ring if sample.tag == "nap")


def test_the_oldest_samples_make_room(ring: deque[Sample]) -> None:
    for number in range(SAMPLES + 5):
        with profile_region(str(number)):
            pass

    assert work_profile(3600).sample_count == SAMPLES
    assert ring[0].tag == "5"


def test_a_tag_cannot_break_the_formats(ring: deque[Sample]) -> None:
    ring.append(Sample("a;b\nc | d", 7, math.inf))

    told = work_profile(1)

    assert told.folded == "a:b c | d 7\n"
    assert re.search(r"^\| a:b c \\\| d \| 0\.01 \| 100\.0% \| 1 \|$", told.summary, re.MULTILINE)


def test_a_region_of_the_same_tag_within_blocking_work_is_that_work(ring: deque[Sample]) -> None:
    def work(token: CancelToken) -> None:
        for tag in ("own", "other"):
            with profile_region(tag):
                pass

    blocking("own", None, work).result()
    with profile_region("own"):
        pass

    assert [sample.tag for sample in ring] == ["other", "own", "own"]
