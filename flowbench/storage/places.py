"""Places: where runs and caches live, and folders that only their owner can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs

from flowbench.storage.errors import StorageError

PRIVATE = 0o700


def home() -> Path:
    """$FLOWBENCH_HOME, else the data folder of the user. Creates nothing. Raises: StorageError if it is relative."""
    chosen = _chosen()
    return platformdirs.user_data_path("flowbench", appauthor=False) if chosen is None else chosen


def runs() -> Path:
    """One folder per run."""
    return home() / "runs"


def blueprints() -> Path:
    """One bare git repository per stored Blueprint."""
    return home() / "blueprints"


def data() -> Path:
    """Databases: outputs of steps, issues, settings and the log of the Enhance loop."""
    return home() / "data"


def cache() -> Path:
    """What may be deleted at any time."""
    chosen = _chosen()
    return platformdirs.user_cache_path("flowbench", appauthor=False) if chosen is None else chosen / "cache"


def private_dir(path: Path) -> Path:
    """The folder `path`, made if need be, mode 0700 whatever the umask; so are parents made on the way.

    Raises: StorageError if it is a link, no folder, or belongs to somebody else: what others can change or read is no
    place for inputs and outputs of runs.
    """
    try:
        _make(path)
        _tighten(path)
    except OSError as error:
        raise StorageError.of(path, error) from error
    return path


def _chosen() -> Path | None:
    text = os.environ.get("FLOWBENCH_HOME")
    if not text:
        return None
    chosen = Path(text)
    if not chosen.is_absolute():
        raise StorageError(chosen, "FLOWBENCH_HOME must be an absolute path, or each folder would have its own runs")
    return chosen


def _make(path: Path) -> None:
    missing = []
    here = path
    while not os.path.lexists(here):
        missing.append(here)
        here = here.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(PRIVATE)
        except FileExistsError:  # another process was faster: it is judged like any other folder
            continue
        folder.chmod(PRIVATE)  # a umask of 0777 would leave a parent in which nothing can be made


def _tighten(path: Path) -> None:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise StorageError(path, "is a link; remove it, or set FLOWBENCH_HOME to the folder it points to")
    if not stat.S_ISDIR(found.st_mode):
        raise StorageError(path, "is no folder; move it away, or set FLOWBENCH_HOME to another place")
    if found.st_uid != os.geteuid():
        raise StorageError(
            path,
            f"belongs to user {found.st_uid}, not to you ({os.geteuid()}); set FLOWBENCH_HOME to a folder of yours",
        )
    if stat.S_IMODE(found.st_mode) != PRIVATE:
        path.chmod(PRIVATE)
