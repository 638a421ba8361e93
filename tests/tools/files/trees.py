"""Trees: files to search, made from a few words, and what ripgrep and git say about them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Self

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
    options = [
        "--files",
        "--no-require-git",
        "--no-messages",
        "--hidden",
        "-g",
        "!.git",
        *([] if hidden else ["-g", "!.*"]),
    ]
    told = subprocess.run([str(ripgrep()), *options], cwd=root, capture_output=True, text=True)
    return sorted(told.stdout.splitlines())


def listed_by_git(root: Path) -> list[str]:
    """Of untracked files; nested repositories are none of its business."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return sorted(filter(None, told.stdout.split("\0")))


class Listing:
    """What os.scandir gives, of as many files as you like, made when they are asked for.

    at: called with how many were given. most: entries that existed at the same time.
    """

    def __init__(self, count: int, at: Callable[[int], object] | None = None) -> None:
        self.count, self.at = count, at
        self.given = self.alive = self.most = 0
        self.is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True

    def __iter__(self) -> Listing:
        return self

    def __next__(self) -> FakeFile:
        if self.given == self.count:
            raise StopIteration
        self.given += 1
        if self.at is not None:
            self.at(self.given)
        return FakeFile(self)


class FakeFile:
    def __init__(self, of: Listing) -> None:
        self.of, self.name = of, f"{of.given:07}"
        of.alive += 1
        of.most = max(of.most, of.alive)

    def __del__(self) -> None:
        self.of.alive -= 1

    def is_file(self, *, follow_symlinks: bool) -> bool:
        return not follow_symlinks
