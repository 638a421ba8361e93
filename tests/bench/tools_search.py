"""Search: grep, glob and fuzzy over a real tree, beside ripgrep and plain Python; one of the n is one call.

The tree is that of the installed packages, listed warm; hidden files on, `.git` and `node_modules` left out.
"""

from __future__ import annotations

import heapq
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator

from flowbench.tools import fuzzy_find, glob, grep
from flowbench.tools.files.finding import scorer
from tests.bench.measure import Figure, beside

QUERY = "ctxvar"  # some hits: an answer of nothing is not believed for long, and the tree listed again


def corpus() -> str:
    return sysconfig.get_path("purelib")


def ripgrep(*options: str) -> list[str]:
    """What `rg` prints about the corpus, line by line. Raises: OSError, without the program."""
    program = shutil.which("rg", path=sysconfig.get_path("scripts")) or "rg"
    fixed = ["--hidden", "--no-require-git", "-g", "!.git", "-g", "!node_modules"]
    told = subprocess.run([program, *fixed, *options, corpus()], capture_output=True, text=True)
    return told.stdout.splitlines()


def globbed() -> Iterator[Figure]:
    """Beside `rg --files`, its lines read and sorted, as ours come sorted."""
    for name, pattern, gitignore, options in (
        ("glob-py", "**/*.py", False, ["--no-ignore", "-g", "*.py"]),
        ("glob-all", "**/*", False, ["--no-ignore"]),
        ("glob-ignore", "**/*", True, []),
    ):

        def ours(pattern: str = pattern, gitignore: bool = gitignore) -> int:
            return len(glob(pattern, corpus(), file_type="file", hidden=True, gitignore=gitignore))

        def floor(options: list[str] = options) -> int:
            return len(sorted(ripgrep("--files", *options)))

        assert ours() == floor(), name
        yield beside(name, ours, floor, ours(), each=1)

    def first() -> int:
        return len(glob("**/*.py", corpus(), hidden=True, gitignore=False, max_results=50))

    yield beside("glob-first", first, lambda: ripgrep("--files", "--no-ignore", "-g", "*.py"), 50, each=1)


def grepped() -> Iterator[Figure]:
    """Beside `rg -n`, its lines read; and without `rg`, beside a plain loop over files and lines."""
    for name, pattern, terms, options in (
        ("grep-literal", "isinstance", {}, []),
        ("grep-regex", r"def \w+_[0-9]", {}, []),
        ("grep-glob", r"def \w+_[0-9]", {"glob": "*.py"}, ["-g", "*.py"]),
        ("grep-count", "isinstance", {"mode": "count"}, ["-c"]),
    ):

        def ours(pattern: str = pattern, terms: dict[str, str] = terms) -> int:  # type: ignore[assignment]
            return grep(pattern, corpus(), **terms).total_matches  # type: ignore[arg-type]

        def floor(pattern: str = pattern, options: list[str] = options) -> int:
            return len(ripgrep("-n", *options, "-e", pattern))

        yield beside(name, ours, floor, ours(), each=1)

    def first() -> int:
        return len(grep("import", corpus(), glob="*.py", max_count=50).matches)

    yield beside("grep-first", first, lambda: ripgrep("-n", "-g", "*.py", "-e", "import"), first(), each=1)

    def plain() -> int:
        found = (path for path in listed() if path.endswith(".py"))
        return sum(1 for path in found for line in _lines(path) if b"isinstance" in line)

    def alone() -> int:
        before = os.environ.get("FLOWBENCH_RIPGREP")
        os.environ["FLOWBENCH_RIPGREP"] = "none"
        try:
            return grep("isinstance", corpus(), glob="*.py").total_matches
        finally:
            del os.environ["FLOWBENCH_RIPGREP"]
            if before is not None:
                os.environ["FLOWBENCH_RIPGREP"] = before

    yield beside("grep-without-rg", alone, plain, alone(), each=1)


def _lines(path: str) -> list[bytes]:
    try:
        with open(os.path.join(corpus(), path), "rb") as file:
            return file.read().splitlines()
    except OSError:
        return []


def fuzzy() -> Iterator[Figure]:
    """Beside a plain loop over os.scandir and the same scorer; with a kept scan, beside that scorer alone."""
    paths = listed()
    yield beside("fuzzy", lambda: find(False), lambda: best(listed()), len(paths), each=1)
    yield beside("fuzzy-cached", lambda: find(True), lambda: best(paths), len(paths), each=1)


def find(cache: bool) -> int:
    return len(fuzzy_find(QUERY, corpus(), hidden=True, gitignore=False, cache=cache))


def best(paths: list[str]) -> list[tuple[int, str]]:
    score = scorer(QUERY)
    assert score is not None
    return heapq.nsmallest(100, ((-points, path) for path in paths if (points := score(path))))


def listed() -> list[str]:
    found, waiting = [], [(corpus(), "")]
    while waiting:
        place, prefix = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                found.append(prefix + entry.name)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{prefix}{entry.name}/"))
    return found
