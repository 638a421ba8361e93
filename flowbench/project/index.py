"""Index: all epics and tasks of a project, from its files; a file is read again when it has changed since."""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from flowbench.project import ids, records
from flowbench.project.cache import Cache, Row
from flowbench.project.documents import heading_fields, json_fields, told
from flowbench.project.errors import DocumentError, DuplicateRecord, InvalidRecord
from flowbench.project.files import Sign, read, scan
from flowbench.project.front_matter import Document, decoded, has_front_matter, parse
from flowbench.project.layout import Layout
from flowbench.project.records import Epic, Form, Task

YOUNG = 2_000_000_000  # nanoseconds: a file that was changed so shortly before it was read may change unnoticed
GAPS = ".gaps.json"


class Problem(msgspec.Struct, frozen=True):
    """A file that is left out, or a doubt about one. name: relative to the flow dir. id: "" if its name is none.

    code: of the error. excerpt: its line with a caret below, or "".
    """

    name: str
    id: str
    code: str
    message: str
    excerpt: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" + (f"\n{self.excerpt}" if self.excerpt else "")


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """What one file gave. known_as: the id that it claims, if that is not its name."""

    epic: Epic | None = None
    task: Task | None = None
    problem: Problem | None = None
    known_as: str = ""


class Catalogue(msgspec.Struct, frozen=True):
    """In natural order. read: how many files had to be read, the others were known."""

    epics: dict[str, Epic]
    tasks: dict[str, Task]
    problems: list[Problem]
    read: int


_decode = msgspec.msgpack.Decoder(_Entry).decode
_encode = msgspec.msgpack.Encoder().encode


def load(layout: Layout, cache: Cache | None, clock: Callable[[], int] = time.time_ns) -> Catalogue:
    """clock: nanoseconds since 1970. Raises: DocumentError if a folder cannot be listed; DuplicateRecord."""
    with _without_collector():
        return _loaded(layout, cache, clock)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Ten thousand records are no garbage, and looking whether they are takes longer than reading them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _loaded(layout: Layout, cache: Cache | None, clock: Callable[[], int]) -> Catalogue:
    signs = {
        f"{folder}/{name}": sign
        for folder in ("epics", "tasks")
        for name, sign in scan(layout.flow / folder).items()
        if not name.endswith(GAPS)
    }
    known = cache.rows() if cache is not None else {}
    found: dict[str, _Entry] = {}
    fresh: list[Row] = []
    count = 0
    for name, sign in signs.items():
        row = known.get(name)
        same = row is not None and row.mtime == sign.mtime and row.size == sign.size and row.inode == sign.inode
        if row is not None and same and (not row.digest or (row := _unchanged(layout, row, clock, fresh))):
            found[name] = _decode(row.record)
            continue
        began = clock()
        count += 1
        entry, read_as, digest = _read(layout, name, began)
        found[name] = entry
        if read_as is not None:
            fresh.append(Row(name, *read_as, digest, _encode(entry)))
    if cache is not None:
        gone = known.keys() - signs.keys()
        if fresh or gone:
            cache.keep(fresh, gone)
    return _catalogue(layout, found, count)


def _unchanged(layout: Layout, row: Row, clock: Callable[[], int], fresh: list[Row]) -> Row | None:
    """The row of a file that was young when it was read, if its bytes are still the same."""
    now = clock()
    try:
        data, sign = read(layout.flow / row.name)
    except (OSError, DocumentError):
        return None
    if hashlib.blake2b(data, digest_size=16).digest() != row.digest or sign.inode != row.inode:
        return None
    if not _is_young(sign, now):
        row = row._replace(mtime=sign.mtime, size=sign.size, digest=b"")
        fresh.append(row)
    return row


def _is_young(sign: Sign, now: int) -> bool:
    return now - sign.mtime < YOUNG


