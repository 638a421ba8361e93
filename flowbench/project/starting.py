"""Starting: the folders and files of a new project, and what a project of before lacks."""

from __future__ import annotations

from flowbench.project.config import DEFAULTS, json_bytes, load
from flowbench.project.config import FILE as CONFIG
from flowbench.project.files import sign
from flowbench.project.layout import FOLDERS, Layout
from flowbench.project.meta import FILE as META
from flowbench.project.meta import NEW
from flowbench.storage import StorageError, write

MODE = 0o644


def start(layout: Layout, *, dry_run: bool = False) -> list[str]:
    """What had to be made, in words; [] if all was there. Raises: StorageError, InvalidConfig, DocumentError."""
    actions = []
    for name in FOLDERS:
        folder = layout.flow / name
        if not folder.is_dir():
            actions.append(f"created {name}/")
            if not dry_run:
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise StorageError.of(folder, error) from error
    if sign(layout.flow / META) is None:
        actions.append(f"created {META}")
        if not dry_run:
            write(layout.flow / META, json_bytes(NEW), mode=MODE)
    if sign(layout.flow / CONFIG) is None:
        actions.append(f"created {CONFIG}")
        if not dry_run:
            write(layout.flow / CONFIG, json_bytes(DEFAULTS), mode=MODE)
    else:
        config = load(layout.flow)
        if config.merged != config.written:
            actions.append(f"upgraded {CONFIG}")
            if not dry_run:
                write(layout.flow / CONFIG, json_bytes(config.merged), mode=MODE)
    return actions
