"""Data plane: what agents hand to each other beside the ctx, kept by id and by producer, for what is too large for it.

Apart from the tail of an attempt: nothing here is the answer of a step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from flowbench.engine.errors import ResourceNotFound
from flowbench.engine.ids import output_id
from flowbench.engine.outputs import FileRef, Inline, OutputEvent, decode_output
from flowbench.flow import take
from flowbench.storage import Database

SHOWN = 1_000  # outputs that are listed unless asked for more
_TRIES = 5  # ids are 40 random bits: two alike are rare, not impossible
_COLUMNS = "id, task_id, attempt, producer_agent, event_json, parent_refs_json"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outputs (
    id TEXT NOT NULL UNIQUE,
    task_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    producer_agent TEXT NOT NULL,
    event_json BLOB NOT NULL,
    parent_refs_json BLOB NOT NULL,
    seq INTEGER PRIMARY KEY AUTOINCREMENT
);
CREATE INDEX IF NOT EXISTS outputs_by_attempt ON outputs (task_id, attempt, seq);
CREATE INDEX IF NOT EXISTS outputs_by_producer ON outputs (producer_agent, seq)
"""


class Output(msgspec.Struct, frozen=True):
    """id: `out-` and 10 hex. producer: name of the agent. parents: ids of the outputs it was made from."""

    id: str
    task_id: str
    attempt: int
    producer: str
    event: OutputEvent
    parents: tuple[str, ...] = ()


_Found = list[Output]  # in a class with a method of that name, `list` is the method


class OutputStore(Protocol):
    """Safe from threads. Source: mlua-swarm 0.2.1 `OutputStore`."""

    def append(self, task_id: str, attempt: int, producer: str, event: OutputEvent, parents: Sequence[str] = ()) -> str:
        """Keep an output and return its id; on return it is kept. Raises: flow.NotJson, storage.StorageError."""

    def get(self, id: str) -> Output:
        """Raises: ResourceNotFound."""

    def get_latest_by_name(self, producer: str) -> Output:
        """What this agent has appended last, in whichever run. Raises: ResourceNotFound."""

    def list_for_attempt(self, task_id: str, attempt: int) -> list[Output]:
        """In the order of their appending."""

    def list(self, limit: int = SHOWN) -> list[Output]:
        """The newest ones, in the order of their appending."""


class Outputs:
    """An OutputStore in a SQLite file, or in memory without one. What it gives is a copy."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = Database(path, _SCHEMA)

    def append(self, task_id: str, attempt: int, producer: str, event: OutputEvent, parents: Sequence[str] = ()) -> str:
        take(_plain(event))  # an encoder alone would write NaN as null, and bytes as base64
        text = msgspec.json.encode(event)
        above = msgspec.json.encode(list(parents))
        for _ in range(_TRIES):
            id = output_id()
            try:
                with self._database.write() as rows:
                    rows.execute(
                        f"INSERT INTO outputs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                        (id, task_id, attempt, producer, text, above),
                    )
            except sqlite3.IntegrityError:
                continue
            return id
        raise RuntimeError(f"{_TRIES} random ids were all taken")

    def get(self, id: str) -> Output:
        for found in self._found("WHERE id = ?", id):
            return found
        raise ResourceNotFound(f"output '{id}'")

    def get_latest_by_name(self, producer: str) -> Output:
        for found in self._found("WHERE producer_agent = ? ORDER BY seq DESC LIMIT 1", producer):
            return found
        raise ResourceNotFound(f"output of agent '{producer}'")

    def list_for_attempt(self, task_id: str, attempt: int) -> list[Output]:
        return self._found("WHERE task_id = ? AND attempt = ? ORDER BY seq", task_id, attempt)

    def list(self, limit: int = SHOWN) -> list[Output]:
        return self._found("ORDER BY seq DESC LIMIT ?", max(limit, 0))[::-1]

    def close(self) -> None:
        """Idempotent."""
        self._database.close()

    def _found(self, which: str, *given: Any) -> _Found:
        rows = self._database.read(f"SELECT {_COLUMNS} FROM outputs {which}", *given)  # noqa: S608 - constants
        return [
            Output(id, task_id, attempt, producer, decode_output(event), tuple(msgspec.json.decode(parents)))
            for id, task_id, attempt, producer, event, parents in rows
        ]


def _plain(event: OutputEvent) -> dict[str, Any]:
    plain = msgspec.structs.asdict(event)
    if isinstance(held := plain.get("content"), Inline | FileRef):
        plain["content"] = msgspec.structs.asdict(held)
    return plain
