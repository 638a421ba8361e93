"""Panel: the live picture of one run, with its Abort button.

It only shows what it is given and says when Abort was clicked; it knows no threads and no kernel.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from flowbench.graph import STATUS_COLOURS

HERE = files("flowbench.notebook")
STYLE = (HERE / "panel.css").read_text(encoding="utf-8")


class RunPanel(anywidget.AnyWidget):
    """about: {"id", "title", "abortable": bool, "colours": {status: colour}}, set once. svg: the uncoloured graph, ""
    until it is laid out. view: see flowbench.notebook.view; replaced as a whole, so that one message carries it."""

    _esm = (HERE / "panel.js").read_text(encoding="utf-8")
    _css = STYLE

    about = traitlets.Dict().tag(sync=True)
    svg = traitlets.Unicode("").tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, run_id: str, title: str, view: dict[str, Any], *, abortable: bool = True) -> None:
        about = {"id": run_id, "title": title, "abortable": abortable, "colours": dict(STATUS_COLOURS)}
        super().__init__(about=about, view=view)