def _read(layout: Layout, name: str, now: int) -> tuple[_Entry, Sign | None, bytes]:
    """(what is in the file, its sign, digest of its bytes if it is young); no sign: it is not to be remembered."""
    path = layout.flow / name
    folder, _, file = name.partition("/")
    id = file.rpartition(".")[0]
    try:
        data, sign = read(path)
    except FileNotFoundError:  # gone since the folder was listed
        return _Entry(), None, b""
    except DocumentError as error:
        return _Entry(problem=_problem(name, id, error)), None, b""
    digest = hashlib.blake2b(data, digest_size=16).digest() if _is_young(sign, now) else b""
    if not ids.is_id(id) or ("." in id) != (folder == "tasks"):
        kind = "task" if folder == "tasks" else "epic"
        problem = Problem(name, "", "invalid_id", f"the name of the file is no {kind} id; left out")
        return _Entry(problem=problem), sign, digest
    try:
        return _parsed(data, path, name, id), sign, digest
    except DocumentError as error:
        return _Entry(problem=_problem(name, id, error)), sign, digest


def _parsed(data: bytes, path: Path, name: str, id: str) -> _Entry:
    document: Document | None = None
    form: Form = "json"
    if path.suffix == ".json":
        values = json_fields(data, path)
    else:
        text = decoded(data, path)
        if has_front_matter(text):
            document = parse(text, path)
            form, values = "markdown", document.values
        else:
            form, values = "plain", heading_fields(text, id, path)
    try:
        record = records.reader(id)(values, id, name, form)
    except InvalidRecord as error:
        claimed = values.get("id")
        return _Entry(
            problem=_problem(name, id, told(error, path, document)),
            known_as=claimed if error.key == "id" and isinstance(claimed, str) else "",
        )
    return _Entry(task=record) if isinstance(record, Task) else _Entry(epic=record)


def _problem(name: str, id: str, error: DocumentError) -> Problem:
    where = f"line {error.line}, column {error.column}: " if error.line else ""
    return Problem(name, id, error.code, where + error.message, error.excerpt)


def _catalogue(layout: Layout, found: dict[str, _Entry], count: int) -> Catalogue:
    epics: dict[str, Epic] = {}
    tasks: dict[str, Task] = {}
    problems: list[Problem] = []
    claimed: dict[str, str] = {}
    for name, (entry) in found.items():
        if entry.task is not None:
            _put(tasks, entry.task, problems)
        elif entry.epic is not None:
            _put(epics, entry.epic, problems)
        elif entry.problem is not None:
            problems.append(entry.problem)
            if entry.known_as:
                claimed[name] = entry.known_as
    for problem in problems:
        table: dict[str, Any] = tasks if "." in problem.id else epics
        if problem.name.endswith(".json") and problem.id in table and table[problem.id].form == "plain":
            del table[problem.id]  # the body of a record that cannot be read is no record
    for name, id in claimed.items():
        others = [other for other, known_as in claimed.items() if known_as == id and other != name]
        owner = tasks.get(id) or epics.get(id)
        if owner is not None or others:
            raise DuplicateRecord(
                id, [layout.flow / each for each in sorted({name, *others, *([owner.file] if owner else [])})]
            )
    problems += _placeholders(epics, tasks)
    order = list(tasks)
    tasks = {order[place]: tasks[order[place]] for place in ids.natural(order)}
    epics = {id: epics[id] for id in sorted(epics, key=ids.key)}
    return Catalogue(epics, tasks, sorted(problems, key=lambda each: (ids.key(each.id), each.name)), count)


def _put(table: dict[str, Any], record: Epic | Task, problems: list[Problem]) -> None:
    """Of a record of the Python original and its Markdown body only the first counts, unless that has fields, too."""
    known = table.get(record.id)
    if known is None:
        table[record.id] = record
        return
    by_rank = {"markdown": 0, "json": 1, "plain": 2}
    first, second = sorted((known, record), key=lambda each: by_rank[each.form])
    table[record.id] = first
    if second.form == "json":
        message = f"is left out: {first.file} holds the same record; remove one of them"
        problems.append(Problem(second.file, record.id, "duplicate_record", message))


def _placeholders(epics: dict[str, Epic], tasks: dict[str, Task]) -> list[Problem]:
    """Tasks of an epic that is not there belong to one that stands for it."""
    problems = []
    for id in dict.fromkeys([task.epic for task in tasks.values()]):
        if id not in epics:
            epics[id] = Epic(id=id, title=f"[placeholder] {id}", placeholder=True)
            name = f"epics/{id}.md"
            problems.append(
                Problem(name, id, "not_found", "the epic is missing; its tasks are shown below a placeholder")
            )
    return problems
