"""Own lines: an error in the Python of a cell is shown with that cell's lines alone, not with the magic's."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any


def only_own_lines(error: Exception, file: str, shell: Any) -> None:
    """From now on IPython shows the frames of `error` from the first one in `file` on.

    file: the name under which the cell's code was compiled. An error that knows how to show itself is left as it is.
    """
    if hasattr(error, "_render_traceback_"):
        return
    own = error.__traceback__
    while own is not None and own.tb_frame.f_code.co_filename != file:
        own = own.tb_next
    if own is not None:
        error._render_traceback_ = partial(_render, error, own, shell)  # type: ignore[attr-defined]


def _render(error: Exception, own: TracebackType, shell: Any) -> list[str]:
    shown: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, own, tb_offset=0)
    return shown
