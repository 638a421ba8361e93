"""The chain: what cannot draw is passed over, within one deadline, and nothing of it is left running."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from flowbench.graph import GraphError
from flowbench.graph.layout import dot_on_path, element, layout


def _answers(dot: str, seconds: float) -> str:
    return f"<svg>{dot}</svg>"


def _gives_up(dot: str, seconds: float) -> str:
    raise GraphError("cannot")


def _breaks(dot: str, seconds: float) -> str:
    raise RuntimeError("a library of others")


def _sleeps(dot: str, seconds: float) -> str:
    time.sleep(seconds)
    raise GraphError("not in time")


def _program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_first_way_that_can_draw_draws() -> None:
    assert layout("x", ways=[_answers, _breaks]) == "<svg>x</svg>"


@pytest.mark.parametrize("way", [_gives_up, _breaks])
def test_a_way_that_fails_is_passed_over(way: object) -> None:
    assert layout("x", ways=[way, _answers]) == "<svg>x</svg>"  # type: ignore[list-item]


def test_nothing_is_left_when_no_way_can_draw() -> None:
    assert layout("x", ways=[_gives_up, _breaks]) is None
    assert layout("x", ways=[]) is None


def test_all_ways_share_one_deadline() -> None:
    start = time.monotonic()

    assert layout("x", deadline=0.2, ways=[_sleeps, _sleeps, _sleeps]) is None

    assert time.monotonic() - start < 0.4


def test_without_dot_on_path_the_module_draws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    svg = layout("digraph { a -> b }", deadline=10)

    assert svg is not None
    assert svg.startswith("<svg")


def test_dot_on_path_is_asked_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _program(tmp_path / "dot", "/bin/cat >/dev/null; echo '<svg>from dot</svg>'")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert layout("digraph {}", deadline=10) == "<svg>from dot</svg>\n"


def test_a_missing_program_is_a_graph_error(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="on PATH"):
        dot_on_path("digraph {}", 1, command=str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("script", "why"),
    [("exit 3", "code 3"), ("cat >/dev/null; echo nothing", "no SVG"), ("exec 0<&-; exit 1", "code 1")],
    ids=["fails", "writes no picture", "does not read"],
)
def test_a_program_that_fails_is_a_graph_error(tmp_path: Path, script: str, why: str) -> None:
    with pytest.raises(GraphError, match=why):
        dot_on_path("digraph {}" + " " * 200_000, 5, command=_program(tmp_path / "dot", script))


def test_a_program_that_is_none_is_a_graph_error(tmp_path: Path) -> None:
    broken = tmp_path / "dot"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)

    with pytest.raises(GraphError, match="does not start"):
        dot_on_path("digraph {}", 5, command=str(broken))


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "child"
    hanging = _program(tmp_path / "dot", f"sleep 60 & echo $! > {note}; wait")
    start = time.monotonic()

    with pytest.raises(GraphError, match=r"needed more than 0\.5 s"):
        dot_on_path("digraph {}", 0.5, command=hanging)

    assert time.monotonic() - start < 3
    assert _is_gone(int(note.read_text()))


def _is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().split(") ")[1].startswith("Z"):
            return True
        time.sleep(0.02)
    return False


def test_only_the_element_of_the_output_is_kept() -> None:
    out = b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "y">\n<!-- c --><svg>\xff</svg>'

    assert element(out) == "<svg>\ufffd</svg>"
