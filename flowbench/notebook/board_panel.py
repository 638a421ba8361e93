"""Board panel: the widget of a board. It only shows what it is given and says which button was clicked."""

from __future__ import annotations

import anywidget
import traitlets

from flowbench.notebook.panel import COMMON, HERE, STYLE


class BoardPanel(anywidget.AnyWidget):
    """about: {"approvals": show only these}, set once. view, detail: see flowbench.notebook.board_view. said: what came
    of the last click, {"text", "bad": bool, "n": which answer it is}."""

    _esm = COMMON + "".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in ("markdown", "board"))
    _css = STYLE + (HERE / "board.css").read_text(encoding="utf-8")

    about = traitlets.Dict().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    said = traitlets.Dict().tag(sync=True)
