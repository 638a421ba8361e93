"""Layout: the chain of ways that can turn DOT into SVG, each within what is left of one deadline."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from flowbench.graph.errors import GraphError

DEADLINE_SECONDS = 2.0

Way = Callable[[str, float], str]
"""(DOT source, seconds left) -> SVG element. Raises: GraphError when it cannot, or not in time."""


def layout(dot_source: str, *, deadline: float = DEADLINE_SECONDS, ways: Sequence[Way] | None = None) -> str | None:
    """SVG of the first way that succeeds, or None; never an error. deadline: seconds for all ways together."""
    end = time.monotonic() + deadline
    for way in installed() if ways is None else ways:
        left = end - time.monotonic()
        if left <= 0:
            break
        try:
            return way(dot_source, left)
        except Exception:  # noqa: S112 - whatever a program or library of others does, the next way may succeed
            continue
    return None


def installed() -> tuple[Way, ...]:
    """`dot` on PATH, then Graphviz as WebAssembly."""
    return dot_on_path, webassembly


def dot_on_path(dot_source: str, seconds: float, *, command: str = "dot") -> str:
    """Ask a Graphviz of the system; it and its children are killed when the time is over. Raises: GraphError."""
    path = shutil.which(command)
    if path is None:
        raise GraphError(f"there is no `{command}` on PATH")
    try:
        child = subprocess.Popen(
            [path, "-Tsvg"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise GraphError(f"`{path}` does not start: {error}") from error
    with child:
        try:
            out, _ = child.communicate(dot_source.encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            raise GraphError(f"`{path}` needed more than {seconds:.1f} s") from None
        finally:
            if child.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    if child.returncode != 0:
        raise GraphError(f"`{path}` ended with code {child.returncode}")
    return element(out)


def webassembly(dot_source: str, seconds: float) -> str:
    """Ask the WebAssembly module in its sandbox. Raises: GraphError, also when its packages are missing."""
    from flowbench.graph.host import shared

    return element(shared().layout(dot_source, seconds))


def element(out: bytes) -> str:
    """The SVG element alone: Graphviz writes a declaration, a document type and comments before it."""
    start = out.find(b"<svg")
    if start < 0:
        raise GraphError("Graphviz wrote no SVG")
    return out[start:].decode("utf-8", "replace")
