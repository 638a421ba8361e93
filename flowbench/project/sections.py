"""Sections: the body of a task or epic by its `##` headings: templates, patches and what must be there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flowbench.project.errors import SectionError

DESCRIPTION, ACCEPTANCE = "## Description", "## Acceptance"
SUMMARY, EVIDENCE = "## Done summary", "## Evidence"
TASK_HEADINGS = (DESCRIPTION, ACCEPTANCE, SUMMARY, EVIDENCE)
EPIC_HEADINGS = ("## Overview", "## Scope", "## Approach", "## Quick commands", "## Acceptance", "## References")
TBD = "TBD"
NO_EVIDENCE = "- Commits:\n- Tests:\n- PRs:"
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")  # str.splitlines knows line breaks that Markdown does not


def task_body(id: str, title: str, acceptance: str = "") -> str:
    """The body of a new task."""
    texts = {
        DESCRIPTION: TBD,
        ACCEPTANCE: acceptance.strip("\n") or "- [ ] TBD",
        SUMMARY: TBD,
        EVIDENCE: NO_EVIDENCE,
    }
    return f"# {id} {title}\n\n" + "\n".join(f"{heading}\n{text}\n" for heading, text in texts.items())


def epic_body(id: str, title: str) -> str:
    """The spec of a new epic."""
    texts = dict.fromkeys(EPIC_HEADINGS, TBD)
    texts["## Quick commands"] = "```bash\n# e.g., npm test, bun test, make test\n```"
    texts["## Acceptance"] = "- [ ] TBD"
    texts["## References"] = "- TBD"
    return f"# {id} {title}\n\n" + "\n".join(f"{heading}\n{text}\n" for heading, text in texts.items())


def patched(body: str, heading: str, content: str) -> str:
    """The body with another text below one heading; heading and text come last if it was not there.

    heading: with its `## `. content: its own first line may repeat the heading. Line breaks become those of the body.
    Raises: SectionError if the heading is there twice.
    """
    found = [(start, end) for name, start, end in _sections(body) if name == heading.strip()]
    if len(found) > 1:
        raise SectionError(f"Cannot patch: duplicate heading '{heading}' found ({len(found)} times)")
    end_of_line = "\r\n" if "\r\n" in body else "\n"
    text = _own(content, heading).replace("\r\n", "\n").replace("\n", end_of_line)
    block = f"{heading}{end_of_line}{text}{end_of_line}" if text else f"{heading}{end_of_line}"
    if not found:
        lead = body.rstrip()
        return f"{lead}{end_of_line * 2}{block}" if lead else block
    start, end = found[0]
    return body[:start] + block + (end_of_line if end < len(body) else "") + body[end:]


def section(body: str, heading: str) -> str | None:
    """The text below a heading, without blank lines around it; None if it is not there."""
    for name, start, end in _sections(body):
        if name == heading.strip():
            return body[start:end].partition("\n")[2].strip()
    return None


def appended(body: str, heading: str, content: str) -> str:
    """The body with one more paragraph below a heading; a text TBD gives way to it."""
    before = section(body, heading)
    text = content.strip()
    return patched(body, heading, text if before in (None, "", TBD) else f"{before}\n\n{text}")


def headings(body: str) -> list[str]:
    """All `##` headings, in order, those in fenced code left out."""
    return [name for name, _, _ in _sections(body)]


def duplicates(body: str) -> list[tuple[str, int]]:
    """(heading, how often) of those that are there more than once."""
    told = headings(body)
    return [(name, told.count(name)) for name in dict.fromkeys(told) if told.count(name) > 1]


def faults(body: str, wanted: Sequence[str] = TASK_HEADINGS) -> list[str]:
    """What is wrong with the headings: each of `wanted` has to be there once."""
    told = headings(body)
    found = []
    for name in wanted:
        many = told.count(name)
        if many == 0:
            found.append(f"Missing required heading: {name}")
        elif many > 1:
            found.append(f"Duplicate heading: {name} (found {many} times)")
    return found


def reset(body: str) -> str:
    """Done summary and Evidence as in a new task."""
    return patched(patched(body, SUMMARY, TBD), EVIDENCE, NO_EVIDENCE)


def evidence_text(evidence: Mapping[str, Any], seconds: float | None = None) -> str:
    """The bullets of an Evidence section. seconds: of the work, if known."""
    lines = [
        f"- {label}: {', '.join(map(str, evidence.get(key) or ()))}".rstrip(" ")
        for label, key in (("Commits", "commits"), ("Tests", "tests"), ("PRs", "prs"))
    ]
    changes = evidence.get("workspace_changes")
    if isinstance(changes, Mapping) and changes.keys() >= WORKSPACE:
        ends = f"{str(changes['baseline_rev'])[:7]}..{str(changes['final_rev'])[:7]}"
        plus, minus = changes["insertions"], changes["deletions"]
        lines.append(f"- Workspace: {changes['files_changed']} files changed, +{plus} -{minus} ({ends})")
    if seconds is not None:
        lines.append(f"- Duration: {duration(seconds)}")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """`3m 5s`, `10s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m {rest}s" if minutes else f"{rest}s"


WORKSPACE = frozenset({"baseline_rev", "final_rev", "files_changed", "insertions", "deletions"})
"""What a complete `workspace_changes` has."""


def _own(content: str, heading: str) -> str:
    lines = content.lstrip().split("\n", 1)
    if lines[0].strip() == heading.strip():
        content = lines[1] if len(lines) > 1 else ""
    return content.rstrip().lstrip("\r\n")


def _sections(body: str) -> list[tuple[str, int, int]]:
    """(heading, start of its line, start of the next heading or the end). Fenced code holds no headings."""
    found: list[tuple[str, int]] = []
    at, fence = 0, ""
    for line in _LINES.findall(body):
        mark = _FENCE.match(line)
        if mark is not None:
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
        elif not fence and line.startswith("## "):
            found.append((line.strip(), at))
        at += len(line)
    ends = [*(start for _, start in found[1:]), len(body)][: len(found)]
    return [(name, start, end) for (name, start), end in zip(found, ends, strict=True)]
