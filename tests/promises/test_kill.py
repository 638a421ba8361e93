"""kill -9 at 50 random moments, resume until the end: nothing recorded is lost or run again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import flowbench as fb
from flowbench.runtime import entries, journal, store

POINTS = int(os.environ.get("FLOWBENCH_KILLS", "50"))
KILLS = 6  # per run, then it may end in peace
IN_FLIGHT = 13  # steps that can have begun and not been recorded


class Victims:
    """Victims of one zygote, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.said = folder / "said"
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.promises.zygote"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, effects: Path, run_id: str = "") -> int:
        """The pid of a victim that has said the id of its run."""
        self.said.unlink(missing_ok=True)
        assert self._zygote.stdin is not None
        print(effects, self.said, run_id, file=self._zygote.stdin, flush=True)
        pid = self._answer("pid")
        until = time.monotonic() + 60
        while not self.lines():
            assert time.monotonic() < until, "a run that was accepted says its id; standard error has why not"
            time.sleep(0.001)
        return pid

    def end(self) -> None:
        """Return when the victim is gone."""
        self._answer("ended")

    def lines(self) -> list[str]:
        """What it has said: the run's id, then the ctx."""
        text = self.said.read_text() if self.said.exists() else ""
        return text[: text.rfind("\n") + 1].splitlines()

    def close(self) -> None:
        self._zygote.kill()
        self._zygote.communicate()

    def _answer(self, word: str) -> int:
        assert self._zygote.stdout is not None
        told = self._zygote.stdout.readline().split()
        assert told[:1] == [word]  # a status taken for a pid would have us kill our own process group
        return int(told[1])


@pytest.fixture
def victims(tmp_path: Path) -> Iterator[Victims]:
    made = Victims(tmp_path)
    yield made
    made.close()


@pytest.fixture(autouse=True, scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The zygote's home, for all tests here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOWBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def home() -> None:
    """Instead of one per test."""


def recorded(run_id: str) -> list[str]:
    lines = journal.read(store.find(run_id))
    return [line.at for line in lines if isinstance(line, entries.Done | entries.Fail)]


def test_nothing_recorded_is_lost_or_run_again(victims: Victims, tmp_path: Path) -> None:
    victims.start(tmp_path / "whole")
    began = time.monotonic()
    victims.end()
    wanted, lasts = victims.lines()[1], time.monotonic() - began
    rng, kills, n = random.Random(7), 0, 0

    while kills < POINTS:
        n += 1
        effects, run_id, of_this_run = tmp_path / f"effects{n}", "", 0
        while True:
            before = set(recorded(run_id)) if run_id else set()
            pid = victims.start(effects, run_id)
            run_id = victims.lines()[0]
            if of_this_run < KILLS:
                time.sleep(rng.uniform(0.0, lasts / 2))
                if len(victims.lines()) < 2:
                    os.kill(pid, 9)
                    of_this_run += 1
            victims.end()
            assert set(recorded(run_id)) >= before, "a recorded outcome is gone"
            if len(victims.lines()) > 1:
                break
        kills += of_this_run
        assert victims.lines()[1] == wanted
        assert [info.state for info in fb.runs() if info.id == run_id] == ["done"]
        visits = recorded(run_id)
        assert len(visits) == len(set(visits)), "a recorded step ran again"
        repeated = len(effects.read_text().splitlines()) - len(visits)
        assert 0 <= repeated <= of_this_run * IN_FLIGHT, "more steps were repeated than can have been in flight"


def test_an_acknowledged_run_is_always_found_again(victims: Victims, tmp_path: Path) -> None:
    pid = victims.start(tmp_path / "effects")
    os.kill(pid, 9)
    victims.end()

    assert {info.id: info.state for info in fb.runs()}[victims.lines()[0]] == "interrupted"
