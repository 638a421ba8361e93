"""Stepper: the widget of a paused run, and what its buttons, `%fb step` and a headless kernel do with the pause."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import anywidget
import traitlets

from flowbench.errors import FlowbenchError
from flowbench.notebook.panel import COMMON, HERE, STYLE, resume_line
from flowbench.notebook.pause import pause_view
from flowbench.notebook.view import cut
from flowbench.runtime import Debugger, Pause

INPUT_LENGTH = 100  # characters of a step's input in one line of text


class Stepper(anywidget.AnyWidget):
    """about: {"resume": the line that goes on with the run or ""}, set once.

    view: {"state": str, "pause": see notebook.pause or None, "error": str, "turn": int}.
    """

    _esm = COMMON + "".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in ("tree", "stepper"))
    _css = STYLE

    about = traitlets.Dict().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, debugger: Debugger, changed: Callable[[], None]) -> None:
        """changed: called after each click, so that whoever refreshes this widget does it soon."""
        self._debugger = debugger
        self._changed = changed
        self._error = ""
        self._turn = 0
        self._pause: Pause | None = None
        self._shown: dict[str, Any] | None = None
        super().__init__(about={"resume": resume_line(debugger.run)}, view=self._now())
        self.on_msg(self._on_click)

    def refresh(self) -> None:
        """Show the pause as it is now; sends nothing when nothing is new."""
        self.view = self._now()

    def _now(self) -> dict[str, Any]:
        pause = self._debugger.paused
        if pause is not self._pause:  # it is shown ten times a second, and may be large
            self._pause, self._shown = pause, None if pause is None else pause_view(pause)
        return {"state": self._debugger.run.state, "pause": self._shown, "error": self._error, "turn": self._turn}

    def _on_click(self, _: Any, message: Mapping[str, Any], __: Any) -> None:
        self._turn += 1  # makes each answer a new value, so that the buttons come alive even if nothing else changed
        self._error = act(self._debugger, message)
        self._changed()


def act(debugger: Debugger, message: Mapping[str, Any]) -> str:
    """Do what a click asks for, without waiting for the step; the text of what was wrong with it, or "".

    message: {"event": "next" | "go" | "abort" | "edit", "path", "value": JSON text}. An edit that comes with "next" or
    "go" is written first; if that fails, nothing more happens.
    """
    event = message.get("event")
    if event != "abort" and "path" in message:
        wrong = _write_typed(debugger, str(message["path"]), str(message.get("value", "")))
        if wrong:
            return wrong
    if event == "next":
        with suppress(TimeoutError):  # the kernel stays free: the next pause is shown when it comes
            debugger.next(0)
    elif event == "go":
        debugger.go()
    elif event == "abort":
        debugger.abort(by="button")
    return ""


def write(debugger: Debugger, path: str, value: str) -> Pause:
    """Write JSON text to a path of the paused ctx; recorded as a patch.

    Raises: json.JSONDecodeError; as Debugger.edit.
    """
    return debugger.edit(path, json.loads(value))


def _write_typed(debugger: Debugger, path: str, value: str) -> str:
    if not path.strip():
        return "say where the value goes: $.path"
    if not value.strip():
        return f"say what {path.strip()} becomes: a JSON value"
    try:
        write(debugger, path.strip(), value)
    except FlowbenchError as error:
        return str(error)
    except json.JSONDecodeError as error:
        return f"the value is no JSON: {error}"
    return ""


def line(pause: Pause) -> str:
    """One line for people: `paused before parse at 2.f0 <- {"name": "a"}`."""
    text = cut(json.dumps(pause.input, ensure_ascii=False), INPUT_LENGTH)
    return f"paused before {pause.agent} at {pause.address} <- {text}"
