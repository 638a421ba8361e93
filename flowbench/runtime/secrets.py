"""Secrets of a launch: which names it needs, and where their values come from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from flowbench import flow
from flowbench.blueprint import Blueprint, secret_names, to_json
from flowbench.engine import Secrets

ALLOWED = "FLOWBENCH_SECRETS"
"""Environment variable: names, separated by commas, that a launch may look up when it does not say so itself."""

Given = Mapping[str, str] | Iterable[str] | None


def gathered(given: Given, blueprint: Blueprint, ctx: Any, text: bytes | None = None) -> Secrets:
    """The secrets of a run; those that its Blueprint and ctx mention are looked up at once.

    text: the JSON of ctx, where it is there already.
    given: values by name; or names, whose values are environment variables. None: those that FLOWBENCH_SECRETS lists;
    where it is not set any environment variable, but of a Blueprint that was read from a file only those that the ctx
    mentions: who wrote the file may be a stranger. Raises: engine.SecretNotGiven, engine.SecretNotAllowed.
    """
    names: dict[str, str] = {}
    mentioned = [_mentioned(ctx, "ctx", text), _mentioned(blueprint, "$")]
    for found in mentioned:
        names |= found
    if isinstance(given, Mapping):
        return Secrets(given.get, names=names)
    allowed: Iterable[str] | None = None
    if given is not None:
        allowed = [given] if isinstance(given, str) else list(given)
    elif (listed := os.environ.get(ALLOWED)) is not None:
        allowed = [name.strip() for name in listed.split(",")]
    elif blueprint.provenance.file:
        allowed = mentioned[0]
    return Secrets(os.environ.get, allowed=allowed, names=names)


def _mentioned(value: Any, place: str, text: bytes | None = None) -> dict[str, str]:
    """Name -> the first place that mentions it."""
    if b"$secret:" not in (flow.encode(value) if text is None else text):  # quick, for the usual case
        return {}
    plain = to_json(value) if isinstance(value, Blueprint) else value
    return dict(reversed(list(secret_names(plain, place))))
