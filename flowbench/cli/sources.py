"""Sources: what a command is given by name: values for ctx, Python files with agents, functions a Blueprint needs."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import sys
import traceback
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.cli import notebook_agents, project
from flowbench.cli.exits import HOW_TO_NAME_AGENTS, Exit, Refusal
from flowbench.cli.words import short
from flowbench.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flowbench.blueprint import Blueprint

    Origins = Callable[[], Mapping[str, str]]

CTX_LIMIT = 2**30  # bytes; a ctx is data, and may be much larger than any Blueprint
SHOWN = 20  # ids of functions that a message lists
NAME_LENGTH = 80  # characters of one of them


def value(text: str) -> Any:
    """A JSON text, `@FILE` with one in it, or `@-` for standard input. Raises: Refusal, with line and column."""
    from flowbench.blueprint import UnreadableText, read

    name, given = ("--ctx", text.encode(errors="surrogateescape")) if text[:1] != "@" else (text[1:], _text(text[1:]))
    try:
        return read(given, "json", limit=CTX_LIMIT, source="standard input" if name == "-" else name).data
    except UnreadableText as error:
        raise Refusal(error.brief, Exit.USAGE) from error


def agents(names: Sequence[str], folder: Path | None = None) -> None:
    """Import what a person named, so that the @agent functions in it register.

    names: modules (`my.agents`), files (`agents.py`) or notebooks, of which only what defines functions is run.
    folder: what they are relative to, the working directory unless told. Raises: Refusal, with the line in that file.
    """
    folder = Path.cwd() if folder is None else folder
    for name in names:
        try:
            if name.endswith((".py", ".ipynb")):
                _file(folder / name)
            else:
                _module(name, folder)
        # Whatever goes wrong in there is the named file's own affair: it is told, with its place.
        except (Exception, SystemExit) as error:
            raise Refusal(f"{name} cannot be imported: {_told(error)}", Exit.USAGE) from error


def require(wanted: Blueprint, loaded: Sequence[str] = (), origins: Origins | None = None) -> None:
    """Find the functions that the Blueprint names: registered ones, else those of the project's pyproject.toml.

    loaded: what --agents named; a person who gave it is told what came of that. origins: asked only if something is
    missing: id of a function -> where it was when a run was recorded.
    Raises: Refusal, if functions are missing all the same; it names them all, and where they were defined.
    """
    from flowbench.blueprint import functions

    loaded = [*loaded, *from_project(wanted)]
    lost = missing(wanted)
    if not lost:
        return
    told = {} if origins is None else origins()
    places = {each: short(told[each], 400) for each in lost if each in told}
    known = functions.ids()
    near = {each: _near(each, known) if loaded else "" for each in lost}
    named = _listed(lost, places, near)
    have = (
        ", ".join(short(each, NAME_LENGTH) for each in known[:SHOWN]) + (", ..." if len(known) > SHOWN else "")
        or "nothing"
    )
    hints = [f"{', '.join(loaded)} registered {have}"] if loaded else []
    if places or not loaded:
        hints.append(_how_to_load(places))
    raise Refusal(f"no function is registered as {named}; {'; '.join(hints)}", Exit.MISSING)


def _listed(lost: Sequence[str], places: Mapping[str, str], near: Mapping[str, str]) -> str:
    """'a', 'b' (defined in nb.ipynb), 'c' (did you mean 'd'?), in short: names come from a file."""
    by_place: dict[str, list[str]] = {}
    for each in lost[:SHOWN]:
        by_place.setdefault(places.get(each, ""), []).append(f"'{short(each, NAME_LENGTH)}'{near[each]}")
    groups = [
        ", ".join(names) + (f" (defined in {place})" if place else "") for place, names in sorted(by_place.items())
    ]
    return ", ".join(groups) + (f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else "")


def from_project(wanted: Blueprint) -> list[str]:
    """Import what the project's pyproject.toml lists, if the Blueprint needs more than is registered; these names."""
    said = project.agents(Path.cwd()) if missing(wanted) else None
    if said is None:
        return []
    agents(said[1], said[0])
    return said[1]


def missing(wanted: Blueprint) -> list[str]:
    """Ids of functions that the Blueprint names and nobody registered, sorted."""
    from flowbench import flow
    from flowbench.blueprint import functions

    known = set(functions.ids())
    named = {agent.name for agent in wanted.agents}
    lost = {ref for ref in flow.compile(wanted.flow).refs if ref not in named | known}
    for agent in wanted.agents:
        if agent.kind == "python_fn" and isinstance(agent.spec, dict):
            lost |= {str(agent.spec.get("fn_id", agent.name))} - known
    return sorted(lost)


def _how_to_load(places: Mapping[str, str]) -> str:
    files = dict.fromkeys(re.sub(r":\d+$", "", place) for place in places.values())
    there = [file for file in files if Path(file).is_file()]
    if not there:
        return HOW_TO_NAME_AGENTS
    return "add " + " ".join(f"--agents {shlex.quote(file)}" for file in there)


def _text(name: str) -> bytes:
    """What a file holds, or standard input for `-`."""
    if not name:
        raise Refusal("--ctx @: name a file behind the @, or - for standard input", Exit.USAGE)
    try:
        if name != "-":
            return Path(name).read_bytes()
        if sys.stdin is None:
            raise Refusal("--ctx @-: standard input is closed", Exit.USAGE)
        return sys.stdin.buffer.read()
    except OSError as error:
        raise Refusal(f"{name}: {error.strerror or error}", Exit.USAGE) from error


def _near(word: str, known: Sequence[str]) -> str:
    meant = nearest(word, known) if len(word) <= NAME_LENGTH else None
    return f" (did you mean '{meant}'?)" if meant else ""


def _file(path: Path) -> None:
    name = f"flowbench_agents_{path.stem}"
    if path.suffix == ".ipynb":
        return _notebook(name, path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))  # as `python FILE` does: its neighbours can be imported
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # a half-made module must not be found by a later import
        raise


def _notebook(name: str, path: Path) -> None:
    module = types.ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        notebook_agents.fill(module, path)
    except BaseException:
        del sys.modules[name]
        raise


def _module(name: str, folder: Path) -> None:
    here = str(folder)
    if here not in sys.path:
        sys.path.insert(0, here)  # as `python -m` does
    importlib.import_module(name)


def _told(error: BaseException) -> str:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    own = [each for each in traceback.extract_tb(error.__traceback__) if not each.filename.startswith("<frozen")]
    own = [each for each in own if each.filename != __file__ and Path(each.filename).name != "__init__.py"]
    if isinstance(error, SyntaxError) or not own:
        return what  # a SyntaxError tells its place itself
    return f"{what} ({Path(own[-1].filename).name}, line {own[-1].lineno})"
