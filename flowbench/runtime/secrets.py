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


def gathered(given: Given, blueprint: Blueprint, ctx: Any) -> Secrets:
    """The secrets of a run; those that its Blueprint and ctx mention are looked up at once.

    given: values by name; or names, whose values are environment variables; None: any environment variable, or those
    that FLOWBENCH_SECRETS lists if it is set. Raises: engine.SecretNotGiven, engine.SecretNotAllowed.
    """
    names: dict[str, str] = {}
    for value, place in ((blueprint, "$"), (ctx, "ctx")):
        if b"$secret:" in flow.encode(value):  # quick, for the usual case: there are none
            for name, at in secret_names(to_json(value) if value is blueprint else value, place):
                names.setdefault(name, at)
    values = given if isinstance(given, Mapping) else {}
    allowed: Iterable[str] | None = None
    if given is None:
        listed = os.environ.get(ALLOWED)
        allowed = None if listed is None else [name.strip() for name in listed.split(",")]
    elif not isinstance(given, Mapping):
        allowed = [given] if isinstance(given, str) else list(given)
    lookup = values.get if isinstance(given, Mapping) else os.environ.get
    return Secrets(lookup, allowed=allowed, names=names)
