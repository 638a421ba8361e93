"""Defined: where a function was defined, so that a person who misses it elsewhere knows what to load."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import partial
from typing import Any

NOTEBOOK_PATH = "FLOWBENCH_NOTEBOOK"  # path of the notebook that a headless kernel runs
JUPYTER = "JPY_SESSION_NAME"  # the same, as Jupyter servers tell their kernels
VS_CODE = "__vsc_ipynb_file__"  # the same, as VS Code leaves it among a notebook's variables


def origin(fn: Callable[..., Any]) -> str:
    """`/path/agents.py:12`, `/path/tour.ipynb`, `a notebook` when nobody told which, or "" for what has no source."""
    inner: Any = inspect.unwrap(fn)
    while isinstance(inner, partial):
        inner = inspect.unwrap(inner.func)
    function: Any = inner if inspect.isroutine(inner) else type(inner).__call__
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    file = str(code.co_filename)
    if "ipykernel_" in file or file.startswith("<ipython-input"):
        told = getattr(function, "__globals__", {}).get(VS_CODE)
        return str(told or os.environ.get(NOTEBOOK_PATH) or os.environ.get(JUPYTER) or "a notebook")
    if file.startswith("<"):
        return ""
    if (end := file.find(".ipynb[")) >= 0:  # a cell that `--agents tour.ipynb` has read
        return file[: end + len(".ipynb")]
    return f"{os.path.abspath(file)}:{code.co_firstlineno}"
