"""Blocking work: run once, stopped by its token, waited for from anywhere."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause, Panicked, Work, blocking, work_profile
from flowbench.cancel.work import THREADS
from tests.cancel.bodies import run


class Beating:
    """Work that heartbeats until it is stopped."""

    def __init__(self) -> None:
        self.began, self.calls = threading.Event(), 0

    def __call__(self, token: CancelToken) -> Any:
        self.calls += 1
        self.began.set()
        while not token.wait_blocking(0.005):
            pass
        token.heartbeat()


def waited(work: Work[Any], way: str) -> Any:
    if way == "in a thread":
        return work.result(30)

    async def main() -> Any:
        return await work

    return run(main())


WAYS = pytest.mark.parametrize("way", ["in a thread", "on a loop"])


@WAYS
def test_the_answer_comes_back_however_it_is_waited_for(way: str) -> None:
    work = blocking("add", CancelToken(), lambda token: 1 + 1)

    assert waited(work, way) == 2
    assert waited(work, way) == 2
    assert work.done()


@WAYS
def test_what_the_work_raises_comes_back_as_it_is(way: str) -> None:
    error = ValueError("no")

    def fail(token: CancelToken) -> None:
        raise error

    with pytest.raises(ValueError, match="no") as raised:
        waited(blocking("fail", CancelToken(), fail), way)

    assert raised.value is error


@WAYS
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit("bye"), "bye"),
        (SystemExit(3), "SystemExit(3)"),
        (KeyboardInterrupt(), "KeyboardInterrupt()"),
        (asyncio.CancelledError(), "CancelledError()"),
        (StopIteration(), "StopIteration()"),
    ],
    ids=repr,
)
def test_what_may_not_cross_into_the_caller_is_a_panic(way: str, error: BaseException, said: str) -> None:
    def fail(token: CancelToken) -> None:
        raise error

    with pytest.raises(Panicked) as raised:
        waited(blocking("bad", CancelToken(), fail), way)

    assert str(raised.value) == f"native task `bad` panicked: {said}"
    assert raised.value.__cause__ is error


@WAYS
def test_a_cancelled_future_of_others_is_an_ordinary_error(way: str) -> None:
    def fail(token: CancelToken) -> None:
        raise concurrent.futures.CancelledError

    with pytest.raises(concurrent.futures.CancelledError):
        waited(blocking("bad", None, fail), way)


@WAYS
@pytest.mark.parametrize(
    ("token", "said"),
    [(CancelToken(0), "Aborted: Timeout"), (CancelToken(), "Aborted: User")],
    ids=["deadline", "abort"],
)
def test_abort_before_start_runs_nothing(way: str, token: CancelToken, said: str) -> None:
    token.abort() if token.deadline is None else None
    body = Beating()

    with pytest.raises(Aborted) as raised:
        waited(blocking("never", token, body), way)

    assert (str(raised.value), body.calls) == (said, 0)


@WAYS
def test_an_abort_in_the_middle_ends_it_and_says_who_asked(way: str) -> None:
    token, body = CancelToken(), Beating()
    work = blocking("beat", token, body)
    assert body.began.wait(30)

    token.abort(AbortReason.USER, "button")

    with pytest.raises(Aborted) as raised:
        waited(work, way)
    assert raised.value.cause == Cause(AbortReason.USER, "button")


def test_a_deadline_in_the_middle_is_seen_by_the_work_itself() -> None:
    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        blocking("beat", CancelToken(0.02), Beating()).result(30)


def test_an_abort_of_the_work_alone_leaves_its_token() -> None:
    token, body = CancelToken(), Beating()
    work = blocking("beat", token, body)

    assert work.abort(by="me")
    with pytest.raises(Aborted) as raised:
        work.result(30)

    assert raised.value.by == "me"
    assert not token.aborted()
    assert not work.abort()


@pytest.mark.parametrize("ends", ["with a result", "with an error"])
def test_an_abort_beats_what_the_work_came_to_meanwhile(ends: str) -> None:
    token = CancelToken()

    def ignores(own: CancelToken) -> int:
        token.abort(AbortReason.SIGNAL, "test")
        if ends == "with an error":
            raise ValueError("torn down")
        return 1

    with pytest.raises(Aborted, match="Signal") as raised:
        blocking("deaf", token, ignores).result(30)
    assert isinstance(raised.value.__cause__, ValueError) == (ends == "with an error")


def test_a_deadline_does_not_beat_a_result() -> None:
    now = [0.0]
    token = CancelToken(10, clock=lambda: now[0])

    def late(own: CancelToken) -> int:
        now[0] = 11
        return 1

    assert blocking("late", token, late).result(30) == 1


def test_a_cancelled_waiter_is_cancelled_and_the_work_asked_to_stop() -> None:
    token, body = CancelToken(), Beating()

    async def main() -> Work[Any]:
        work = blocking("beat", token, body)
        waiter = asyncio.ensure_future(work)
        await asyncio.sleep(0)  # now it waits: a task that is cancelled before it begins has asked for nothing
        while not body.began.is_set():
            await asyncio.sleep(0.002)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        return work

    work = run(main())

    with pytest.raises(Aborted) as raised:
        work.result(30)
    assert raised.value.cause == Cause(AbortReason.SIGNAL, "task")
    assert not token.aborted()


def test_a_timeout_of_the_wait_leaves_the_work_alone() -> None:
    body = Beating()
    work = blocking("beat", None, body)
    assert body.began.wait(30)

    with pytest.raises(TimeoutError, match="`beat` still goes on"):
        work.result(0.01)
    assert not work.done()
    work.abort()


def test_it_is_a_concurrent_future_too() -> None:
    works = [blocking("n", None, lambda token, n=n: n * n) for n in range(5)]  # type: ignore[misc]

    done, _ = concurrent.futures.wait([work.future for work in works], 30)

    assert sorted(future.result() for future in done) == [0, 1, 4, 9, 16]


def test_several_loops_may_wait_for_the_same_work() -> None:
    body, token = Beating(), CancelToken()
    work, seen = blocking("beat", token, body), []

    def wait() -> None:
        with pytest.raises(Aborted):
            waited(work, "on a loop")
        seen.append(1)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert body.began.wait(30)
    token.abort()
    for thread in threads:
        thread.join(30)

    assert (len(seen), body.calls) == (3, 1)


def test_work_that_waits_for_work_lends_its_place() -> None:
    def nest(depth: int) -> Callable[[CancelToken], int]:
        return lambda token: 0 if depth == 0 else 1 + blocking("inner", token, nest(depth - 1)).result(30)

    assert blocking("outer", None, nest(THREADS + 3)).result(60) == THREADS + 3


def test_the_context_of_the_caller_goes_along() -> None:
    word: ContextVar[str] = ContextVar("word", default="none")
    word.set("mine")

    assert blocking("look", None, lambda token: word.get()).result(30) == "mine"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_works_with_threads_of_its_own() -> None:
    blocking("warm", None, lambda token: 1).result(30)
    reader, writer = os.pipe()

    child = os.fork()
    if not child:
        os.write(writer, b"%d" % blocking("child", None, lambda token: 7).result(20))
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)

    with os.fdopen(reader) as pipe:
        assert pipe.read() == "7"


def test_each_work_leaves_one_sample_however_it_ends() -> None:
    def fail(token: CancelToken) -> None:
        raise ValueError("no")

    blocking("sampled", None, lambda token: 1).result(30)
    with pytest.raises(ValueError, match="no"):
        blocking("sampled", None, fail).result(30)
    with pytest.raises(Aborted):
        blocking("sampled", CancelToken(0), fail).result(30)

    assert next(line for line in work_profile(60).summary.splitlines() if "sampled" in line).endswith("| 2 |")
