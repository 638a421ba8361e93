"""Documents: the files of one epic or task, whoever has written them: flowbench, the Rust flowctl or the Python one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from flowbench.project import ids, records
from flowbench.project.errors import DocumentError, InvalidRecord, NotFound
from flowbench.project.files import Sign, read
from flowbench.project.front_matter import Document, decoded, has_front_matter, parse
from flowbench.project.layout import Layout
from flowbench.project.records import Epic, Form, Task


class Stored(msgspec.Struct, frozen=True):
    """What lies on disk under one id. values: fields as they are written. body: below them.

    document: None unless it has front matter. signs: of the files that were read.
    """

    id: str
    form: Form
    record: Any
    values: dict[str, Any]
    body: str
    document: Any
    signs: dict[Path, Sign]

    @property
    def task(self) -> Task:
        assert isinstance(self.record, Task)
        return self.record

    @property
    def epic(self) -> Epic:
        assert isinstance(self.record, Epic)
        return self.record


def folder(id: str) -> str:
    """`tasks` for the id of a task, `epics` for one of an epic."""
    return "tasks" if "." in id else "epics"


def load(layout: Layout, id: str) -> Stored:
    """Raises: InvalidId, NotFound, DocumentError."""
    ids.parse(id)
    place = layout.flow / folder(id)
    path, original = place / f"{id}.md", place / f"{id}.json"
    text, told, signs = "", None, {}
    try:
        data, signs[path] = read(path)
        text = decoded(data, path)
    except FileNotFoundError:
        path_is_there = False
    else:
        path_is_there = True
    if path_is_there and has_front_matter(text):
        document = parse(text, path)
        record = _record(layout, id, document.values, path, "markdown", document)
        return Stored(id, "markdown", record, document.values, document.body, document, signs)
    try:
        told, signs[original] = read(original)
    except FileNotFoundError:
        if not path_is_there:
            raise NotFound(id, path) from None
        values = heading_fields(text, id, path)
        return Stored(id, "plain", _record(layout, id, values, path, "plain"), values, text, None, signs)
    values = json_fields(told, original)
    return Stored(id, "json", _record(layout, id, values, original, "json"), values, text, None, signs)


def json_fields(data: bytes, path: Path) -> dict[str, Any]:
    """The fields of a record of the Python original. Raises: DocumentError."""
    try:
        values = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DocumentError(path, f"no JSON: {error}") from None
    if not isinstance(values, dict):
        raise DocumentError(path, "is no JSON object")
    return values


def heading_fields(text: str, id: str, path: Path) -> dict[str, Any]:
    """The fields of Markdown without front matter: its first line is `# <id> <title>`. Raises: DocumentError."""
    first = text.lstrip("\ufeff \t\r\n").partition("\n")[0].strip()
    if not first.startswith("# "):
        parse(text, path)  # says what is wrong: conflict markers, no front matter
    title = first.removeprefix("# ").strip().removeprefix(id).strip(" :-\t")
    return {"id": id, "title": title or id}


def _record(
    layout: Layout, id: str, values: dict[str, Any], path: Path, form: Form, document: Document | None = None
) -> Any:
    name = path.relative_to(layout.flow).as_posix()
    try:
        return records.reader(id)(values, id, name, form)
    except InvalidRecord as error:
        raise told(error, path, document) from None


def told(error: InvalidRecord, path: Path, document: Document | None) -> InvalidRecord:
    """The same, with the whole path, and line, column and excerpt where there is a text."""
    return InvalidRecord(path, error.message, error.key, document.spot(error.key) if document else None)
