"""A script for `run_script`; it imports no flowbench."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(asked: Any, ask: Callable[[Any], Any]) -> Any:
    if isinstance(asked, str):
        Path(asked).touch()
        time.sleep(600)
    if asked["do"] == "sum":
        return sum(ask(n) for n in range(asked["times"]))
    if asked["do"] == "talk":
        print("hello")
        return [asked["text"], len(ask("x" * 1_000_000))]
    if asked["do"] == "die":
        os._exit(3)
    if asked["do"] == "ask and sleep":
        ask("ready")
        time.sleep(600)
    raise ValueError("boom")
