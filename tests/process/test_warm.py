"""Warm processes: they answer call after call, are killed in the middle of one, and never outlive their owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowbench.cancel import Aborted, AbortReason, BeatingToken, Beats, CancelToken
from flowbench.process import BodyDied, BodyRaised, WarmPool

CALLED = "tests.process.called"
OWNER = f"""
import time
from flowbench.process import WarmPool
pool = WarmPool("test")
print(pool.call("{CALLED}:pid"), flush=True)
END
"""


@pytest.fixture
def pool() -> Iterator[WarmPool]:
    made = WarmPool("the pool")
    yield made
    made.close()


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.005)


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists() if sys.platform == "linux" else _refused(pid)


def _refused(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_nothing_runs_before_the_first_call_and_the_same_process_does_the_next(pool: WarmPool) -> None:
    assert pool.processes == 0

    pids = {pool.call(f"{CALLED}:pid") for _ in range(20)}

    assert len(pids) == pool.processes == 1
    assert pids != {os.getpid()}


def test_two_work_at_a_time_and_the_third_call_waits_its_turn(pool: WarmPool, tmp_path: Path) -> None:
    marks = [str(tmp_path / str(number)) for number in range(3)]
    jobs = [pool.begin(f"{CALLED}:wait_for", mark, str(tmp_path / "go")) for mark in marks]
    until(lambda: all(Path(mark).exists() for mark in marks[:2]))

    (tmp_path / "go").touch()

    assert len({job.result() for job in jobs}) == pool.processes == 2


@pytest.mark.parametrize("text", ["", "é 😀 \ud800 \0\n", "x" * 3_000_000], ids=["empty", "odd", "long"])
def test_what_is_called_and_answered_arrives_as_it_is(text: str, pool: WarmPool) -> None:
    assert pool.call(f"{CALLED}:echo", {"value": [text, None, 1.5]}) == {"value": [text, None, 1.5]}


def test_an_abort_kills_the_process_and_the_other_one_goes_on(pool: WarmPool, tmp_path: Path) -> None:
    token = CancelToken()
    aborted = pool.begin(f"{CALLED}:wait_for", str(tmp_path / "first"), str(tmp_path / "never"), token=token)
    until((tmp_path / "first").exists)
    other = pool.begin(f"{CALLED}:wait_for", str(tmp_path / "second"), str(tmp_path / "go"))
    until((tmp_path / "second").exists)

    token.abort(AbortReason.SIGNAL, "test")

    with pytest.raises(Aborted, match=r"^Aborted: Signal$"):
        aborted.result()
    assert pool.processes == 1
    (tmp_path / "go").touch()
    assert other.result() == pool.call(f"{CALLED}:pid")


def test_what_was_killed_is_gone_on_return_and_replaced_by_the_next_call(pool: WarmPool, tmp_path: Path) -> None:
    before = pool.call(f"{CALLED}:pid")

    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        pool.call(f"{CALLED}:wait_for", str(tmp_path / "mark"), str(tmp_path / "never"), token=CancelToken(0.2))

    assert is_gone(before)
    assert pool.call(f"{CALLED}:pid") != before


def test_an_abort_that_comes_with_the_answer_is_no_trouble_of_the_next_call(tmp_path: Path) -> None:
    pool = WarmPool("the pool", size=1)
    for number in range(20):
        token = CancelToken()
        job = pool.begin(
            f"{CALLED}:wait_for", str(tmp_path / f"mark{number}"), str(tmp_path / f"go{number}"), token=token
        )
        until((tmp_path / f"mark{number}").exists)
        (tmp_path / f"go{number}").touch()
        time.sleep(number / 4000)  # the answer is given at most 2 ms later
        token.abort()

        assert pool.call(f"{CALLED}:echo", number) == number
        with pytest.raises(Aborted):
            job.result()
    pool.close()


def test_who_waits_looks_at_the_token_all_the_time(pool: WarmPool, tmp_path: Path) -> None:
    beats = Beats()
    waiting = BeatingToken(CancelToken(), beats)
    job = pool.begin(f"{CALLED}:wait_for", str(tmp_path / "mark"), str(tmp_path / "go"), token=waiting)
    threading.Timer(0.5, (tmp_path / "go").touch).start()

    job.result()

    assert beats.first > 0
    assert beats.last - beats.first > 0.2


def test_an_abort_of_a_call_that_waits_for_its_turn_kills_nobody(tmp_path: Path) -> None:
    pool, token = WarmPool("the pool", size=1), CancelToken()
    busy = pool.begin(f"{CALLED}:wait_for", str(tmp_path / "mark"), str(tmp_path / "go"))
    waiting = pool.begin(f"{CALLED}:pid", token=token)
    until((tmp_path / "mark").exists)

    token.abort()

    with pytest.raises(Aborted):
        waiting.result()
    (tmp_path / "go").touch()
    assert busy.result() == pool.call(f"{CALLED}:pid")
    pool.close()


@pytest.mark.parametrize("seconds", [None, 0.0], ids=["abort", "deadline"])
def test_an_abort_before_the_call_starts_nothing(seconds: float | None, pool: WarmPool) -> None:
    token = CancelToken(seconds)
    if seconds is None:
        token.abort()

    with pytest.raises(Aborted):
        pool.call(f"{CALLED}:pid", token=token)

    assert pool.processes == 0


def test_who_waits_and_is_interrupted_takes_the_process_along(pool: WarmPool, tmp_path: Path) -> None:
    before = pool.call(f"{CALLED}:pid")

    def interrupt() -> None:
        until((tmp_path / "mark").exists)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        pool.call(f"{CALLED}:wait_for", str(tmp_path / "mark"), str(tmp_path / "never"))

    until(lambda: is_gone(before))


def test_an_error_says_what_it_was_and_the_process_stays(pool: WarmPool) -> None:
    before = pool.call(f"{CALLED}:pid")

    with pytest.raises(BodyRaised, match=r"^not there") as raised:
        pool.call(f"{CALLED}:fail", "not there")

    assert raised.value.type_name == "LookupError"
    assert pool.call(f"{CALLED}:pid") == before


def test_a_process_that_dies_fails_its_call_alone(pool: WarmPool) -> None:
    with pytest.raises(BodyDied, match="exit"):
        pool.call(f"{CALLED}:leave")

    assert pool.call(f"{CALLED}:echo", 1) == 1


def test_one_that_is_idle_for_long_enough_ends(tmp_path: Path) -> None:
    pool = WarmPool("the pool", idle=0.05)
    pid = pool.call(f"{CALLED}:pid")

    until(lambda: pool.processes == 0)

    until(lambda: is_gone(pid))
    assert pool.call(f"{CALLED}:pid") != pid
    pool.close()


@pytest.mark.parametrize("end", ["time.sleep(600)", "pass", "import os; os._exit(1)"], ids=["kill -9", "end", "_exit"])
def test_none_outlives_its_owner(end: str) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER.replace("END", end)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())

    if "sleep" in end:
        owner.send_signal(signal.SIGKILL)
    owner.wait(60)
    owner.stdout.close()

    until(lambda: is_gone(pid))


def test_a_fork_has_processes_of_its_own(pool: WarmPool) -> None:
    mine = pool.call(f"{CALLED}:pid")
    code = f"""
import os, warnings
warnings.simplefilter("ignore")
from flowbench.process import WarmPool
pool = WarmPool("test")
mine = pool.call("{CALLED}:pid")
child = os.fork()
if child == 0:
    print(pool.call("{CALLED}:pid") != mine, flush=True)
    pool.close()
    os._exit(0)
os.waitpid(child, 0)
print(pool.call("{CALLED}:pid") == mine)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert (said.stdout, said.stderr) == ("True\nTrue\n", "")
    assert pool.call(f"{CALLED}:pid") == mine
