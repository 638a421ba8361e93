"""Project: what pyproject.toml says about flowbench: `[tool.flowbench] agents = ["mypkg.agents", "agents.py"]`."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from flowbench.cli.exits import Exit, Refusal

FILE = "pyproject.toml"


def agents(start: Path) -> tuple[Path, list[str]] | None:
    """(folder of the file, modules or files that define agents); None: no file from `start` upwards says so.

    A file that belongs to somebody else is passed over: in a folder that others can write to it would let them choose
    what runs here. Raises: Refusal for one that cannot be read.
    """
    for folder in (start, *start.parents):
        file = folder / FILE
        try:
            if file.stat().st_uid not in (os.geteuid(), 0):
                continue
            said = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise Refusal(f"{file}: {error}", Exit.USAGE) from error
        section = said.get("tool", {}).get("flowbench")
        if section is not None:
            return folder, _names(file, section)
    return None


def _names(file: Path, section: Any) -> list[str]:
    names = section.get("agents", []) if isinstance(section, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refusal(f'{file}: [tool.flowbench] agents is a list of names, like ["mypkg.agents"]', Exit.USAGE)
    return names
