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
from flowbench.notebook.folds import marks
from flowbench.notebook.view import SCALE, cut
from flowbench.notebook.visits import Visits, look
from flowbench.runtime import PastRun, Run

LARGEST = 400_000  # bytes of SVG; more would make the notebook slow to open and to compare
TELLING = 60  # nodes that open
VALUE_LENGTH = 600  # characters of an input or output
NARROW = 400  # pixels; beside such a picture there is room for what is known of a node, else it opens below the node
PANE = 330  # pixels wide

_SUMMARY = (
    "position:absolute;display:block;margin:0;padding:0;overflow:hidden;cursor:pointer;border-radius:6px;"
    "color:transparent;font-size:1px;list-style:none;"
)
_BODY = (
    f"position:absolute;z-index:5;width:{PANE}px;max-height:420px;overflow:auto;padding:8px 10px;text-align:left;"
    "color:var(--jp-content-font-color1,#1f2328);background:var(--jp-layout-color1,#fff);"
    "border:1px solid var(--jp-border-color2,#d1d9e0);border-radius:6px;font-size:12px;"
)
_VALUE = (
    "margin:0 0 6px;padding:4px 6px;white-space:pre-wrap;overflow-wrap:anywhere;"
    "background:var(--jp-layout-color2,#f2f2f2);border-radius:4px;font-size:11px;"
)


def of_blueprint(blueprint: bp.Blueprint) -> str:
    """HTML of its graph, or of why there is none."""
    try:
        return _image(blueprint, graph.svg(bp.draw(blueprint)), "")
    except graph.GraphError as error:
        return _without(str(error))


def of_run(run: Run | PastRun) -> str:
    """HTML of its graph with the colours of now, whose nodes tell what they know."""
    now = run.progress()
    try:
        drawing = bp.draw(run.blueprint)
        svg = graph.svg(drawing, *marks(drawing, now))
        places = graph.boxes(svg)
    except graph.GraphError as error:
        return _without(str(error))
    visits = Visits(run.steps)
    reached = [node.id for node in drawing.nodes if node.id in visits.seen() and node.id in places][:TELLING]
    is_narrow = _width(svg) <= NARROW
    told = "".join(
        _details(run.id, look(node, visits, now, VALUE_LENGTH), places[node], is_narrow=is_narrow) for node in reached
    )
    hint = "<p><small>A click on a step shows its last input and output.</small></p>" if told else ""
    return hint + _image(run.blueprint, svg, told)


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
    if len(data) > LARGEST:
        return _without(f"its {len(data) // 1000} kB are too much to keep in a notebook")
    alt = escape(f"Graph of {cut(blueprint.id, 80)}", quote=True)
    natural = _width(svg)
    size = f' width="{natural}"' if natural else ""
    image = f'<img alt="{alt}"{size} src="data:image/svg+xml;base64,{base64.b64encode(data).decode()}">'
    return f'<div style="position:relative;display:inline-block;max-width:100%;margin:6px 0">{image}{over}</div>'


def _without(why: str) -> str:
    return f"<p>No graph: {escape(why)}</p>"


def _width(svg: str) -> int:
    """Pixels, as shown; 0 where the picture does not say."""
    natural = re.search(r'<svg[^>]*\swidth="(\d+)', svg)
    return int(int(natural[1]) * SCALE) if natural else 0


def _details(run_id: str, told: Mapping[str, Any], at: graph.Box, *, is_narrow: bool) -> str:
    over = "".join(f"{name}:{share:.2%};" for name, share in zip(at._fields, at, strict=True))
    if is_narrow:
        beside = f"left:100%;margin-left:14px;{_upright(at)}"
    else:
        side = f"left:{at.left:.2%}" if at.left < 0.5 else f"right:{1 - at.left - at.width:.2%}"
        beside = f"{side};top:{at.top + at.height:.2%};margin-top:4px;"
    title = escape(f"{told['agent']} at {told['node']}")
    # One at a time: browsers close the others of the same name.
    return (
        f'<details name="{escape(run_id)}"><summary title="{title}" style="{_SUMMARY}{over}">{title}</summary>'
        f'<div style="{_BODY}{beside}">{"".join(_told(told))}</div></details>'
    )


def _upright(at: graph.Box) -> str:
    """Beside its node; what is low grows upwards, so that it stays inside the output."""
    return f"top:{at.top:.2%};" if at.top < 0.6 else f"bottom:{max(1 - at.top - at.height, 0):.2%};"


def _told(told: Mapping[str, Any]) -> Iterable[str]:
    """Lines of HTML."""
    yield f"<b>{escape(told['agent'])}</b> <code>{escape(told['address'])}</code> {escape(told['status'])}"
    yield f" in {told['seconds']:.3f} s{', recorded' if told['recorded'] else ''}"
    if told["visits"] > 1:
        parts = ", ".join(f"{told[name]} {name}" for name in ("done", "failed", "cancelled") if told[name])
        yield f"<br><small>the last of {told['visits']} visits: {parts}; {told['total']:.3f} s in all</small>"
    for name in ("input", "output"):
        if told[name]:
            yield f'<div><small>{name}</small></div><pre style="{_VALUE}">{escape(told[name])}</pre>'
    if told["error"]:
        where = f" at {escape(told['wrong'])}" if told["wrong"] else ""
        yield f'<div><small>error{where}</small></div><pre style="{_VALUE}">{escape(told["error"])}</pre>'
