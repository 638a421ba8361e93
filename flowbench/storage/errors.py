"""Errors of storage: a file or folder of ours that cannot be used."""

from __future__ import annotations

from pathlib import Path

from flowbench.errors import FlowbenchError


class StorageError(FlowbenchError):
    """path: what could not be written or read. why: for people, and what to do where there is something to do."""

    code = "storage"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"

    @classmethod
    def of(cls, path: Path, error: OSError) -> StorageError:
        """The same fact, in the words of the system."""
        return cls(path, error.strerror or str(error))
