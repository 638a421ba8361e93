"""Base of the options of tools: what the spec of an agent of kind `tool` may say; defaults are the tools' own."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class ToolOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base. tool: its name. principal: the option that takes a step's input which is no object; "" for none. needed:
    options without which it cannot begin. danger: what it does that a file has to be trusted for; "" for a tool that
    only reads. safe: options that take the danger away, as long as they say just this.
    """

    tool: ClassVar[str] = ""
    principal: ClassVar[str] = ""
    needed: ClassVar[tuple[str, ...]] = ()
    danger: ClassVar[str] = ""
    safe: ClassVar[dict[str, Any]] = {}


class Timed(ToolOptions, frozen=True):
    """timeout_ms: milliseconds that it may take."""

    timeout_ms: float | None = None
