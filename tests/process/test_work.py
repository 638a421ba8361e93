"""Blocking work in a process of its own."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from flowbench.cancel import Aborted, CancelToken
from flowbench.process import BodyRaised, Unsendable, blocking


def pid(token: CancelToken) -> int:
    return os.getpid()


def deaf(token: CancelToken) -> None:
    while True:
        time.sleep(600)


def test_it_runs_elsewhere_or_here() -> None:
    assert blocking("pid", None, pid).result(60) != os.getpid()
    assert blocking("pid", None, pid, isolation="thread").result(60) == os.getpid()


def test_work_that_never_looks_ends_at_its_deadline() -> None:
    began = time.monotonic()

    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        blocking("deaf", CancelToken(0.3), deaf).result(60)

    assert time.monotonic() - began < 30


def test_it_gets_a_token_that_hears_the_abort(tmp_path: Any) -> None:
    def hears(token: CancelToken) -> None:
        (tmp_path / "began").touch()
        try:
            while True:
                token.heartbeat()
                time.sleep(0.01)
        finally:
            (tmp_path / "heard").touch()

    token = CancelToken()
    work = blocking("hears", token, hears)
    until = time.monotonic() + 60
    while not (tmp_path / "began").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    token.abort()

    with pytest.raises(Aborted, match=r"^Aborted: User$"):
        work.result(60)
    assert (tmp_path / "heard").exists()


def test_it_prints_as_it_would_here_and_fails_in_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(token: CancelToken) -> None:
        print("printed")
        raise ValueError("no luck")

    with pytest.raises(BodyRaised, match="no luck"):
        blocking("fails", None, fails).result(60)
    assert capsys.readouterr().out == "printed\n"


def test_a_function_that_cannot_be_given_a_token_is_refused() -> None:
    with pytest.raises(Unsendable, match="wrap it in a def"):
        blocking("bad", None, lambda *tokens: 1).result(60)
