"""Meta: `.flow/meta.json`: that a folder is a project, and of which schema."""

from __future__ import annotations

from pathlib import Path

from flowbench.project.config import read_json
from flowbench.project.errors import SchemaUnknown

FILE = "meta.json"
SCHEMA = 2
READABLE = (1, 2)
NEW = {"schema_version": SCHEMA, "next_epic": 1}


def check(flow: Path) -> None:
    """A missing file is for validate to name. Raises: SchemaUnknown, InvalidConfig, DocumentError."""
    found = read_json(flow / FILE)
    if found is not None and found.get("schema_version") not in READABLE:
        raise SchemaUnknown(found.get("schema_version"))
