"""Small source trees for searches and edits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def plant(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Files below a directory, byte by byte as given."""
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def grown(root: Path, count: int = 60, *, lines: int = 200) -> Path:
    """More code than one call parses by itself: `count` files with calls of `log` in them."""
    body = "".join(f"def f{n}(x):\n    return log(x, {n}) + 'é'\n\n" for n in range(lines))
    return plant(root, {f"pkg{n % 7}/mod{n}.py": f"# {n}\n{body}" for n in range(count)})
