"""Hostile trees: whatever they do to get away, nothing of them is left."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken
from flowbench.process import Survivors, TooManyProcesses, clear, kill_tagged, spawn
from flowbench.process.keeper import processes
from flowbench.process.tagged import bearing, kill_bearing
from tests.process.trees import HOSTILE, WAIT, Heard, linux, run, survivors, tag, until

pytestmark = linux


def test_nothing_survives_an_abort() -> None:
    words = {name: tag() for name in HOSTILE}

    async def one(name: str) -> str:
        token, voice = CancelToken(), Heard()
        task = asyncio.create_task(spawn([*HOSTILE[name], words[name]], tag=words[name], token=token, voice=voice))
        await voice.up.wait()
        assert len(survivors(words[name])) >= 2
        token.abort(AbortReason.USER, "test")
        with pytest.raises(Aborted) as stopped:
            await task
        return stopped.value.by

    async def case() -> list[str]:
        return await asyncio.gather(*map(one, HOSTILE))

    assert run(case()) == ["test"] * len(HOSTILE)
    assert {name: survivors(word) for name, word in words.items()} == {name: set() for name in HOSTILE}


def test_a_cancelled_task_leaves_nothing_behind() -> None:
    word = tag()

    async def case() -> None:
        voice = Heard()
        task = asyncio.create_task(spawn(HOSTILE["ignores TERM"], tag=word, voice=voice))
        await voice.up.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # and cannot be hurried
        await task

    with pytest.raises(asyncio.CancelledError):
        run(case())

    assert survivors(word) == set()


def test_a_tree_that_grows_without_bound_is_ended() -> None:
    word = tag()
    storm = ["sh", "-c", "while :; do sleep 600 & sleep 0.002; done"]

    with pytest.raises(TooManyProcesses, match="40 are allowed") as raised:
        run(spawn(storm, tag=word, limit=40))

    assert raised.value.count > 40
    assert survivors(word) == set()


def test_a_daemon_of_a_child_that_succeeded_lives_until_its_run_ends() -> None:
    word = tag()

    async def case() -> tuple[str, int, set[int]]:
        ended = await spawn(["sh", "-c", f"(setsid sh -c '{WAIT}' &); echo served"], tag=word)
        living = len(survivors(word))
        await clear(word)
        return ended.stdout.text(), living, survivors(word)

    served, living, left = run(case())

    assert served == "served\n"
    assert living >= 2  # the daemon and its keeper; mostly a sleep, too
    assert left == set()


@pytest.mark.parametrize("code", [0, 7], ids=["without a tag", "a failure"])
def test_other_daemons_end_with_their_child(code: int) -> None:
    word = tag()
    kept = {"tag": word} if code else {}

    ended = run(spawn(["sh", "-c", f"setsid sh -c '{WAIT}' & exit {code}"], env={"FLOWBENCH_RUN": word}, **kept))

    assert ended.code == code
    assert survivors(word) == set()


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_tree_whose_keeper_was_silenced_is_found_by_its_word(blow: signal.Signals) -> None:
    word, token = tag(), CancelToken()
    strike = f"kill -{blow} $PPID"
    # A killed keeper's tree is ended at once, and could not speak any more; a stopped one's goes on.
    say = f"echo up; {strike}" if blow is signal.SIGKILL else f"{strike}; echo up"

    async def case() -> None:
        voice = Heard()
        script = f"setsid sh -c '{WAIT}' & {say}; {WAIT}"
        task = asyncio.create_task(spawn(["sh", "-c", script], tag=word, token=token, voice=voice))
        await voice.up.wait()
        token.abort()
        await task

    with pytest.raises(Aborted):
        run(case())

    assert survivors(word) == set()


def test_children_die_with_their_owner() -> None:
    word = tag()
    code = (
        f"import asyncio; from flowbench.process import spawn; asyncio.run(spawn(['sh', '-c', {WAIT!r}], tag={word!r}))"
    )
    owner = subprocess.Popen([sys.executable, "-c", code])
    until(lambda: len(survivors(word)) >= 3)

    owner.kill()
    owner.wait()

    until(lambda: not survivors(word))


def test_kill_tagged_ends_what_bears_the_tag_and_all_below_it_and_nothing_else() -> None:
    word, other = tag(), tag()
    tree = ["sh", "-c", f"setsid env -i sh -c '{WAIT}' & {WAIT}"]
    theirs = subprocess.Popen(tree, env={**os.environ, "FLOWBENCH_RUN": word}, start_new_session=True)
    spared = subprocess.Popen(["sleep", "600"], env={**os.environ, "FLOWBENCH_RUN": other})
    until(lambda: any(parent in {theirs.pid} and len(pids) >= 2 for parent, pids in processes().items()))
    below = set(processes()[theirs.pid])

    try:
        count = kill_tagged(word)

        assert count >= 3
        assert survivors(word) == set()
        assert not below & {pid for pids in processes().values() for pid in pids}
        assert spared.poll() is None
        assert kill_tagged(word) == 0
    finally:
        for each in (theirs, spared):
            each.kill()
            each.wait()


def test_a_process_never_kills_itself_by_its_own_tag() -> None:
    word = tag()
    code = f"from flowbench.process import kill_tagged; print(kill_tagged({word!r}))"

    told = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "FLOWBENCH_RUN": word}, capture_output=True, text=True
    )

    assert told.stdout == "0\n"


def test_a_tag_that_everybody_bears_is_refused() -> None:
    with pytest.raises(ValueError, match="everybody"):
        kill_tagged("")


def test_what_cannot_be_killed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    word = tag()
    child = subprocess.Popen(["sleep", "600"], env={**os.environ, "OURS": word})
    until(lambda: bearing("OURS", word))  # for a moment after it has begun the system shows no environment
    monkeypatch.setattr("flowbench.process.tagged.LIMIT_SECONDS", 0.05)
    monkeypatch.setattr("flowbench.process.keeper.send", lambda pid, number: False)  # as for another user's process

    try:
        with pytest.raises(Survivors, match=f"cannot be ended: {child.pid};"):
            kill_bearing("OURS", word)
    finally:
        child.kill()
        child.wait()
