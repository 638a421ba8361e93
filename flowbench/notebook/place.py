"""Place: what the shell we are in can show."""

from __future__ import annotations

import os
from typing import Any

from flowbench.notebook.kernels import HEADLESS


def is_headless() -> bool:
    """Nobody watches: no widgets, only what stays in the saved notebook."""
    return os.environ.get(HEADLESS, "") not in ("", "0")


def kernel_of(shell: Any) -> Any | None:
    """The kernel around an IPython shell; None in a terminal."""
    return getattr(shell, "kernel", None)
