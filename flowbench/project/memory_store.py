"""Memory store: what lies in `.flow/memory`: an index in lines of JSON, how often each entry was used, and the texts.

`index.jsonl`, `stats.json`, `entries/NNN-type.md`. The older form, `pitfalls.md` and the like with sections that begin
with a date, is read as if it were that, and becomes that with the next change.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flowbench.project.config import json_bytes
from flowbench.project.errors import DocumentError
from flowbench.project.files import names, read
from flowbench.project.layout import inside

if TYPE_CHECKING:
    from flowbench.project.change import Change
    from flowbench.project.project import Project

FOLDER = "memory"
INDEX, STATS, ENTRIES = f"{FOLDER}/index.jsonl", f"{FOLDER}/stats.json", f"{FOLDER}/entries"
LEGACY = {"pitfalls.md": "pitfall", "conventions.md": "convention", "decisions.md": "decision"}
_TAGS = """
    typescript javascript python rust go java ruby swift
    react vue angular svelte nextjs django flask fastapi express
    postgres mysql sqlite redis mongodb supabase
    docker kubernetes ci cd github gitlab
    api auth oauth jwt cors csrf xss sql
    test lint build deploy migration schema
"""
TAGS = frozenset(_TAGS.split())
MOST_TAGS = 8
LONGEST_SUMMARY = 120  # characters

_SECTION = re.compile(r"^## (\d{4}-\d{2}-\d{2})[^\n]*\n?", re.MULTILINE)
_NUMBER = re.compile(r"(\d{1,9})-")


class Line(NamedTuple):
    """One entry of the index. raw: as it stands in the file, which it keeps unless the entry changes."""

    raw: str
    entry: dict[str, Any]

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Line:
        return cls(json.dumps(entry, separators=(",", ":"), ensure_ascii=False), entry)


class Store:
    """All of it but the texts, read at once. change: what it is read by and written with; without one it is only read.

    lines: in their order. stats: {id: {refs, last_ref}}. migrated: entries that were found in the older form.
    Raises: DocumentError.
    """

    def __init__(self, project: Project, change: Change | None = None) -> None:
        self._project, self._change = project, change
        self._read: Callable[[str], bytes | None] = self._from_disk if change is None else change.read
        index = self._read(INDEX)
        self.has_index = index is not None
        self.lines = list(self._lines(index or b""))
        stats = self._read(STATS)
        self.has_stats = stats is not None
        self.stats = self._stats(stats or b"{}")
        self.migrated = 0
        self._unwritten: dict[str, str] = {}  # texts by file
        self._next = 1 + max([*self._numbers(), *(int(line.entry["id"]) for line in self.lines)], default=0)
        self._old = [name for name in LEGACY if self._read(f"{FOLDER}/{name}") is not None]

    def text(self, entry: dict[str, Any]) -> str:
        """Of an entry; "" if its file is gone."""
        if entry["file"] in self._unwritten:
            return self._unwritten[entry["file"]]
        return (self._read(f"{ENTRIES}/{entry['file']}") or b"").decode(errors="replace")

    def refs(self, entry: dict[str, Any]) -> int:
        found = self.stats.get(str(entry["id"]))
        refs = found.get("refs") if isinstance(found, dict) else 0
        return refs if isinstance(refs, int) else 0

    def add(self, type: str, text: str, created: str, **more: str) -> dict[str, Any]:
        """The new entry of the index."""
        file = f"{self._next:03d}-{type}.md"
        entry = {
            "id": self._next,
            "type": type,
            "summary": text.splitlines()[0][:LONGEST_SUMMARY],
            "tags": tags(text),
            "hash": digest(text),
            "created": created,
            **more,
            "file": file,
        }
        self._next += 1
        self._unwritten[file] = text
        self.lines.append(Line.of(entry))
        return entry

    def known(self, text: str) -> dict[str, Any] | None:
        """The entry that says the same."""
        wanted = digest(text)
        return next((line.entry for line in self.lines if line.entry.get("hash") == wanted), None)

    def migrate(self) -> None:
        """Entries of the older form join the index, unless they are there."""
        for name in self._old:
            text = (self._read(f"{FOLDER}/{name}") or b"").decode(errors="replace")
            for date, content in sections(text):
                if self.known(content) is None:
                    self.add(LEGACY[name], content, date)
                    self.migrated += 1

    def write(self) -> None:
        """Stage what has changed."""
        assert self._change is not None
        for file, text in self._unwritten.items():
            self._change.write(f"{ENTRIES}/{file}", text)
        self._change.write(INDEX, "".join(f"{line.raw}\n" for line in self.lines))
        if self.migrated:
            for name in self._old:
                if self._read(f"{FOLDER}/{name}.bak") is None:
                    self._change.move(f"{FOLDER}/{name}", f"{FOLDER}/{name}.bak")

    def write_stats(self) -> None:
        assert self._change is not None
        self._change.write(STATS, json_bytes(self.stats))

    def _from_disk(self, name: str) -> bytes | None:
        try:
            return read(inside(self._project.layout.flow, name))[0]
        except FileNotFoundError:
            return None

    def _path(self, name: str) -> Path:
        return self._project.layout.flow / name

    def _lines(self, data: bytes) -> Iterator[Line]:
        for number, raw in enumerate(data.decode(errors="replace").split("\n"), 1):
            if not raw.strip():
                continue
            try:
                entry = json.loads(raw)
            except ValueError as error:
                raise DocumentError(self._path(INDEX), f"line {number} is no JSON ({error}); mend it by hand") from None
            faults = _faults(entry)
            if faults:
                raise DocumentError(self._path(INDEX), f"line {number}: {faults}; mend it by hand")
            yield Line(raw.rstrip("\r"), entry)

    def _stats(self, data: bytes) -> dict[str, Any]:
        try:
            found = json.loads(data)
        except ValueError as error:
            raise DocumentError(self._path(STATS), f"is no JSON ({error}); mend it by hand, or remove it") from None
        if not isinstance(found, dict):
            raise DocumentError(self._path(STATS), "is no JSON object; mend it by hand, or remove it")
        return found

    def _numbers(self) -> Iterator[int]:
        for name in names(self._path(ENTRIES)):
            found = _NUMBER.match(name)
            if found:
                yield int(found[1])


def sections(text: str) -> Iterator[tuple[str, str]]:
    """(date, text) of each section of the older form that says anything."""
    heads = list(_SECTION.finditer(text))
    for place, head in enumerate(heads):
        end = heads[place + 1].start() if place + 1 < len(heads) else len(text)
        content = text[head.end() : end].strip()
        if content:
            yield head[1], content


def tags(text: str) -> list[str]:
    """The technical words in it, sorted, at most 8."""
    return sorted(TAGS.intersection(re.findall(r"\w+", text.lower())))[:MOST_TAGS]


def digest(text: str) -> str:
    """By which the same text is known again."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:12]


def _faults(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "is no JSON object"
    for key, kind in (("id", int), ("type", str), ("summary", str), ("file", str)):
        if not isinstance(entry.get(key), kind):
            return f"has no {key}"
    if not isinstance(entry.get("tags", []), list):
        return "its tags are no list"
    return ""
