"""Answering: what may be given as `answers` to a launch."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowbench import engine
from flowbench.runtime.errors import RunError

Answers = (
    engine.Policy | Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | Path | Callable[[engine.Question], Any]
)
"""A policy, as a dict, a list of rules, a file or JSON text; see engine.Policy. Or a function, plain or async, from an
engine.Question to the answer: True or False, or a text that is the reason to reject, where it asks for approval;
NotImplemented leaves it to whoever is there."""


def read_answers(given: Answers, source: str = "answers") -> engine.Policy | Callable[[engine.Question], Any]:
    """source: what a policy is called in messages. Raises: engine.PolicyError, RunError."""
    if callable(given):
        return given
    if isinstance(given, (engine.Policy, Mapping, list, tuple, str, os.PathLike)):
        return engine.policy(given, source)
    raise RunError(f"answers is a policy (a dict, a list of rules or a file) or a function, not {given!r:.80}")
