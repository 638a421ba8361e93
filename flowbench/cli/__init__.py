"""The command line: `flowbench`, one file per command, each imported only when it is asked for."""

from __future__ import annotations

from flowbench.cli.commands import flowbench as main

__all__ = ["main"]
