"""Pulse: a small JSON file that says once a second what a headless notebook is doing."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

INTERVAL = 1.0  # seconds


class Pulse:
    """While it is entered, `path` holds `look()` and {"at": unix seconds}, replaced as a whole once an INTERVAL.

    What cannot be written any more (a full disk) is left unwritten: the age of the file tells. After the end the last
    word stays.
    """

    def __init__(self, path: Path, look: Callable[[], dict[str, Any]]) -> None:
        self._path = path
        self._look = look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="flowbench-pulse", daemon=True)

    def __enter__(self) -> Self:
        self.beat()  # here, so that a place that cannot be written to is an error at once
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._try()

    def beat(self) -> None:
        """Write it now. Raises: OSError."""
        text = json.dumps({"at": time.time(), **self._look()}) + "\n"
        if self._path.exists() and not self._path.is_file():  # a device: for root, a new file could take its place
            self._path.write_text(text, encoding="utf-8")
            return
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self._path)

    def _follow(self) -> None:
        while not self._over.wait(INTERVAL):
            self._try()

    def _try(self) -> None:
        try:
            self.beat()
        except OSError:
            return
