"""Hashes: BLAKE3 names a prompt, or a whole Blueprint, by its content."""

from __future__ import annotations

import re

from flowbench.blueprint.errors import NotCanonical
from flowbench.blueprint.model import Blueprint, dumps

HASH = re.compile(r"[0-9a-f]{64}")


def text_hash(text: str) -> str:
    """64 hex digits. An agent's `version_hash` is that of its prompt."""
    from blake3 import blake3

    return blake3(text.encode()).hexdigest()


def content_hash(blueprint: Blueprint) -> str:
    """64 hex digits: the version of a Blueprint. Equal Blueprints have equal ones, in whatever order keys were written.

    Raises: NotCanonical.
    Source: mlua-swarm 0.2.1 hashes its YAML, whose order of `hints.per_agent` changes from run to run; this hashes
    canonical JSON, so that both agree about what is equal and not about the digits.
    """
    try:
        text = dumps(blueprint)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotCanonical(blueprint.id, str(error)) from error
    return text_hash(text)
