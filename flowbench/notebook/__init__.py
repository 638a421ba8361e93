"""Notebook: magics, run panel, abort, stepper and the headless engine: all that knows Jupyter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

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
    from flowbench.notebook.flowctl_magic import Verbs
    from flowbench.notebook.handover import output
    from flowbench.notebook.headless import Engine, Options, Result, run_notebook
    from flowbench.notebook.kernels import kernel_python
    from flowbench.notebook.parameters import read_parameters
    from flowbench.notebook.projects import Project
    from flowbench.notebook.show import show
    from flowbench.notebook.terminals import LiveTerminal, terminal

__all__ = [
    "CellFailed",
    "CellTimedOut",
    "Engine",
    "KernelDied",
    "LiveTerminal",
    "NotebookError",
    "NotebookRefused",
    "NotebookStopped",
    "NotebookTimedOut",
    "Options",
    "Project",
    "Result",
    "UsageError",
    "Verbs",
    "kernel_python",
    "load_ipython_extension",
    "output",
    "read_parameters",
    "run_notebook",
    "show",
    "terminal",
    "unload_ipython_extension",
]

# Loaded when first used: a kernel needs no papermill, a headless caller no widgets.
__getattr__ = front(
    "flowbench.notebook",
    {
        "errors": (
            "CellFailed",
            "CellTimedOut",
            "KernelDied",
            "NotebookError",
            "NotebookRefused",
            "NotebookStopped",
            "NotebookTimedOut",
            "UsageError",
        ),
        "extension": ("load_ipython_extension", "unload_ipython_extension"),
        "flowctl_magic": ("Verbs",),
        "handover": ("output",),
        "headless": ("Engine", "Options", "Result", "run_notebook"),
        "kernels": ("kernel_python",),
        "parameters": ("read_parameters",),
        "projects": ("Project",),
        "show": ("show",),
        "terminals": ("LiveTerminal", "terminal"),
    },
)
