"""Ids: names for tasks, sessions, workers, outputs and resumes, known by how they begin.

Source: mlua-swarm 0.2.1: a counter xor a salt of the process where an id only has to be unique, the system's
randomness where it must not be guessed.
"""

from __future__ import annotations

import itertools
import os
from hashlib import blake2b

WORDS = 2**64 - 1
SENIOR = "R-senior-"
POOL = 4096  # bytes of randomness taken at a time: a call of the system costs more than the token it is for

_salt = int.from_bytes(os.urandom(8), "big")
_count = itertools.count()
_nonces: list[str] = []


def task_id() -> str:
    """`T-` and 16 hex digits, unique in this process."""
    return f"T-{_next()}"


def visit_id(run_id: str, address: str) -> str:
    """`T-` and 16 hex digits: the task that a run's step at `address` is, in every process that resumes the run.

    A task that belongs to no run is its own.
    """
    if not address and run_id.startswith("T-"):
        return run_id
    return f"T-{blake2b(f'{run_id}/{address}'.encode(), digest_size=8).hexdigest()}"


def session_id() -> str:
    return f"S-{_next()}"


def worker_id() -> str:
    return f"W-{_next()}"


def registered_id(prefix: str) -> str:
    """Of something given inline. prefix: br | hk | op."""
    return f"{prefix}-{_next()}"


def resume_key() -> str:
    return f"R-{os.urandom(12).hex()}"


def senior_key(task_id: str) -> str:
    """The one pending question of a task."""
    return f"{SENIOR}{task_id}"


def output_id() -> str:
    return f"out-{os.urandom(5).hex()}"


def handle() -> str:
    """A short name for a token; whoever knows it acts as its worker."""
    return f"wh-{os.urandom(4).hex()}"


def nonce() -> str:
    """32 hex digits that nobody can guess."""
    while True:
        try:
            return _nonces.pop()
        except IndexError:
            text = os.urandom(POOL).hex()
            _nonces.extend(text[at : at + 32] for at in range(0, len(text), 32))


def _next() -> str:
    return f"{(next(_count) ^ _salt) & WORDS:016x}"


def _forget() -> None:
    """A forked child names its own."""
    global _salt
    _salt = int.from_bytes(os.urandom(8), "big")
    _nonces.clear()


os.register_at_fork(after_in_child=_forget)
