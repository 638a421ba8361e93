"""flowctl: the command line of a project; a file per noun, imported when one of its verbs is called."""

from __future__ import annotations

from flowbench.cli.flowctl.calling import call, main

__all__ = ["call", "main"]
