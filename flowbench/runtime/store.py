"""Store: where runs lie on disk, and how a person names one."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from flowbench import storage
from flowbench.runtime import entries, journal
from flowbench.runtime.errors import RunNotFound

_ID = re.compile(r"r-\d{8}-\d{6}-[0-9a-f]{6}")
LAST = "@last"  # the newest run
SECOND = len("r-YYYYMMDD-HHMMSS")  # an id up to here says when its run began
_PREFIX = re.compile(r"(r-)?[0-9a-f-]{1,24}")


def new_id(now: float) -> str:
    """`r-<date>-<time>-<six hex>`, in UTC: sorts by time. now: unix seconds."""
    return f"r-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}"


def create(now: float, id: str = "") -> Path:
    """The empty folder of a new run, mode 0700; its name is the run's id. now: unix seconds. id: as it was reserved.

    Raises: StorageError.
    """
    runs = storage.private_dir(storage.runs())
    while True:
        folder = runs / (id or new_id(now))
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:  # another run of this second has drawn the same id
            if id:
                return folder  # its owner died before it wrote a line
            continue
        except OSError as error:
            raise storage.StorageError.of(folder, error) from error
        return folder


def find(run_id: str) -> Path:
    """The folder of a run. run_id: whole, or any part from its beginning or its end that only one run has, or `@last`.

    Raises: RunNotFound.
    """
    if run_id == LAST and (begun := [each for each in folders() if (each / journal.FILE).is_file()]):
        return newest_first(begun)[0]
    if _ID.fullmatch(run_id) and (storage.runs() / run_id / journal.FILE).is_file():
        return storage.runs() / run_id
    found = [
        f for f in folders() if _PREFIX.fullmatch(run_id) and (f.name.startswith(run_id) or f.name.endswith(run_id))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(sorted(f.name for f in found)[:5])
        raise RunNotFound(f"'{run_id}' could be any of {len(found)} runs: {names}; write more of the id", run_id)
    raise RunNotFound(f"no run '{run_id}' in {storage.runs()}; `flowbench runs` lists them", run_id)


def newest_first(found: Iterable[Path], began: Mapping[str, float] | None = None) -> list[Path]:
    """Folders of runs in this order; those of one second by the moment that their journals name.

    began: unix seconds by id, where that is known.
    """
    ordered: list[Path] = []
    for _, second in groupby(sorted(found, reverse=True), key=lambda folder: folder.name[:SECOND]):
        alike = list(second)
        if len(alike) > 1:
            alike.sort(key=lambda folder: (began or {}).get(folder.name) or _began(folder), reverse=True)
        ordered += alike
    return ordered


def _began(folder: Path) -> float:
    entry = journal.first(folder)
    return entry.t if isinstance(entry, entries.Begun) else 0.0


def folders() -> list[Path]:
    """Of all runs, in no order; also of runs that are just being made."""
    try:
        return [f for f in storage.runs().iterdir() if _ID.fullmatch(f.name)]
    except FileNotFoundError:
        return []
