"""Store: where runs lie on disk, and what can be said of each without evaluating it."""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path
from typing import Any

import msgspec

from flowbench import storage
from flowbench.runtime import entries as e
from flowbench.runtime import journal
from flowbench.runtime.errors import JournalDamaged, RunNotFound

_ID = re.compile(r"r-\d{8}-\d{6}-[0-9a-f]{6}")
_PREFIX = re.compile(r"(r-)?[0-9a-f-]{1,24}")


class RunInfo(msgspec.Struct, frozen=True):
    """One recorded run. state: running | done | failed | cancelled | interrupted | damaged.

    started: unix seconds. seconds: from the first to the last entry. steps: outcomes recorded, repeats included.
    """

    id: str
    blueprint: str
    state: str
    started: float
    seconds: float
    steps: int
    path: Path
    error: str | None = None


def new_id(now: float) -> str:
    """`r-<date>-<time>-<six hex>`, in UTC: sorts by time. now: unix seconds."""
    return f"r-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}"


def create(now: float) -> Path:
    """The empty folder of a new run, mode 0700; its name is the run's id. now: unix seconds. Raises: StorageError."""
    runs = storage.private_dir(storage.runs())
    while True:
        folder = runs / new_id(now)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:  # another run of this second has drawn the same id
            continue
        except OSError as error:
            raise storage.StorageError.of(folder, error) from error
        return folder


def find(run_id: str) -> Path:
    """The folder of a run. run_id: whole, or any part from its beginning or its last six that only one run has.

    Raises: RunNotFound.
    """
    if _ID.fullmatch(run_id) and (storage.runs() / run_id / journal.FILE).is_file():
        return storage.runs() / run_id
    found = [
        f for f in _folders() if _PREFIX.fullmatch(run_id) and (f.name.startswith(run_id) or f.name.endswith(run_id))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(sorted(f.name for f in found)[:5])
        raise RunNotFound(f"'{run_id}' could be any of {len(found)} runs: {names}; write more of the id", run_id)
    raise RunNotFound(f"no run '{run_id}' in {storage.runs()}; `flowbench runs` lists them", run_id)


def runs() -> list[RunInfo]:
    """All recorded runs, the newest first. One whose owner has died shows `interrupted` at once."""
    return [info for folder in sorted(_folders(), reverse=True) if (info := describe(folder)) is not None]


def describe(folder: Path) -> RunInfo | None:
    """None while the run's first entry is not yet there."""
    try:
        lines = journal.read(folder)
    except JournalDamaged as damage:
        return RunInfo(folder.name, "", "damaged", folder.stat().st_mtime, 0.0, 0, folder, str(damage))
    except OSError:
        return None
    if not lines or not isinstance(begun := lines[0], e.Begun):
        return None
    last = lines[-1]
    state, error = (last.state, last.error) if isinstance(last, e.End) else (_unended(folder), None)
    steps = sum(isinstance(line, e.Done | e.Fail) for line in lines)
    ended = begun.t if isinstance(last, e.Begun) else last.t
    return RunInfo(folder.name, _name(begun.blueprint), state, begun.t, max(ended - begun.t, 0.0), steps, folder, error)


def _unended(folder: Path) -> str:
    return "running" if journal.is_owned(folder) else "interrupted"


def _name(blueprint: Any) -> str:
    return str(blueprint.get("id", "")) if isinstance(blueprint, dict) else ""


def _folders() -> list[Path]:
    try:
        return [f for f in storage.runs().iterdir() if _ID.fullmatch(f.name)]
    except FileNotFoundError:
        return []
