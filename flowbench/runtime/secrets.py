"""Secrets of a launch: which names it needs, and where their values come from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from flowbench import flow
from flowbench.blueprint import Blueprint, dumps, load, secret_names, to_json
from flowbench.engine import Secrets, keeper

ALLOWED = "FLOWBENCH_SECRETS"
"""Environment variable: names, separated by commas, that a launch may look up when it does not say so itself."""

Given = Mapping[str, str] | Iterable[str] | None


def gathered(given: Given, blueprint: Blueprint, ctx: Any, text: bytes | None = None) -> Secrets:
    """The secrets of a run; those that its Blueprint and ctx mention are looked up at once.

    text: the JSON of ctx, where it is there already.
    given: values by name; or names, whose values are environment variables. None: those that FLOWBENCH_SECRETS lists;
    where it is not set any environment variable, but of a Blueprint that was read from a file or a store only those
    that the ctx mentions: who wrote it may be a stranger. What a step launches has the secrets of that step's run, too.
    Raises: engine.SecretNotGiven, engine.SecretNotAllowed.
    """
    names: dict[str, str] = {}
    mentioned = [_mentioned(ctx, "ctx", text), _mentioned(blueprint, "$")]
    for found in mentioned:
        names |= found
    outer = keeper.get()
    if isinstance(given, Mapping):
        return Secrets(given.get, names=names, outer=outer)
    allowed: Iterable[str] | None = None
    if given is not None:
        allowed = [given] if isinstance(given, str) else list(given)
    elif (listed := os.environ.get(ALLOWED)) is not None:
        allowed = [name.strip() for name in listed.split(",")]
    elif blueprint.provenance.file or blueprint.provenance.store:
        allowed = mentioned[0]
    if outer is not None and allowed is not None:
        allowed = [*allowed, *(outer.names & mentioned[0].keys())]
    return Secrets(os.environ.get, allowed=allowed, names=names, outer=outer)


def hidden(blueprint: Blueprint, ctx: Any, text: bytes, compat: str | None) -> tuple[Blueprint, Any, bytes]:
    """What a step launches, with references for what its run's secrets stand for: it is about to be recorded.

    ctx: changed in place; text: its JSON.
    """
    outer = keeper.get()
    if outer is None:
        return blueprint, ctx, text
    ctx = outer.take_out(ctx)
    plain = dumps(blueprint)
    if outer.text(plain) != plain:
        clean = load(outer.take_out(to_json(blueprint)), compat=compat)
        blueprint = msgspec.structs.replace(clean, provenance=blueprint.provenance)
    return blueprint, ctx, flow.encode(ctx)


def _mentioned(value: Any, place: str, text: bytes | None = None) -> dict[str, str]:
    """Name -> the first place that mentions it."""
    text = flow.encode(value) if text is None else text
    if b"$" not in text or b"$secret:" not in text:  # the usual cases; one byte is found far quicker than eight
        return {}
    plain = to_json(value) if isinstance(value, Blueprint) else value
    return dict(reversed(list(secret_names(plain, place))))
