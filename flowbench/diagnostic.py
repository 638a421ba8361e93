"""Diagnostic: one thing that is wrong, or likely not meant, whoever has found it: for people, programs, editors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
Kind = Literal["finding", "refusal", "failure"]
Stage = Literal["read", "lint", "compile", "launch", "run"]
_KINDS: dict[str, Kind] = {"lint": "finding", "run": "failure"}
_COLUMNS = ("level", "place", "what", "what to do")


class Fix(msgspec.Struct, frozen=True):
    """What would mend it: this value at this place of the Blueprint's full written form; see `blueprint.fixed`."""

    place: str
    value: Any


class Diagnostic(msgspec.Struct, frozen=True):
    """level: error: it fails when it is reached. warning: it does not do what it says. note: look whether it is meant.

    code: stable word for programs. place: `$.flow.children[0].cond`, "" where there is none. suggestion: what to do,
    "" where the message says it. fix: the same for programs. agent: whose it is, "" for no agent's.
    stage: when it was found. source: name of the file. line, column: from 1. excerpt: that line, a caret below.
    """

    level: Level
    code: str
    place: str
    message: str
    suggestion: str = ""
    fix: Fix | None = None
    agent: str = ""
    stage: Stage = "lint"
    source: str = ""
    line: int | None = None
    column: int | None = None
    excerpt: str = ""

    @property
    def kind(self) -> Kind:
        """finding: of lint. refusal: nothing has run. failure: of a run."""
        return _KINDS.get(self.stage, "refusal")

    @property
    def docs(self) -> str:
        """The command that tells more about this code; "" for what is no rule of lint."""
        return f"flowbench check --explain {self.code}" if self.kind == "finding" else ""

    @property
    def where(self) -> str:
        """`plan.yaml:3:7: $.flow.cond`, as much of it as is known."""
        spot = f"{self.line}:{self.column}" if self.line else ""
        return ": ".join(part for part in (":".join(filter(None, (self.source, spot))), self.place) if part)

    def facts(self) -> dict[str, Any]:
        """All of it as plain data: the fields, and kind, docs."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {"kind": self.kind, **plain, "docs": self.docs}

    def _repr_html_(self) -> str:
        return html([self])

    def __str__(self) -> str:
        told = "; ".join(part for part in (self.message, self.suggestion) if part)
        return ": ".join(part for part in (self.level, self.where, told) if part)


class Diagnostics(list[Diagnostic]):
    """Several, in the order in which they are to be told. A notebook shows them as a table."""

    def at(self, *levels: Level) -> Diagnostics:
        """Those of some levels."""
        return Diagnostics(each for each in self if each.level in levels)

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "nothing odd was found"

    def _repr_html_(self) -> str:
        return html(self)


def html(found: Iterable[Diagnostic]) -> str:
    """A table, one row for each; everything in it is escaped."""
    from html import escape

    rows = [
        (each.level, each.where, each.message + (f"\n{each.excerpt}" if each.excerpt else ""), each.suggestion)
        for each in found
    ]
    if not rows:
        return '<div class="flowbench mathjax_ignore">nothing odd was found</div>'
    left = "text-align:left;white-space:pre-wrap;vertical-align:top"
    head = "".join(f'<th style="{left}">{name}</th>' for name in _COLUMNS)
    body = "".join(
        "<tr>" + "".join(f'<td style="{left}">{escape(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="flowbench mathjax_ignore">{table}</div>'


def of_error(error: Any) -> Diagnostic:
    """What a FlowbenchError says, with the place that it knows."""
    file, source = getattr(error, "file", None), str(getattr(error, "source", ""))
    excerpt = str(getattr(error, "excerpt", ""))
    if file is not None:  # then `source` is the text of the line
        source, excerpt = str(file), excerpt or (f"    {source}" if source else "")
    suggestion = str(getattr(error, "suggestion", ""))
    said = str(getattr(error, "message", "") or error).splitlines()
    return Diagnostic(
        "error",
        error.code,
        str(getattr(error, "place", "")),
        (said[0] if said else type(error).__name__).removesuffix(f"; {suggestion}"),
        suggestion,
        getattr(error, "fix", None),
        str(getattr(error, "agent", "")),
        error.stage,
        source,
        getattr(error, "line", None) or None,
        getattr(error, "column", None),
        excerpt,
    )
