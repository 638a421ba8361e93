"""kill -9 at random moments, resume until the end: nothing recorded is lost or run again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import flowbench as fb
from flowbench.runtime import entries, journal, store

RUNS = int(os.environ.get("FLOWBENCH_KILL_RUNS", "5"))
KILLS = 6  # per run, then it may end in peace


def start(effects: Path, run_id: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.promises.victim", str(effects), *([run_id] if run_id else [])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def recorded(run_id: str) -> set[str]:
    lines = journal.read(store.find(run_id))
    return {line.at for line in lines if isinstance(line, entries.Done | entries.Fail)}


def test_nothing_recorded_is_lost_or_run_again(tmp_path: Path) -> None:
    whole, _ = start(tmp_path / "whole").communicate(timeout=60)
    wanted = whole.splitlines()[1]
    rng, kills, repeated = random.Random(7), 0, 0

    for n in range(RUNS):
        effects, run_id, out = tmp_path / f"effects{n}", "", ""
        for attempt in range(KILLS + 1):
            before = recorded(run_id) if run_id else set()
            child = start(effects, run_id)
            assert child.stdout is not None
            said = child.stdout.readline().strip()
            assert said, "a run that was accepted says its id"
            run_id = said
            if attempt < KILLS:
                time.sleep(rng.uniform(0.0, 0.05))
                child.kill()
                kills += 1
            out, _ = child.communicate(timeout=60)
            assert recorded(run_id) >= before, "a recorded outcome is gone"
            if out.strip():
                break
        assert out.strip() == wanted
        assert [info.state for info in fb.runs() if info.id == run_id] == ["done"]
        visits = [line.at for line in journal.read(store.find(run_id)) if isinstance(line, entries.Done | entries.Fail)]
        assert len(visits) == len(set(visits)), "a recorded step ran again"
        repeated += len(effects.read_text().splitlines()) - len(visits)

    assert kills >= RUNS
    assert repeated <= kills * 13, "more steps were repeated than can have been in flight"


def test_an_acknowledged_run_is_always_found_again(tmp_path: Path) -> None:
    child = start(tmp_path / "effects")
    assert child.stdout is not None
    run_id = child.stdout.readline().strip()
    child.kill()
    child.communicate()

    assert fb.runs()[0].id == run_id
    assert fb.runs()[0].state == "interrupted"
