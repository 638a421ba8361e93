"""Upkeep: runs that nobody needs any more are removed, one by one or by age and size; never one that is running."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from flowbench import storage
from flowbench.runtime import index, journal, store
from flowbench.runtime.errors import RunOwned
from flowbench.runtime.index import RunInfo

KEEP_DAYS = 30.0
MAX_BYTES = 10**9
GONE = ".removed-"  # what a folder is called from the moment its run is gone until its files are
UNFINISHED_SECONDS = 3600.0  # a file or folder that is being made is younger than this


class Collected(msgspec.Struct, frozen=True):
    """What `collect` removed, or would remove. freed, kept_bytes: bytes. leftovers: of processes that died: files that
    were being written, folders of runs that never began, runs whose removal was cut off."""

    removed: tuple[RunInfo, ...]
    leftovers: tuple[Path, ...]
    freed: int
    kept: int
    kept_bytes: int


def remove(*run_ids: str) -> list[str]:
    """Remove recorded runs: journal, large values, log. Returns their whole ids. run_ids: as `resume` takes them.

    A run is gone at once and whole: a crash meanwhile leaves files that no list shows and `collect` removes. All are
    looked up before the first is removed. Raises: RunNotFound; RunOwned, if one is running; StorageError.
    """
    folders = list(dict.fromkeys(store.find(each) for each in run_ids))
    for folder in folders:
        with journal.held(folder):
            pass
    for folder in folders:
        _remove(folder)
    return [folder.name for folder in folders]


def collect(
    *, keep_days: float = KEEP_DAYS, max_bytes: int = MAX_BYTES, dry_run: bool = False, now: float | None = None
) -> Collected:
    """Remove runs that nothing was added to for `keep_days`, then the oldest ones until `max_bytes` are left.

    A running run is never removed; an interrupted one, which can be resumed, by its age only. dry_run: only say what
    would be removed. now: unix seconds. Raises: StorageError.
    """
    now = time.time() if now is None else now
    left = []
    removed: list[RunInfo] = []
    freed = 0
    known = index.runs()
    for info in sorted(known, key=lambda info: info.changed):
        size = _size(info.path)
        is_old = now - info.changed > keep_days * 86_400
        if info.state != "running" and is_old and _removed(info, dry_run):
            removed.append(info)
            freed += size
        else:
            left.append((info, size))
    total = sum(size for _, size in left)
    kept = len(left)
    for info, size in left:
        if total <= max_bytes:
            break
        if info.state not in ("running", "interrupted") and _removed(info, dry_run):
            removed.append(info)
            total, freed, kept = total - size, freed + size, kept - 1
    leftovers = list(_leftovers(now, {info.id for info in known}))
    for path in leftovers:
        freed += _size(path)
        if not dry_run:
            _delete(path)
    return Collected(tuple(removed), tuple(leftovers), freed, kept, total)


def _removed(info: RunInfo, dry_run: bool) -> bool:
    if dry_run:
        return True
    try:
        _remove(info.path)
    except RunOwned:  # somebody has resumed it since the list was made
        return False
    return True


def _remove(folder: Path) -> None:
    """Under the run's lock, so that nobody takes it over meanwhile."""
    with journal.held(folder):
        gone = folder.with_name(f"{GONE}{folder.name}-{secrets.token_hex(3)}")
        try:
            folder.rename(gone)
        except FileNotFoundError:  # somebody else was faster
            return
        except OSError as error:
            raise storage.StorageError.of(folder, error) from error
    _delete(gone)


def _delete(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise storage.StorageError.of(path, error) from error


def _leftovers(now: float, known: set[str]) -> Iterator[Path]:
    try:
        here = list(os.scandir(storage.runs()))
    except FileNotFoundError:
        return
    for entry in here:
        if entry.name.startswith(GONE):
            yield Path(entry.path)
    for folder in store.folders():
        if folder.name not in known and not journal.is_owned(folder) and _is_stale(folder, now):
            yield folder
            continue
        for place in (folder, folder / journal.BLOBS):
            yield from (file for file in place.glob(".*.tmp") if _is_stale(file, now))


def _is_stale(path: Path, now: float) -> bool:
    try:
        return now - path.lstat().st_mtime > UNFINISHED_SECONDS
    except FileNotFoundError:
        return False


def _size(path: Path) -> int:
    """Bytes of a file, or of everything in a folder."""
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size if path.exists() else 0
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
    return total
