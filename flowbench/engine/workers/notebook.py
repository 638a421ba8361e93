"""Agents that are notebooks: executed from top to bottom for each visit, in a process tree that can be killed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from flowbench import flow, process, storage
from flowbench.blueprint import AgentDef, NotebookSpec, SpecError, UnfitInput, read_notebook
from flowbench.engine.errors import NotebookFailed
from flowbench.engine.spawner import Body, Site, Uses
from flowbench.engine.workers.terms import terms_of

FOLDER = "notebooks"  # of a run: what was executed, one file per visit
ROOT = Path(__file__).resolve().parents[3]


class NotebookFactory:
    """Builds agents of kind `notebook`. spec: see NotebookSpec. folder: paths begin there, and so do kernels."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, agent: AgentDef) -> NotebookSpawner:
        """Raises: SpecError."""
        spec = read_notebook(agent.spec)
        source = self._folder / spec.path
        try:
            content = source.read_bytes()
        except OSError as error:
            raise SpecError(f"notebook spec: {source} cannot be read: {error.strerror or error}", "path") from error
        return NotebookSpawner(spec, source.absolute(), self._folder.absolute(), content)


class NotebookSpawner:
    """One notebook; what it hands over with `fb.output(value)` is its answer."""

    quick = False
    uses: Uses = "process"

    def __init__(self, spec: NotebookSpec, source: Path, folder: Path, content: bytes) -> None:
        self._spec, self._source, self._folder = spec, source, folder
        self.wants_secrets = bool(spec.secrets)
        told = flow.compact([msgspec.to_builtins(spec), hashlib.sha256(content).hexdigest()])
        self.digest = hashlib.sha256(told.encode()).hexdigest()

    def body(self, site: Site) -> Body:
        async def body(value: Any) -> Any:
            env = {name: site.secrets.value(name) for name in self._spec.secrets}
            terms = terms_of(site, site.voice())
            voice = site.voice()
            terms["voice"] = lambda stream, text: None if stream == "stdout" else voice("note", text)
            terms["env"], terms["timeout"] = {**env, "PYTHONPATH": _path()}, None
            parameters = self._parameters(value, site)
            with _places(site.folder, terms["name"]) as (target, given):
                given.write_text(json.dumps(parameters), encoding="utf-8")
                try:
                    ended = await process.spawn(self._argv(target, given), **terms)
                finally:
                    given.unlink(missing_ok=True)
                    if site.folder is not None and target.exists():
                        voice("note", f"executed notebook: {target}\n")
                return self._answer(ended, target if site.folder is not None else None, _read(target))

        return body

    def _parameters(self, value: Any, site: Site) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            shown = flow.compact(value)[:80]
            raise UnfitInput(f"a notebook takes its parameters by name: its input has to be an object, not {shown}")
        plain = json.dumps(value, ensure_ascii=False)
        if site.secrets.text(plain) != plain:
            raise UnfitInput(
                "a parameter is written into the executed notebook, and one of these is a secret: name it in "
                "spec.secrets, and let the notebook read the environment variable"
            )
        return value

    def _argv(self, target: Path, given: Path) -> list[str]:
        spec = self._spec
        argv = [sys.executable, "-m", "flowbench", "notebook", "run", str(self._source), str(target), "--json"]
        argv += ["-f", str(given), "--cwd", str(self._folder)]
        for name, limit in (("--timeout", spec.timeout), ("--cell-timeout", spec.cell_timeout)):
            argv += [] if limit is None else [name, f"{limit:g}"]
        argv += [] if spec.kernel is None else ["--kernel", spec.kernel]
        return argv + [word for name in spec.secrets for word in ("--secret", name)]

    def _answer(self, ended: process.Ended, kept: Path | None, told: dict[str, Any]) -> Any:
        name = self._spec.path
        where = "" if kept is None else f"; see {kept}"
        if ended.code != 0:
            said = _facts(ended).get("error") or ended.stderr.text().strip()[-2000:] or process.ended(ended.code)
            raise NotebookFailed(f"notebook {name}: {said}{where}")
        if "output" not in told:
            raise NotebookFailed(
                f"notebook {name} handed nothing over: call `fb.output(value)` in one of its cells{where}"
            )
        return told["output"]


@contextmanager
def _places(folder: Path | None, name: str) -> Iterator[tuple[Path, Path]]:
    """(where the executed notebook goes, where its parameters are told). Without a folder of the run: for now only."""
    if folder is not None:
        kept = storage.private_dir(folder / FOLDER)
        yield kept / f"{name}.ipynb", kept / f".{name}.json"
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="flowbench-") as made:
        yield Path(made) / "executed.ipynb", Path(made) / "parameters.json"


def _read(target: Path) -> dict[str, Any]:
    """What flowbench has written into the metadata of an executed notebook."""
    try:
        told = json.loads(target.read_text(encoding="utf-8"))["metadata"]["flowbench"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return told if isinstance(told, dict) else {}


def _facts(ended: process.Ended) -> dict[str, Any]:
    try:
        told = json.loads(ended.stdout.text())
    except ValueError:  # it did not get so far
        return {}
    return told if isinstance(told, dict) else {}


def _path() -> str:
    """PYTHONPATH with this very flowbench first."""
    return os.pathsep.join([str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))])
