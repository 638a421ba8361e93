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
        NotebookRefused,
        NotebookStopped,
        NotebookTimedOut,
        UsageError,
    )
    from flowbench.notebook.extension import load_ipython_extension, unload_ipython_extension
    from flowbench.notebook.headless import Engine, Options, Result, run_notebook
    from flowbench.notebook.kernels import kernel_python
    from flowbench.notebook.parameters import read_parameters
    from flowbench.notebook.show import show

__all__ = [
    "CellFailed",
    "CellTimedOut",
    "Engine",
    "KernelDied",
    "NotebookError",
    "NotebookRefused",
    "NotebookStopped",
    "NotebookTimedOut",
    "Options",
    "Result",
    "UsageError",
    "kernel_python",
    "load_ipython_extension",
    "read_parameters",
    "run_notebook",
    "show",
    "unload_ipython_extension",
]

# Loaded when first used: a kernel needs no papermill, a headless caller no widgets.
_FILE = {
    **dict.fromkeys(("load_ipython_extension", "unload_ipython_extension"), "extension"),
    **dict.fromkeys(("Engine", "Options", "Result", "run_notebook"), "headless"),
    "kernel_python": "kernels",
    "read_parameters": "parameters",
    "show": "show",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'flowbench.notebook' has no attribute '{name}'")
    return getattr(importlib.import_module(f"flowbench.notebook.{_FILE.get(name, 'errors')}"), name)
