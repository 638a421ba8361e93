"""Commit: several files and rows of state change together, or not at all, also when the writer is killed.

Files are staged first: whole, synced, under other names. Then one transaction of `state.db` holds the rows and the
intent, the list of what is to become of the files; with it the change is decided. Then the files take their places,
and the intent goes. Whoever writes next finishes what somebody else could not.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from flowbench.project.errors import AlreadyThere, ConcurrentChange, DocumentError, Unfinished
from flowbench.project.events import Event, append
from flowbench.project.files import Sign, sign
from flowbench.project.layout import Layout
from flowbench.project.state import State, Statement
from flowbench.storage import StorageError
from flowbench.storage.atomic import REAL, Files, stage

STAGED = ".staged"  # below the flow dir: the same file system, so that a file can take its place at once
LOST = "conflicts"  # in the state dir

Hook = Callable[[str], None]


def silent(point: str) -> None:
    """The hook of those who do not watch."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """put: `source` takes the place of `target`. move: the same for a file of the project. remove: `target` goes.

    before: sign of what was at `target` when this was decided; None: nothing. What has changed since is not touched.
    """

    act: str
    target: str
    source: str = ""
    before: tuple[int, int, int] | None = None


class Wanted(msgspec.Struct, frozen=True):
    """A change, as it was asked for. writes: {file: bytes}. moves: (from, to). seen: signs of files that were read."""

    verb: str
    writes: Mapping[Path, bytes]
    removes: Sequence[Path]
    moves: Sequence[tuple[Path, Path]]
    seen: Mapping[Path, Sign | None]
    statements: Sequence[Statement]
    events: Sequence[Event]
    at: str


def carry_out(wanted: Wanted, layout: Layout, state: State, hook: Hook = silent, files: Files = REAL) -> None:
    """The write lock is held. Raises: ConcurrentChange, AlreadyThere, StorageError: then nothing has changed;
    Unfinished: it is decided, and will be finished.
    """
    staged: dict[Path, Path] = {}
    try:
        hook("begin")
        if wanted.writes:
            _make(layout.flow / STAGED, layout, files)
        for path, data in wanted.writes.items():
            _make(path.parent, layout, files)
            staged[path] = _stage(layout, path, data, files)
            hook("staged")
        if staged:
            _sync_folder(layout.flow / STAGED, files)
        _unchanged(wanted)
        steps = _steps(wanted, staged)
        hook("checked")
    except BaseException:
        _forget(staged.values(), layout, files)
        raise
    try:
        intent = _decide(wanted, steps, layout, state)
    except BaseException:
        # An interrupt may come when the transaction is through: then the staged files belong to whoever finishes it.
        with suppress(StorageError):
            if not _is_decided(steps, state):
                _forget(staged.values(), layout, files)
        raise
    hook("decided")
    if intent is not None:
        _finish(intent, steps, layout, state, hook, files)


def finish_all(layout: Layout, state: State, hook: Hook = silent, files: Files = REAL) -> int:
    """Finish what others have decided and could not finish; how many changes. The write lock is held.

    Raises: Unfinished.
    """
    intents = pending(state)
    for id, root, text in intents:
        steps = msgspec.json.decode(text, type=list[Step]) if Path(root).is_dir() else []  # else the worktree is gone
        _finish(id, steps, layout, state, hook, files)
    folder = layout.flow / STAGED
    if folder.is_dir():  # what was staged by somebody who never decided
        _forget([folder / name for name in os.listdir(folder)], layout, files)
    return len(intents)


def pending(state: State) -> list[tuple[int, str, str]]:
    """(id, flow dir, steps) of changes that are decided and not finished."""
    return [(id, root, steps) for id, root, steps in state.read("SELECT id, root, steps FROM intents ORDER BY id")]


def _make(folder: Path, layout: Layout, files: Files) -> None:
    """The folder, and its name on disk: a power cut must not take it with what it holds."""
    if folder.is_symlink():
        raise DocumentError(folder, "is a link; a folder of the project cannot be one")
    if folder.is_dir() or folder == layout.flow:
        return
    _make(folder.parent, layout, files)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise StorageError.of(folder, error) from error
    _sync_folder(folder.parent, files)


def _stage(layout: Layout, path: Path, data: bytes, files: Files) -> Path:
    try:
        mode = path.lstat().st_mode & 0o7777 if path.exists() and not path.is_symlink() else None
        made = layout.flow / STAGED / f"{secrets.token_hex(8)}.tmp"
        stage(made, data, mode, files)
    except OSError as error:
        raise StorageError.of(path, error) from error
    return made


def _unchanged(wanted: Wanted) -> None:
    for path, before in wanted.seen.items():
        if sign(path) != before:
            raise AlreadyThere(path) if before is None else ConcurrentChange(path)


def _steps(wanted: Wanted, staged: Mapping[Path, Path]) -> list[Step]:
    steps = [Step("move", str(to), str(source)) for source, to in wanted.moves]
    steps += [Step("put", str(path), str(source), sign(path)) for path, source in staged.items()]
    steps += [Step("remove", str(path), "", sign(path)) for path in wanted.removes]
    return steps


def _decide(wanted: Wanted, steps: list[Step], layout: Layout, state: State) -> int | None:
    """The id of the intent; None: no file changes, all is done."""
    with state.write() as connection:
        for sql, given in wanted.statements:
            connection.execute(sql, given)
        for event in wanted.events:
            append(connection, event)
        if not steps:
            return None
        text = msgspec.json.encode(steps).decode()
        sql = "INSERT INTO intents(root, verb, steps, created_at) VALUES(?,?,?,?)"
        return connection.execute(sql, (str(layout.flow), wanted.verb, text, wanted.at)).lastrowid


def _is_decided(steps: list[Step], state: State) -> bool:
    text = msgspec.json.encode(steps).decode()
    return bool(state.read("SELECT 1 FROM intents WHERE steps=?", text))


def _finish(intent: int, steps: Sequence[Step], layout: Layout, state: State, hook: Hook, files: Files) -> None:
    """Each step may have been taken before."""
    try:
        for step in steps:
            _take(step, layout, files)
            hook("taken")
        for folder in sorted({Path(path).parent for step in steps for path in (step.target, step.source) if path}):
            if folder.is_dir():
                _sync_folder(folder, files)
        hook("synced")
        with state.write() as connection:
            _gone(connection, intent)
        hook("finished")
    except (OSError, StorageError) as error:
        raise Unfinished(str(error)) from error
    with suppress(OSError):
        (layout.flow / STAGED).rmdir()


def _gone(connection: sqlite3.Connection, intent: int) -> None:
    connection.execute("DELETE FROM intents WHERE id=?", (intent,))


def _take(step: Step, layout: Layout, files: Files) -> None:
    target, source = Path(step.target), Path(step.source)
    before = None if step.before is None else Sign(*step.before)
    if step.act == "remove":
        if sign(target) == before:
            with suppress(FileNotFoundError):
                files.remove(target)
    elif step.act == "move":
        if os.path.lexists(source):
            _make(target.parent, layout, files)
            files.replace(source, target)
    elif source.exists():
        _make(target.parent, layout, files)
        found = sign(target)
        if found is not None and found != before:
            _set_aside(source, target, layout)  # somebody has edited the file since: theirs is newer
        else:
            files.replace(source, target)


def _set_aside(source: Path, target: Path, layout: Layout) -> None:
    folder = layout.state / LOST
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = source.read_bytes()
    (folder / f"{target.stem}-{secrets.token_hex(4)}{target.suffix}").write_bytes(data)
    source.unlink()


def _forget(paths: Iterable[Path], layout: Layout, files: Files) -> None:
    for path in paths:
        with suppress(OSError):
            files.remove(path)
    with suppress(OSError):
        (layout.flow / STAGED).rmdir()


def _sync_folder(path: Path, files: Files) -> None:
    try:
        fd = files.open_folder(path)
        try:
            files.sync_folder(fd)
        finally:
            files.close(fd)
    except OSError as error:
        raise StorageError.of(path, error) from error
