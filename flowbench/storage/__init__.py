"""Storage: files and folders that survive crashes and keep secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front
from flowbench.storage.atomic import write
from flowbench.storage.errors import StorageError
from flowbench.storage.lock import locked, queued
from flowbench.storage.places import blueprints, cache, data, home, private_dir, runs

if TYPE_CHECKING:
    from flowbench.storage.sqlite import Database

__all__ = [
    "Database",
    "StorageError",
    "blueprints",
    "cache",
    "data",
    "home",
    "locked",
    "private_dir",
    "queued",
    "runs",
    "write",
]

__getattr__ = front("flowbench.storage", {"sqlite": ("Database",)})  # most processes open no database
