"""Notebook: magics, run panel, abort, stepper and the headless engine: all that knows Jupyter."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowbench.notebook.errors import (
        CellFailed,
        CellTimedOut,
        KernelDied,
        NotebookError,
        NotebookStopped,
        UsageError,
    )
    from flowbench.notebook.extension import load_ipython_extension, unload_ipython_extension
    from flowbench.notebook.headless import Result, run_notebook
    from flowbench.notebook.show import show

__all__ = [
    "CellFailed",
    "CellTimedOut",
    "KernelDied",
    "NotebookError",
    "NotebookStopped",
    "Result",
    "UsageError",
    "load_ipython_extension",
    "run_notebook",
    "show",
    "unload_ipython_extension",
]

# Loaded when first used: a kernel needs no papermill, a headless caller no widgets.
_FILE = {
    **dict.fromkeys(("load_ipython_extension", "unload_ipython_extension"), "extension"),
    **dict.fromkeys(("Result", "run_notebook"), "headless"),
    "show": "show",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'flowbench.notebook' has no attribute '{name}'")
    return getattr(importlib.import_module(f"flowbench.notebook.{_FILE.get(name, 'errors')}"), name)
