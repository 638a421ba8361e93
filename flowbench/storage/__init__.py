"""Storage: files and folders that survive crashes and keep secrets."""

from __future__ import annotations

from flowbench.storage.atomic import write
from flowbench.storage.errors import StorageError
from flowbench.storage.lock import locked
from flowbench.storage.places import blueprints, cache, data, home, private_dir, runs
from flowbench.storage.sqlite import Database

__all__ = ["Database", "StorageError", "blueprints", "cache", "data", "home", "locked", "private_dir", "runs", "write"]
