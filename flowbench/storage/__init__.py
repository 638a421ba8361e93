"""Storage: files and folders that survive crashes and keep secrets."""

from __future__ import annotations

from flowbench.storage.atomic import write
from flowbench.storage.errors import StorageError
from flowbench.storage.places import cache, home, private_dir, runs

__all__ = ["StorageError", "cache", "home", "private_dir", "runs", "write"]
