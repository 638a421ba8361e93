"""Builtin: filters for the progress of git, pip and npm, and for tests of pytest that have passed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from flowbench.tools.minimizing.registry import Filter, is_known, register_minimizer

LONGEST = 1000  # characters of a line that may be noise; these expressions take time by the square of a longer one
_PROGRESS = re.compile(r".*\b\d{1,3}% ?(\(\d+/\d+\)|\||of\b).*|(remote: )?(Enumerating|Counting) objects: \d+.*")
_HINT = re.compile(r'  \(use "git .*"\s.*\)|  \(use "git [^"]*"[^)]*\)')
_PIP = re.compile(
    r"\s*(Collecting|Downloading|Using cached|Requirement already satisfied|Preparing metadata|Building wheel|"
    r"Getting requirements|Installing build dependencies|Created wheel|Stored in directory|Attempting uninstall|"
    r"Found existing installation|Uninstalling|Looking in|Obtaining dependency|[━╸╺ -]{8,}).*"
)
_NPM = re.compile(r"npm (http|sill|verb|timing) .*|[⠁-⣿].*")
_PASSED = re.compile(r"\S+::.* PASSED\s*(\[ *\d+%\])?|\S+\.py [.sx]+\s*(\[ *\d+%\])?|[.sx]+\s*(\[ *\d+%\])?")


def _without(noise: re.Pattern[str], what: str) -> Filter:
    """Lines that are all noise go, with a note of how many; of a line that overwrites itself its last state stays."""

    def shorten(argv: Sequence[str], text: str, exit_code: int) -> str | None:
        kept, left_out = [], 0
        for line in text.removesuffix("\n").split("\n"):  # a carriage return is no end of a line
            last = line.rstrip("\r").rpartition("\r")[2]
            if len(last) <= LONGEST and noise.fullmatch(last):
                left_out += 1
            else:
                kept.append(last)
        if left_out:
            kept.append(f"[{left_out} lines of {what} left out]")
        return "".join(f"{line}\n" for line in kept)

    return shorten


def _git(argv: Sequence[str], text: str, exit_code: int) -> str | None:
    command = next((word for word in argv[1:] if not word.startswith("-")), "")
    if command == "status":
        return _without(_HINT, "hints")(argv, text, exit_code)
    if command in {"clone", "fetch", "pull", "push", "submodule", "gc"}:
        return _without(_PROGRESS, "progress")(argv, text, exit_code)
    return None  # what was asked for is in every line


def _pip(argv: Sequence[str], text: str, exit_code: int) -> str | None:
    is_install = any(word in {"install", "download", "wheel"} for word in argv[1:])
    return _without(_PIP, "progress")(argv, text, exit_code) if is_install and exit_code == 0 else None


@cache
def ready() -> None:
    """Registered, but for programs that somebody has a filter of their own for."""
    for name, programs, filter in (
        ("git", ("git",), _git),
        ("pip", ("pip", "pip3"), _pip),
        ("npm", ("npm", "yarn", "pnpm"), _without(_NPM, "progress")),
        ("pytest", ("pytest", "py.test"), _without(_PASSED, "passed tests")),
    ):
        register_minimizer(name, [program for program in programs if not is_known(program)], filter)
