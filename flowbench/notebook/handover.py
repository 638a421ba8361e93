"""Handover: what a notebook answers with, when it is executed as a step of a flow or by `flowbench notebook run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowbench import flow
from flowbench.notebook.view import TEXT_LENGTH, cut

MIME = "application/vnd.flowbench.output+json"


def output(value: Any) -> None:
    """Hand over a value: any JSON value. Called again, the last one counts; it stays in the saved notebook.

    In a notebook that a person runs it only shows the value, outside of Jupyter it does nothing. Raises: flow.NotJson.
    """
    fresh = flow.take(value)[0]
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is None:
        return
    display({MIME: {"value": fresh}, "text/plain": f"output: {cut(flow.compact(fresh), TEXT_LENGTH)}"}, raw=True)  # type: ignore[no-untyped-call]


def handed_over(message: Mapping[str, Any]) -> tuple[Any] | None:
    """The value in a message of a kernel; None if it carries none."""
    data = message.get("content", {}).get("data")
    bundle = data.get(MIME) if isinstance(data, Mapping) else None
    return (bundle["value"],) if isinstance(bundle, Mapping) and "value" in bundle else None
