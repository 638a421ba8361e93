"""Saving: what a command makes goes where a person says with -o; a link stays a link, a device a device."""

from __future__ import annotations

import os
from pathlib import Path

from flowbench.cli.exits import Exit, Refusal


def save(output: Path, data: bytes) -> None:
    """Put `data` there, whole or not at all where that is an ordinary file. Raises: Refusal."""
    from flowbench.storage import StorageError, write

    target = Path(os.path.realpath(output))
    if not target.parent.is_dir():
        raise Refusal(f"cannot save {output}: the folder {target.parent} does not exist", Exit.USAGE)
    try:
        if target.exists() and not target.is_file():  # /dev/null, a pipe: for root, a new file could take their place
            target.write_bytes(data)
        else:
            write(target, data, mode=0o644)
    except (StorageError, OSError) as error:
        why = error.why if isinstance(error, StorageError) else error.strerror or error
        raise Refusal(f"cannot save {output}: {why}", Exit.USAGE) from error
