"""Panel: the live picture of one run, with its Abort button.

It only shows what it is given and says when Abort was clicked; it knows no threads and no kernel.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from flowbench.graph import STATUS_COLOURS, STATUS_STROKES
from flowbench.notebook.view import SCALE
from flowbench.runtime import Run

HERE = files("flowbench.notebook")
STYLE = (HERE / "panel.css").read_text(encoding="utf-8")
COMMON = (HERE / "common.js").read_text(encoding="utf-8")


class RunPanel(anywidget.AnyWidget):
    """about: {"id", "title", "abortable": bool, "resume": the line that goes on with the run or "", "scale": of the
    graph, "colours", "strokes": {status: colour}}, set once. svg: the uncoloured graph, "" until it is laid out.
    view: see flowbench.notebook.view; replaced as a whole, so that one message carries it. facts: of the node that was
    picked, see flowbench.notebook.visits.look, {} for none. log: {"lines": [[agent, address, stream, text]], "before":
    lines that are not shown}. asks: see flowbench.notebook.questions."""

    _esm = COMMON + "".join(
        (HERE / f"{name}.js").read_text(encoding="utf-8") for name in ("graph", "log", "ask", "panel")
    )
    _css = STYLE

    about = traitlets.Dict().tag(sync=True)
    svg = traitlets.Unicode("").tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    facts = traitlets.Dict().tag(sync=True)
    log = traitlets.Dict().tag(sync=True)
    asks = traitlets.Dict().tag(sync=True)

    def __init__(self, run: Run, view: dict[str, Any], *, abortable: bool = True) -> None:
        about = {
            "id": run.id,
            "title": run.blueprint.id,
            "abortable": abortable,
            "resume": resume_line(run),
            "scale": SCALE,
            "colours": dict(STATUS_COLOURS),
            "strokes": dict(STATUS_STROKES),
        }
        super().__init__(about=about, view=view)


def resume_line(run: Run) -> str:
    """What to type when the kernel is gone; "" for a run that kept no journal."""
    return "" if run.path is None else f"%fb resume {run.id}"
