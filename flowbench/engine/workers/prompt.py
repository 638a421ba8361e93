"""Prompt: the text form of a step's input."""

from __future__ import annotations

from typing import Any

from flowbench import flow


def text_form(value: Any) -> str:
    """A string as it is, anything else as canonical JSON.

    Source: mlua-swarm 0.2.1 `EngineDispatcher`, input -> directive.
    """
    return value if value.__class__ is str else flow.compact(value)
