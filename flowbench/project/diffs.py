"""Diffs: what a branch has changed since it left another, and the files themselves, for a reviewer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from flowbench.cancel import CancelToken
from flowbench.project import programs
from flowbench.project.program_errors import ReviewRefused

GIT_SECONDS = 60.0
LONGEST = 400_000  # characters of a diff that a reviewer is shown

_FENCE = re.compile(r"`{3,}")


class Diff(NamedTuple):
    """summary: `git diff --stat`. text: the diff. files: that have changed, from the root of the repository."""

    base: str
    summary: str
    text: str
    files: list[str]


def since(root: Path, base: str, token: CancelToken | None = None) -> Diff:
    """From where the branch left `base` to HEAD. Abort raises Aborted.

    Raises: ReviewRefused where there is no repository, or no such base; ProgramMissing without git.
    """
    if base.startswith("-") or not base.strip():
        raise ReviewRefused(f"{base!r} is no branch or commit")
    span = f"{base}...HEAD"
    summary = _git(root, ["diff", "--stat", span], token)
    text = _git(root, ["diff", "--no-ext-diff", "--no-color", span], token)
    files = _git(root, ["diff", "--name-only", "-z", span], token)
    return Diff(base, summary.strip(), shortened(text), [name for name in files.split("\0") if name])


def shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\n... {len(text) - LONGEST} characters of the diff left out ...\n"


def embedded(root: Path, files: list[str], limit: int) -> tuple[str, bool]:
    """(Markdown with the text of each file, whether all of them are there whole). limit: bytes, 0 is none.

    Binary files, and what lies elsewhere by way of a link, are named only.
    """
    parts, left, whole = [], limit, True
    home = root.resolve()
    for name in files:
        path = root / name
        try:
            real = path.resolve()
            data = real.read_bytes() if real.is_relative_to(home) and real.is_file() else None
        except OSError:
            data = None
        if data is None:
            parts.append(f"### {name}\n(no such file any more)")
            continue
        if b"\0" in data[:8192]:
            parts.append(f"### {name}\n(binary, {len(data)} bytes)")
            continue
        if limit and len(data) > left:
            data, whole = data[: max(left, 0)], False
            if not data:
                parts.append(f"### {name}\n(left out: the limit is reached)")
                continue
        left -= len(data)
        text = data.decode(errors="replace")
        fence = "`" * max([3, *(len(found[0]) + 1 for found in _FENCE.finditer(text))])
        parts.append(f"### {name}\n{fence}\n{text}\n{fence}")
    return "\n\n".join(parts), whole


def _git(root: Path, arguments: list[str], token: CancelToken | None) -> str:
    told = programs.run("git", arguments, cwd=root, seconds=GIT_SECONDS, token=token)
    if told.code:
        lines = told.said.splitlines()
        why = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else "")
        raise ReviewRefused(f"git {arguments[0]} {arguments[-1]}: {why}")
    return told.stdout
