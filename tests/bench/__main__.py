"""python -m tests.bench [--json FILE] [WORK ...]: the works of design/targets.md, each beside its floor.

A WORK is a name (W1, W4-power, W6-click) or the beginning of some (W4, W6); without any, all are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import (
    aborts,
    durable,
    fans,
    full,
    graphs,
    notebooks,
    projects,
    startup,
    steps,
    tools_ast,
    tools_search,
    tools_shell,
)
from tests.bench.measure import Figure, Work

WORKS: dict[str, Work] = {
    "W1": steps.w1,
    "W1t": steps.w1t,
    "W2": fans.w2,
    "W3": fans.w3,
    "W4-process": durable.process,
    "W4-power": durable.power,
    "W4-1MB": durable.large,
    "W5": steps.w5,
    "W6-async": aborts.asynchronous,
    "W6-1000": aborts.thousand,
    "W6-sync": aborts.synchronous,
    "W6-click": aborts.click,
    "W7-import": startup.imported,
    "W7-cold": startup.cold,
    "W7-memory": startup.memory,
    "W8": graphs.w8,
    "W9": notebooks.headless,
    "W1-full": full.w1,
    "W2-full": full.w2,
    "W4-full": full.w4,
    "token": full.tokens,
    "project": projects.verbs,
    "ast": tools_ast.searched,
    "ast-abort": tools_ast.aborted,
    "html": tools_ast.converted,
    "grep": tools_search.grepped,
    "glob": tools_search.globbed,
    "fuzzy": tools_search.fuzzy,
    "shell-command": tools_shell.command,
    "shell-stream": tools_shell.stream,
    "shell-kill": tools_shell.kill,
}

# what must be reached, in the unit of the figure: microseconds, MB for memory; "x": times the floor
TARGETS: dict[str, tuple[float, str]] = {
    "W1": (3, "us"), "W1-async": (3, "us"), "W1t": (25, "us"), "W2": (4, "us"), "W2-inline": (4, "us"),
    "W3": (54_000, "us"), "W4-process": (10, "us"), "W4-process-async": (10, "us"), "W4-power": (1.3, "x"),
    "W4-1MB": (1.2, "x"), "W4-100KB": (1.2, "x"), "W5": (3, "us"), "W6-async": (300, "us"), "W6-1000": (6_000, "us"),
    "W6-sync": (1_000, "us"), "W6-sync-work": (5_000, "us"), "W6-click": (50_000, "us"), "W7-import": (15_000, "us"),
    "W7-cold": (60_000, "us"), "W7-help": (80_000, "us"), "W7-memory": (40, "MB"),
    "W8-10k": (15_000, "us"), "W8-100k": (450_000, "us"), "W8-10k-update": (1, "us"), "W8-100k-update": (1, "us"),
    "W9": (1.03, "x"),
    "W1-full": (1.3, "x"), "W1-full-async": (1.3, "x"), "W2-full": (1.3, "x"), "W2-full-inline": (1.3, "x"),
    "W2-full-waits": (1.3, "x"), "W4-full": (1.3, "x"), "W4-full-async": (1.3, "x"),
    "token-inline": (2, "us"), "token-trivial": (2, "us"),
    "project-list": (300_000, "us"), "project-ready": (300_000, "us"), "project-show": (300_000, "us"),
    "project-start": (300_000, "us"),
    "ast": (0.73, "x"), "ast-abort": (30_000, "us"), "html": (1.45, "x"), "html-abort": (30_000, "us"),
    "grep-literal": (1.3, "x"), "grep-regex": (1.3, "x"), "grep-glob": (1.3, "x"), "grep-count": (1.3, "x"),
    "grep-first": (11_000, "us"),
    "glob-py": (1.1, "x"), "glob-all": (1.1, "x"), "glob-ignore": (1.1, "x"),
    "fuzzy": (1.0, "x"), "fuzzy-cached": (1.0, "x"),
    "shell-command": (790, "us"), "shell-stream": (86_000, "us"), "shell-kill": (110_000, "us"),
    "shell-kill-hostile": (110_000, "us"),
}  # fmt: skip


def chosen(names: Sequence[str]) -> list[str]:
    """Raises: SystemExit, for a name that fits nothing."""
    found: list[str] = []
    for name in names or WORKS:
        fits = [name] if name in WORKS else [known for known in WORKS if known.startswith(f"{name}-")]
        if not fits:
            raise SystemExit(f"no work '{name}'; there are {', '.join(WORKS)}")
        found += [fit for fit in fits if fit not in found]
    return found


def line(figure: Figure) -> str:
    target, unit = TARGETS.get(figure.work, (0.0, ""))
    reached = "" if not unit else f"{'' if _value(figure, unit) <= target else 'over '}{target:g} {unit}"
    return (
        f"{figure.work:<18} {figure.n:>6} {figure.us:>12,.2f} {figure.floor_us:>12,.2f} {figure.ratio:>7.2f}  {reached}"
    )


def _value(figure: Figure, unit: str) -> float:
    return figure.ratio if unit == "x" else figure.us


def measure(names: Sequence[str]) -> Iterator[Figure]:
    """Their figures, with a place of their own for what they record and for what Python compiles.

    Modules are compiled once, as those of an installed package are; some machines are told to keep none.
    """
    with tempfile.TemporaryDirectory(prefix="flowbench-bench-") as folder:
        before = dict(os.environ)
        os.environ.update(FLOWBENCH_HOME=f"{folder}/home", PYTHONPYCACHEPREFIX=f"{folder}/compiled")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        try:
            for name in names:
                yield from WORKS[name]()
        finally:
            os.environ.clear()
            os.environ.update(before)


def _try_to_write(place: Path) -> None:
    """Before minutes are spent on figures that could not be kept. Raises: SystemExit, in one line."""
    is_new = not place.exists()
    try:
        place.open("a").close()
    except OSError as error:
        raise SystemExit(f"--json {place}: {error.strerror or error}") from None
    if is_new:
        place.unlink()


def main(given: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("works", nargs="*", metavar="WORK")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write [{work, us, floor_us, ratio, n}]")
    options = parser.parse_args(given)
    names = chosen(options.works)
    if options.json is not None:
        _try_to_write(options.json)
    print(f"{'work':<18} {'n':>6} {'us':>12} {'floor us':>12} {'ratio':>7}  target")
    figures = []
    for figure in measure(names):
        figures.append(figure)
        print(line(figure), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps([figure.plain() for figure in figures], indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
