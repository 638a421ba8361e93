"""Trees: files to search, made from a few words, and what ripgrep and git say about them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from flowbench.cancel import CancelToken
from flowbench.tools.files.walking import FileType, Sieve, walk, walk_in_order

FILES = frozenset({FileType.FILE})


def grow(root: Path, *names: str, **texts: str) -> Path:
    """Empty files and, where a name ends in `/`, directories. texts: content by name, for `{"a/.ignore": "x"}`."""
    for name, text in [*((name, "") for name in names), *texts.items()]:
        place = root / name
        if name.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    return root


def paths(root: Path, sieve: Sieve | None = None) -> list[str]:
    """Of all that a walk tells, in its order."""
    return [entry.path for entry in walk_in_order(str(root), sieve or Sieve(), CancelToken())]


def files(root: Path, *, hidden: bool = True) -> list[str]:
    """Of the files that are not ignored, sorted."""
    sieve = Sieve(hidden=hidden, kinds=FILES)
    return sorted(entry.path for entry in walk(str(root), sieve, CancelToken()))


def ripgrep() -> str | None:
    return shutil.which("rg", path=sysconfig.get_path("scripts")) or shutil.which("rg")


def listed_by_ripgrep(root: Path, *, hidden: bool = True) -> list[str]:
    options = ["--files", "--no-require-git", "--no-messages", "-g", "!.git", *(["--hidden"] if hidden else [])]
    told = subprocess.run([str(ripgrep()), *options], cwd=root, capture_output=True, text=True)
    return sorted(told.stdout.splitlines())


def listed_by_git(root: Path) -> list[str]:
    """Of untracked files; nested repositories are none of its business."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return sorted(filter(None, told.stdout.split("\0")))
