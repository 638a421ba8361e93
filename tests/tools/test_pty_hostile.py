"""What runs on a terminal is ended whole: by a kill, by its time, at its own end and with its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from flowbench.process import TooManyProcesses
from flowbench.process.tagged import RUN
from flowbench.tools import PtyResult, PtySession
from tests.process.trees import HOSTILE, WAIT, linux, survivors, tag, until
from tests.tools.test_pty_session import on_text

pytestmark = linux


def test_nothing_survives_a_kill() -> None:
    words = {name: tag() for name in HOSTILE}
    ended: dict[str, PtyResult] = {}

    def one(name: str) -> None:
        session, (program, *args) = PtySession(), HOSTILE[name]

        def strike() -> None:
            assert survivors(words[name])
            session.kill()

        ended[name] = session.start_argv(
            program, [*args, words[name]], env={RUN: words[name]}, on_chunk=on_text("up\r\n", strike)
        )

    threads = [threading.Thread(target=one, args=(name,), daemon=True) for name in HOSTILE]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    assert ended == dict.fromkeys(HOSTILE, PtyResult(cancelled=True))
    assert {name: survivors(word) for name, word in words.items()} == {name: set() for name in HOSTILE}


def test_what_has_left_the_terminal_ends_with_the_program() -> None:
    word = tag()
    program = f"(trap '' HUP; setsid sh -c '{WAIT}' >/dev/null 2>&1 </dev/null &); exit 3"

    assert PtySession().start(program, env={RUN: word}) == PtyResult(exit_code=3)
    assert survivors(word) == set()


def test_a_tree_that_grows_without_bound_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowbench.process.terminal.PROCESSES", 40)
    word = tag()

    with pytest.raises(TooManyProcesses, match="40 are allowed"):
        PtySession().start("n=0; while [ $n -lt 80 ]; do sleep 600 & n=$((n+1)); sleep 0.002; done", env={RUN: word})

    assert survivors(word) == set()


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM], ids=str)
def test_nothing_outlives_its_owner(blow: signal.Signals) -> None:
    word = tag()
    code = (
        "from flowbench.tools import PtySession; PtySession().start("
        f"\"trap '' HUP TERM; setsid sh -c '{WAIT}' & {WAIT}\", env={{{RUN!r}: {word!r}}})"
    )
    owner = subprocess.Popen([sys.executable, "-c", code])
    try:
        until(lambda: len(survivors(word)) >= 3)

        owner.send_signal(blow)
        owner.wait()

        until(lambda: not survivors(word))
    finally:
        owner.kill()
        owner.wait()


def test_a_session_whose_keeper_is_killed_says_that_nobody_knows() -> None:
    word = tag()
    said: list[str] = []
    session = PtySession()

    def strike(pid: int) -> None:
        with open(f"/proc/{pid}/stat", "rb") as file:
            os.kill(int(file.read().rpartition(b")")[2].split()[1]), signal.SIGKILL)

    try:
        session.start(f"trap '' HUP; {WAIT}", env={RUN: word}, on_start=strike)
    except Exception as error:
        said.append(str(error))

    assert said == ["Failed checking PTY status: nobody knows how the program ended; nothing of it is left"]
    assert survivors(word) == set()
    assert session.start("true").exit_code == 0
