"""Outputs: results of the tools that are no finds: what a shell said, how a terminal ended, pictures, profiles."""

from __future__ import annotations

import base64
from typing import Any

from flowbench.notebook.finds import Bundle
from flowbench.tools.text.escapes import ESC, parted, sgr

LINES = 60  # of what a shell said, from both ends
LINE_LENGTH = 2_000  # characters
BYTES = 5_000_000  # of a picture in a notebook
RESET = "\x1b[0m"


def of_shell(result: Any) -> Bundle:
    """Of a ShellResult: what was said, its colours kept, and how it ended if that is no plain success."""
    ended = of_ended(result)
    if not result.output:
        return {"text/plain": ended}
    said = _bounded(_shown(result.output))
    return {"text/plain": said if result.exit_code == 0 else f"{said}\n{ended}"}


def of_ended(result: Any) -> str:
    """One line: how a command ended."""
    if result.timed_out:
        return "timed out"
    return "cancelled" if result.cancelled else f"exit code {result.exit_code}"


def of_pty(result: Any) -> Bundle:
    """Of a PtyResult: how it ended."""
    return {"text/plain": of_ended(result)}


def of_picture(picture: Any) -> Bundle:
    """Of a Picture: itself; one that is too large for a notebook in words alone."""
    told = {"text/plain": repr(picture)}
    if len(picture.data) > BYTES:
        return told
    return {"image/png": base64.b64encode(picture.data).decode(), **told}


def of_profile(profile: Any) -> Bundle:
    """Of a WorkProfile: its table, and its picture."""
    told = {"text/plain": profile.summary, "text/markdown": profile.summary}
    return told if profile.svg is None else {"image/svg+xml": profile.svg, **told}


def _shown(text: str) -> str:
    """Without what moves a cursor: escapes other than colours, and what a carriage return has written over."""
    parts = parted(text)
    parts[::2] = [part.replace(ESC, "") for part in parts[::2]]
    kept = "".join(part for number, part in enumerate(parts) if number % 2 == 0 or sgr(part) is not None)
    lines = kept.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)


def _bounded(text: str) -> str:
    lines = [
        line if len(line) <= LINE_LENGTH else line[:LINE_LENGTH] + f"…{RESET}" for line in text.rstrip("\n").split("\n")
    ]
    if len(lines) > LINES:
        half = LINES // 2
        left_out = len(lines) - 2 * half
        lines = [*lines[:half], f"{RESET}… {left_out:,} lines left out; `.output` has them", *lines[-half:]]
    return "\n".join(lines)
