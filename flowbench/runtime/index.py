"""Index: what can be said of every run without evaluating it, quickly also for thousands of them.

One file keeps what the journals said, by their size and time of change. It may be deleted at any time, and of two
processes that write it at once one wins: what is missing in it is read again. Whether a run is running or interrupted
is never kept: its lock is asked.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from flowbench import storage
from flowbench.runtime import entries as e
from flowbench.runtime import journal, store
from flowbench.runtime.errors import JournalDamaged
from flowbench.runtime.progress import step_count

FILE = "runs.json"
VERSION = 3
STATES = ("running", "done", "failed", "cancelled", "interrupted", "damaged")


class RunInfo(msgspec.Struct, frozen=True):
    """One recorded run. state: running | done | failed | cancelled | interrupted | damaged.

    started: unix seconds. seconds: from the first to the last entry. steps: see `step_count` of a run.
    changed: unix seconds of the last entry's writing. parent, at: run and address of the step that has started it, ""
    if none has.
    """

    id: str
    blueprint: str
    state: str
    started: float
    seconds: float
    steps: int
    path: Path
    error: str | None = None
    changed: float = 0.0
    parent: str = ""
    at: str = ""


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    """What one journal said when it had this size (bytes) and time of change (ns). state: "" if it had no end."""

    size: int
    changed: int
    blueprint: str
    state: str
    started: float
    seconds: float
    steps: int
    error: str | None
    parent: str
    at: str


class _File(msgspec.Struct, array_like=True):
    version: int
    runs: dict[str, _Kept]


def runs(
    *,
    state: str | Collection[str] | None = None,
    blueprint: str | None = None,
    parent: str | None = None,
    limit: int | None = None,
) -> list[RunInfo]:
    """Recorded runs, the newest first. One whose owner has died shows `interrupted` at once.

    state: only these, see RunInfo. blueprint: only of this id. parent: only those that steps of this run have started;
    "": only those that no step has. limit: at most so many.
    """
    wanted = set(STATES) if state is None else {state} if isinstance(state, str) else set(state)
    known = _read()
    fresh: dict[str, _Kept] = {}
    found: list[RunInfo] = []
    folders = store.newest_first(store.folders(), {name: kept.started for name, kept in known.items()})
    for folder in folders:
        if limit is not None and len(found) >= limit:
            break
        kept = _look(folder, known.get(folder.name))
        if kept is None:
            continue
        if kept is not known.get(folder.name):
            fresh[folder.name] = kept
        info = _info(folder, kept)
        if info.state in wanted and blueprint in (None, info.blueprint) and parent in (None, info.parent):
            found.append(info)
    here = {folder.name for folder in folders}
    gone = known.keys() - here
    if gone or any(each.state or known.get(name) is None for name, each in fresh.items()):  # not for each live one
        _write({name: kept for name, kept in (known | fresh).items() if name in here})
    return found


def _look(folder: Path, known: _Kept | None) -> _Kept | None:
    try:
        found = os.stat(folder / journal.FILE)
    except OSError:
        return None
    if known is not None and (known.size, known.changed) == (found.st_size, found.st_mtime_ns):
        return known
    try:
        lines = journal.read(folder)
    except JournalDamaged as damage:
        return _Kept(found.st_size, found.st_mtime_ns, "", "damaged", found.st_mtime, 0.0, 0, str(damage), "", "")
    except OSError:
        return None
    if not lines or not isinstance(begun := lines[0], e.Begun):
        return None
    last = lines[-1]
    state, error = (last.state, last.error) if isinstance(last, e.End) else ("", None)
    steps = step_count(line.at for line in lines if isinstance(line, e.Done | e.Fail | e.Skip | e.Cancel))
    seconds = max(last.t - begun.t, 0.0)
    name, parent = _name(begun.blueprint), (begun.parent, begun.at)
    return _Kept(found.st_size, found.st_mtime_ns, name, state, begun.t, seconds, steps, error, *parent)


def _info(folder: Path, kept: _Kept) -> RunInfo:
    state = kept.state or ("running" if journal.is_owned(folder) else "interrupted")
    changed = kept.changed / 1e9
    facts = (folder.name, kept.blueprint, state, kept.started, kept.seconds, kept.steps, folder, kept.error)
    return RunInfo(*facts, changed, kept.parent, kept.at)


def _name(blueprint: Any) -> str:
    return str(blueprint.get("id", "")) if isinstance(blueprint, dict) else ""


def _read() -> dict[str, _Kept]:
    try:
        text = (storage.cache() / FILE).read_bytes()
        file = msgspec.json.decode(text, type=_File)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):  # not there yet, or spoilt: read the journals
        return {}
    return file.runs if file.version == VERSION else {}


def _write(kept: dict[str, _Kept]) -> None:
    try:
        folder = storage.private_dir(storage.cache())
        storage.write(folder / FILE, msgspec.json.encode(_File(VERSION, kept)))
    except storage.StorageError:
        pass  # a disk that is full costs time, not the list
