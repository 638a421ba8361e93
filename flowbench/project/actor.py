"""Actor: who does something to a project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SECONDS = 5.0


def actor(root: Path, environ: Mapping[str, str] = os.environ) -> str:
    """FLOW_ACTOR, else git's user.email, else its user.name, else $USER, else `unknown`."""
    said = environ.get("FLOW_ACTOR", "").strip()
    return said or _git(root, "user.email") or _git(root, "user.name") or environ.get("USER", "").strip() or "unknown"


def _git(root: Path, key: str) -> str:
    import subprocess

    try:
        told = subprocess.run(
            ["git", "config", "--get", key],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.decode(errors="replace").strip() if told.returncode == 0 else ""
