"""Place: where in the person's own code an agent failed, and with what."""

from __future__ import annotations

import site
import sysconfig
import traceback
from pathlib import Path

import flowbench

INSTALLED = {"site-packages", "dist-packages"}


def place(error: BaseException | None) -> str | None:
    """``agents.py, line 16, in halve, `return x / BY`: KeyError: 'missing'; caused by ...``; None: no Python body.

    The last frame that is neither Python's, nor an installed package's, nor ours; without one the last below ours.
    """
    frames = [] if error is None else list(traceback.extract_tb(error.__traceback__))
    own = [frame for frame in frames if _is_own(frame.filename)]
    ours = max((at for at, frame in enumerate(frames) if _is_ours(frame.filename)), default=-1)
    chosen = (own or frames[ours + 1 :])[-1:]
    if error is None or not chosen:
        return None
    frame = chosen[0]
    line = f", `{frame.line}`" if frame.line else ""
    told = f"{frame.filename}, line {frame.lineno}, in {frame.name}{line}: {_words(error)}"
    if error.__cause__ is not None:
        told += f"; caused by {_words(error.__cause__)}"
    return " ".join(told.split())


def _is_ours(file: str) -> bool:
    return Path(file).is_relative_to(Path(flowbench.__file__).parent)


def _is_own(file: str) -> bool:
    path = Path(file)
    if file.startswith("<") or _is_ours(file) or INSTALLED & set(path.parts):
        return False
    return not any(path.is_relative_to(each) for each in _foreign())


def _foreign() -> set[str]:
    """Folders of the standard library and of installed packages."""
    paths = sysconfig.get_paths()
    return {*(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")), site.getusersitepackages()}


def _words(error: BaseException) -> str:
    from flowbench.flow import text_of

    name, text = type(error).__name__, text_of(error)
    return name if text == name else text if text.startswith(f"{name}: ") else f"{name}: {text}"
