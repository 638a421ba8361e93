"""Whence: which step has started a run, and where the files that its agents name are."""

from __future__ import annotations

from pathlib import Path

import msgspec

from flowbench.blueprint import Blueprint
from flowbench.runtime.entries import Begun


class Whence(msgspec.Struct, frozen=True):
    """id: reserved for the run; "" for a new one. parent, at, depth, folder: as `Begun` has them."""

    id: str = ""
    parent: str = ""
    at: str = ""
    depth: int = 0
    folder: str = ""


def whence(blueprint: Blueprint) -> Whence:
    """Of a run that a person starts."""
    return Whence(folder=folder_of(blueprint))


def recorded_whence(begun: Begun) -> Whence:
    return Whence(begun.id, begun.parent, begun.at, begun.depth, begun.folder)


def folder_of(blueprint: Blueprint) -> str:
    """Where its file is, else the working directory; "" when no agent looks there."""
    if not any(agent.kind in ("notebook", "flow") for agent in blueprint.agents):
        return ""
    file = blueprint.provenance.file
    return str((Path(file).parent if file else Path()).absolute())
