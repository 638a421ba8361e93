"""Settings: which flow enhances a Blueprint, for how long, and what has to hold before a change is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import msgspec

from flowbench import blueprint as bp
from flowbench.flow import take
from flowbench.runtime.enhance.axes import AXES
from flowbench.runtime.errors import SettingNotFound
from flowbench.storage import Database

DEFAULT = "default"  # the setting of issues that name none
TTL_SECONDS = 1800

_SCHEMA = "CREATE TABLE IF NOT EXISTS enhance_settings (id TEXT PRIMARY KEY, body_json BLOB NOT NULL)"


class EnhanceSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """blueprint_id, version: the stored flow that does the enhancing. ttl_secs: seconds that one round may take.

    verifier_axes: what has to hold; none at all keeps every change that is a Blueprint.
    """

    id: str
    blueprint_id: str
    ttl_secs: int = TTL_SECONDS
    version: bp.VersionSelector = bp.Latest()
    verifier_axes: tuple[str, ...] = AXES
    meta: dict[str, Any] = {}


class EnhanceSettingStore(Protocol):
    """Source: mlua-swarm 0.2.1."""

    def get(self, id: str) -> EnhanceSetting:
        """Raises: SettingNotFound."""

    def put(self, setting: EnhanceSetting) -> None:
        """Also in the place of one of this id."""

    def delete(self, id: str) -> None:
        """Raises: SettingNotFound."""

    def list(self) -> list[EnhanceSetting]:
        """Sorted by id."""


class Settings:
    """An EnhanceSettingStore in a SQLite file, or in memory without one."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = Database(path, _SCHEMA)

    def get(self, id: str) -> EnhanceSetting:
        for (body,) in self._database.read("SELECT body_json FROM enhance_settings WHERE id = ?", id):
            return msgspec.json.decode(body, type=EnhanceSetting)
        raise SettingNotFound(id)

    def put(self, setting: EnhanceSetting) -> None:
        take(setting.meta)  # an encoder alone would write NaN as null
        body = msgspec.json.encode(setting)
        with self._database.write() as rows:
            rows.execute("INSERT OR REPLACE INTO enhance_settings VALUES (?, ?)", (setting.id, body))

    def delete(self, id: str) -> None:
        with self._database.write() as rows:
            gone = rows.execute("DELETE FROM enhance_settings WHERE id = ?", (id,)).rowcount
        if not gone:
            raise SettingNotFound(id)

    def list(self) -> list[EnhanceSetting]:
        rows = self._database.read("SELECT body_json FROM enhance_settings ORDER BY id")
        return [msgspec.json.decode(body, type=EnhanceSetting) for (body,) in rows]

    def close(self) -> None:
        """Idempotent."""
        self._database.close()
