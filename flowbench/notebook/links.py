"""Links: a place in a file, as a link that JupyterLab opens where it can, and as text elsewhere."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import quote

_ROOT = re.compile(r"--(?:\w+\.)?(?:root|notebook)[-_]dir=(.+)", re.DOTALL)
NOTEBOOK = "JPY_SESSION_NAME"  # where a Jupyter server tells a kernel the notebook's own path


def link(path: str, line: int = 0, *, root: str = "") -> str:
    """HTML of `path`, or `path:line`; a relative link if the file lies where the server of this notebook can reach it.

    root: the folder that a relative path begins in; "" for the working folder.
    """
    shown = escape(f"{path}:{line}" if line else path)
    target = relative(os.path.join(root, path))
    if target is None:
        return f"<code>{shown}</code>"
    place = quote(target) + (
        f"#line={line - 1}" if line else ""
    )  # RFC 5147 counts the ends of lines, as JupyterLab does
    return f'<a href="{escape(place)}"><code style="color:inherit">{shown}</code></a>'


def relative(path: str) -> str | None:
    """The way from the notebook's folder to a file; None for one that is not there or not served."""
    file = Path(os.path.abspath(path))
    home = _home()
    if not file.exists() or any(c in str(file) for c in "\0\n"):
        return None
    if not file.is_relative_to(home):
        served = _served()
        if served is None or not (file.is_relative_to(served) and home.is_relative_to(served)):
            return None
    return Path(os.path.relpath(file, home)).as_posix()


def _home() -> Path:
    told = os.environ.get(NOTEBOOK, "")
    return Path(os.path.dirname(told) if os.path.isabs(told) else os.getcwd())


@lru_cache(1)
def _served() -> Path | None:
    """The folder of the process that has started this kernel: a server serves that unless it was told otherwise."""
    import psutil

    try:
        server = psutil.Process(os.getppid())
        told = [found[1] for word in server.cmdline() if (found := _ROOT.fullmatch(word))]
        return Path(server.cwd(), *told[-1:])
    except psutil.Error:
        return None
