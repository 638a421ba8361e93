"""The benchmark's runner: one quick work, and the shape of what it writes. What is fast is no test's business."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.__main__ import TARGETS, WORKS, chosen, line, main
from tests.bench.measure import Figure


def test_a_work_is_measured_told_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "figures.json"

    main(["--json", str(place), "W3"])

    (figure,) = json.loads(place.read_text())
    assert set(figure) == {"work", "us", "floor_us", "ratio", "n"}
    assert (figure["work"], figure["n"]) == ("W3", 200)
    assert figure["us"] >= 50_000
    assert figure["ratio"] == pytest.approx(figure["us"] / figure["floor_us"])
    assert capsys.readouterr().out.splitlines()[1].split()[0] == "W3"


@pytest.mark.parametrize("place", ["/nope/x.json", "."], ids=["no such folder", "a folder"])
def test_a_file_that_cannot_be_written_is_told_in_one_line_before_anything_is_measured(
    place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=f"^--json {place}: .* directory$"):
        main(["--json", place, "W3"])

    assert capsys.readouterr().out == ""


def test_a_name_stands_for_itself_or_for_all_that_begin_so() -> None:
    assert chosen(["W1"]) == ["W1"]
    assert chosen(["W4", "W4-power"]) == ["W4-process", "W4-power", "W4-1MB", "W4-full"]
    assert chosen([]) == list(WORKS)
    with pytest.raises(SystemExit, match="no work 'W0'"):
        chosen(["W0"])


def test_a_figure_is_held_to_its_target() -> None:
    assert TARGETS["W9"] == (1.03, "x")
    assert line(Figure("W9", 102, 100, 5)).endswith(" 1.03 x")
    assert line(Figure("W9", 110, 100, 5)).endswith("over 1.03 x")
