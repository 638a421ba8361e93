"""Ids: each kind has its shape, and none comes twice."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest

from flowbench.engine import ids


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (ids.task_id, r"T-[0-9a-f]{16}"),
        (ids.session_id, r"S-[0-9a-f]{16}"),
        (ids.worker_id, r"W-[0-9a-f]{16}"),
        (ids.resume_key, r"R-[0-9a-f]{24}"),
        (ids.output_id, r"out-[0-9a-f]{10}"),
        (ids.nonce, r"[0-9a-f]{32}"),
        (lambda: ids.registered_id("br"), r"br-[0-9a-f]{16}"),
    ],
    ids=["task", "session", "worker", "resume", "output", "nonce", "inline"],
)
def test_an_id_has_its_shape_and_comes_once(make: Callable[[], str], shape: str) -> None:
    made = [make() for _ in range(1_000)]

    assert all(re.fullmatch(shape, each) for each in made)
    assert len(set(made)) == 1_000


def test_a_handle_is_eleven_characters() -> None:
    assert re.fullmatch(r"wh-[0-9a-f]{8}", ids.handle())


def test_a_visit_has_one_id_in_every_process() -> None:
    assert ids.visit_id("r-1", "0.f1") == ids.visit_id("r-1", "0.f1") != ids.visit_id("r-1", "0.f2")
    assert re.fullmatch(r"T-[0-9a-f]{16}", ids.visit_id("r-1", ""))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_forked_child_makes_ids_of_its_own() -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, f"{ids.nonce()} {ids.task_id()}".encode())
        os._exit(0)
    os.waitpid(child, 0)

    theirs = os.read(read, 200).decode().split()

    assert theirs[0] not in {ids.nonce() for _ in range(200)}
    assert theirs[1] not in {ids.task_id() for _ in range(200)}
