"""Terminal panel: the widget of a terminal: xterm.js, unmodified, with a head and an Abort button.

xterm.js travels once per page, when the page asks for it, and is no part of the widget's state: a notebook that is
saved with its widgets stays small.
"""

from __future__ import annotations

import anywidget
import traitlets

from flowbench.notebook.panel import COMMON, HERE, STYLE

VENDOR = HERE / "vendor" / "xterm"


class TerminalPanel(anywidget.AnyWidget):
    """about: {"title": str, "columns": fixed number of them or 0 for what fits, "rows": at the beginning}, set once.
    view: {"state": running | done | failed | cancelled, "words": how it ended, "over": bool}."""

    _esm = COMMON + (HERE / "terminal.js").read_text(encoding="utf-8")
    _css = STYLE + (VENDOR / "xterm.css").read_text(encoding="utf-8") + (HERE / "terminal.css").read_text("utf-8")

    about = traitlets.Dict().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def send_library(self) -> None:
        """xterm.js and its addon that fits it to its box, as modules."""
        self.send({"event": "library"}, [(VENDOR / name).read_bytes() for name in ("xterm.mjs", "addon-fit.mjs")])
