"""Picture: a graph that stays in a saved notebook. A click on a node opens what is known of it, without a script.

It is an <img> with its data inside, because JupyterLab drops inline SVG from notebooks it does not trust (such as those
executed elsewhere) and shows images; inside an image nothing can run either. Over each node lies the transparent
summary of a <details>, which every browser opens by itself. Where styles are dropped too, these follow as a list.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from flowbench import blueprint as bp
from flowbench import graph
from flowbench.graph import Drawing
from flowbench.notebook.folds import marks
from flowbench.notebook.unfolded import pieces
from flowbench.notebook.view import SCALE, cut
from flowbench.notebook.visits import Visits, look
from flowbench.runtime import PastRun, Run

LARGEST = 400_000  # bytes of SVG; more would make the notebook slow to open and to compare
UNFOLDED = 400_000  # bytes of SVG, of what is in folds; what finds no room is listed
LISTED = 50  # nodes of a fold without a picture
LINES = 3_000  # nodes of all folds without a picture
TELLING = 60  # nodes that open
VALUE_LENGTH = 600  # characters of an input or output
NARROW = 400  # pixels; beside such a picture there is room for what is known of a node, else it opens below the node
PANE = "width:330px;max-height:420px;"
WIDE = "width:max-content;max-width:600px;max-height:600px;"
WIDER = f"{WIDE}min-width:570px;"  # with room for what opens inside: it cannot leave the pane

_SUMMARY = (
    "position:absolute;display:block;margin:0;padding:0;overflow:hidden;cursor:pointer;border-radius:6px;"
    "color:transparent;font-size:1px;list-style:none;"
)
_BODY = (
    "position:absolute;z-index:5;overflow:auto;padding:8px 10px;text-align:left;"
    "color:var(--jp-content-font-color1,#1f2328);background:var(--jp-layout-color1,#fff);"
    "border:1px solid var(--jp-border-color2,#d1d9e0);border-radius:6px;font-size:12px;"
)
_VALUE = (
    "margin:0 0 6px;padding:4px 6px;white-space:pre-wrap;overflow-wrap:anywhere;"
    "background:var(--jp-layout-color2,#f2f2f2);border-radius:4px;font-size:11px;"
)


def of_blueprint(blueprint: bp.Blueprint) -> str:
    """HTML of its graph, or of why there is none."""
    return _Sheet(blueprint, None).html()


def of_run(run: Run | PastRun) -> str:
    """HTML of its graph with the colours of now, whose nodes tell what they know."""
    return _Sheet(run.blueprint, run).html()


class _Sheet:
    """One graph with all that opens on it. run: whose colours and values it has."""

    def __init__(self, blueprint: bp.Blueprint, run: Run | PastRun | None) -> None:
        self._blueprint = blueprint
        self._now = None if run is None else run.progress()
        self._visits = Visits([] if run is None else run.steps)
        self._name = blueprint.id if run is None else run.id
        self._inside: dict[str, Drawing] = {}
        self._svgs: dict[str, str] = {}  # of those that found room
        self._telling = TELLING

    def html(self) -> str:
        try:
            drawing = bp.draw(self._blueprint)
            svg = self._svg(drawing)
            if len(svg) <= LARGEST:
                self._unfold(drawing)
                over = self._over(drawing, svg, self._name)
        except graph.GraphError as error:
            return _without(str(error))
        if len(svg) > LARGEST:
            return _without(f"its {len(svg) // 1000} kB are too much to keep in a notebook")
        hints = ["A click on a step shows its last input and output."] if self._visits.seen() else []
        hints += ["A click on a box of several nodes opens it."] if self._inside else []
        hint = f"<p><small>{' '.join(hints)}</small></p>" if over else ""
        return hint + _image(self._blueprint, svg, over)

    def _svg(self, drawing: Drawing) -> str:
        return graph.svg(drawing) if self._now is None else graph.svg(drawing, *marks(drawing, self._now))

    def _unfold(self, drawing: Drawing) -> None:
        room, lines = UNFOLDED, LINES
        for fold, inside in pieces(self._blueprint, drawing):
            svg = self._svg(inside) if room > 0 else ""
            room -= len(svg)
            if svg and room >= 0:
                self._svgs[fold] = svg
            elif lines > 0:
                lines -= min(len(inside.nodes), LISTED)
            else:
                return
            self._inside[fold] = inside

    def _over(self, drawing: Drawing, svg: str, group: str) -> str:
        """What opens over the nodes of one picture. group: one at a time: browsers close the others of this name."""
        places, seen = graph.boxes(svg), self._visits.seen()
        is_narrow = shown_width(svg) <= NARROW
        told = []
        for node in drawing.nodes:
            at = places.get(node.id)
            if at is None:
                continue
            if node.id in self._inside:
                inside = self._piece(node.id)
                wide = WIDER if "<details" in inside else WIDE
                told.append(_opens(group, f"{node.label}, {node.detail}", inside, at, is_narrow, wide))
            elif node.id in seen and self._now is not None and self._telling > 0:
                self._telling -= 1
                facts = look(node.id, self._visits, self._now, VALUE_LENGTH)
                title = f"{facts['agent']} at {facts['node']}"
                told.append(_opens(group, title, "".join(_told(facts)), at, is_narrow, PANE))
        return "".join(told)

    def _piece(self, fold: str) -> str:
        """What is in a fold: a picture, or a list of its first steps."""
        inside, svg = self._inside[fold], self._svgs.get(fold)
        if svg is not None:
            return _image(self._blueprint, svg, self._over(inside, svg, f"{self._name} {fold}"))
        status = {} if self._now is None else self._now.status()
        lines = [f"{node.id}  {node.label}  {status.get(node.id, '')}".rstrip() for node in inside.nodes[:LISTED]]
        if len(inside.nodes) > LISTED:
            lines.append(f"and {len(inside.nodes) - LISTED} more")
        return f'<pre style="{_VALUE}">{escape(chr(10).join(lines))}</pre>'


def svg(blueprint: bp.Blueprint, run: Run | PastRun | None = None) -> dict[str, Any]:
    """Mime bundle of the bare picture, for front ends and exports that want no HTML; {} where it is too large."""
    now = None if run is None else run.progress()
    try:
        drawing = bp.draw(blueprint)
        drawn = graph.svg(drawing, *marks(drawing, now)) if now else graph.svg(drawing)
    except graph.GraphError:
        return {}
    return {"image/svg+xml": drawn} if len(drawn) <= LARGEST else {}


def _image(blueprint: bp.Blueprint, svg: str, over: str) -> str:
    data = svg.encode()
    alt = escape(f"Graph of {cut(blueprint.id, 80)}", quote=True)
    natural = shown_width(svg)
    size = f' width="{natural}"' if natural else ""
    image = f'<img alt="{alt}"{size} src="data:image/svg+xml;base64,{base64.b64encode(data).decode()}">'
    return f'<div style="position:relative;display:inline-block;max-width:100%;margin:6px 0">{image}{over}</div>'


def _without(why: str) -> str:
    return f"<p>No graph: {escape(why)}</p>"


def shown_width(svg: str) -> int:
    """Pixels, as shown; 0 where the picture does not say."""
    natural = re.search(r'<svg[^>]*\swidth="(\d+)', svg)
    return int(int(natural[1]) * SCALE) if natural else 0


def _opens(group: str, title: str, body: str, at: graph.Box, is_narrow: bool, wide: str) -> str:
    """A place over a picture that opens. wide: style of the pane's width."""
    over = "".join(f"{name}:{share:.2%};" for name, share in zip(at._fields, at, strict=True))
    if is_narrow:
        beside = f"left:100%;margin-left:14px;{_upright(at)}"
    else:
        side = f"left:{at.left:.2%}" if at.left < 0.5 else f"right:{1 - at.left - at.width:.2%}"
        beside = f"{side};top:{at.top + at.height:.2%};margin-top:4px;"
    title = escape(title)
    return (
        f'<details name="{escape(group)}"><summary title="{title}" style="{_SUMMARY}{over}">{title}</summary>'
        f'<div style="{_BODY}{wide}{beside}">{body}</div></details>'
    )


def _upright(at: graph.Box) -> str:
    """Beside its node; what is low grows upwards, so that it stays inside the output."""
    return f"top:{at.top:.2%};" if at.top < 0.6 else f"bottom:{max(1 - at.top - at.height, 0):.2%};"


def _told(told: Mapping[str, Any]) -> Iterable[str]:
    """Lines of HTML."""
    yield f"<b>{escape(told['agent'])}</b> <code>{escape(told['address'])}</code> {escape(told['status'])}"
    yield f" in {told['seconds']:.3f} s{', recorded' if told['recorded'] else ''}"
    if told["visits"] > 1:
        parts = ", ".join(f"{told[name]} {name}" for name in ("done", "failed", "cancelled", "skipped") if told[name])
        yield f"<br><small>the last of {told['visits']} visits: {parts}; {told['total']:.3f} s in all</small>"
    for name in ("input", "output", "parts"):
        if told[name]:
            yield f'<div><small>{name}</small></div><pre style="{_VALUE}">{escape(told[name])}</pre>'
    if told["error"]:
        where = f" at {escape(told['wrong'])}" if told["wrong"] else ""
        yield f'<div><small>error{where}</small></div><pre style="{_VALUE}">{escape(told["error"])}</pre>'
