"""Memory: what a project has learned: pitfalls, conventions and decisions, to be found and handed on."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from flowbench.project.answering import told
from flowbench.project.errors import MemoryRefused
from flowbench.project.memory_store import FOLDER, Line, Store

if TYPE_CHECKING:
    from flowbench.project.project import Project

TYPES = ("pitfall", "convention", "decision")
STALE_DAYS = 90  # after which an entry should be verified again


def init(project: Project, *, dry_run: bool = False) -> dict[str, Any]:
    """{path, created, migrated, message}. migrated: entries that were in the older form. Raises: MemoryRefused."""
    _enabled(project)
    with project.change("memory init", dry_run=dry_run) as change:
        store = Store(project, change)
        created = [
            *([] if store.has_index else ["index.jsonl"]),
            *([] if store.has_stats else ["stats.json"]),
        ]
        store.migrate()
        if store.migrated or not store.has_index:
            store.write()
        if not store.has_stats:
            store.write_stats()
        if created or store.migrated:
            change.event("memory_initialized", epic="", payload={"created": created, "migrated": store.migrated})
    return told(
        change,
        path=str(project.layout.flow / FOLDER),
        created=created,
        migrated=store.migrated,
        message="Memory v2 initialized",
    )


def add(project: Project, type: str, text: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, type, file, tags}; of what is there already {id, duplicate, message}. type: a plural will do.

    Raises: MemoryRefused.
    """
    _enabled(project)
    kind, content = _type(type), text.strip()
    if not content:
        raise MemoryRefused("Content cannot be empty")
    with project.change("memory add", dry_run=dry_run) as change:
        store = _opened(project, change)
        same = store.known(content)
        if same is None:
            today = change.now[:10]
            entry = store.add(kind, content, today, last_verified=today)
            change.event("memory_added", epic="", payload={"id": entry["id"], "type": kind})
            store.write()
        elif store.migrated:
            store.write()
    if same is not None:
        return told(change, id=same["id"], duplicate=True, message="Duplicate entry, skipped")
    return told(change, id=entry["id"], type=kind, file=entry["file"], tags=entry["tags"])


def read(project: Project, type: str | None = None) -> dict[str, Any]:
    """{entries: [{id, type, summary, tags, created, content}], count}. Raises: MemoryRefused."""
    store = _looked(project)
    wanted = None if type is None else _type(type)
    entries = [
        {**_brief(entry), "created": entry.get("created", ""), "content": store.text(entry)}
        for _, entry in store.lines
        if wanted is None or entry["type"] == wanted
    ]
    return {"entries": entries, "count": len(entries)}


def index(project: Project) -> dict[str, Any]:
    """{counts: {type: n}, total, total_refs, index: [{id, type, summary, tags, created, last_verified, stale, refs}]}.

    stale: not verified for 90 days. Raises: MemoryRefused.
    """
    store = _looked(project)
    limit = _before(project, STALE_DAYS)
    rows = []
    for _, entry in store.lines:
        created = str(entry.get("created", ""))
        verified = str(entry.get("last_verified", created))
        rows.append(
            {
                **_brief(entry),
                "created": created,
                "last_verified": verified,
                "stale": verified < limit,
                "refs": store.refs(entry),
            }
        )
    counts = dict(Counter(row["type"] for row in rows))
    total = sum(found["refs"] for found in store.stats.values() if isinstance(found, dict) and "refs" in found)
    return {"counts": counts, "total": len(rows), "total_refs": total, "index": rows}


def search(project: Project, pattern: str) -> dict[str, Any]:
    """{pattern, matches: [{id, type, summary, tags, content}], count}: in summaries, tags and texts, in any case.

    No pattern takes long: it is read by an engine that does not backtrack, or, with look-around and back-references, is
    ended after 2 s. Raises: MemoryRefused for one that is no regular expression, tools.SearchFailed, tools.BadRegex.
    """
    from flowbench.tools import has_match

    store = _looked(project)
    _readable(pattern)
    matches = []
    for _, entry in store.lines:
        text = store.text(entry)
        whole = "\n".join([entry["summary"], *map(str, entry.get("tags", [])), text])
        if has_match(whole, pattern, ignore_case=True, multiline=True):
            matches.append({**_brief(entry), "content": text})
    return {"pattern": pattern, "matches": matches, "count": len(matches)}


def inject(
    project: Project,
    *,
    type: str | None = None,
    tags: list[str] | None = None,
    full: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """{entries, level, count}: what a worker is to know; each entry that is handed out counts as used once more.

    level: L1, summaries of all; L2, with a type or tags, those entries with their text; L3, full, all with their text.
    Raises: MemoryRefused.
    """
    _enabled(project)
    kind = None if type is None else _type(type)
    wanted = {tag.strip().lower() for tag in tags or () if tag.strip()}
    with project.change("memory inject", dry_run=dry_run) as change:
        store = _opened(project, change)
        found = [
            entry
            for _, entry in store.lines
            if (kind is None or entry["type"] == kind)
            and (not wanted or wanted & {str(tag).lower() for tag in entry.get("tags", [])})
        ]
        for entry in found:
            before = store.stats.get(str(entry["id"]))
            known = before if isinstance(before, dict) else {}
            store.stats[str(entry["id"])] = {**known, "refs": store.refs(entry) + 1, "last_ref": _second(change.now)}
        if found:
            store.write_stats()
            change.event("memory_injected", epic="", payload={"ids": [entry["id"] for entry in found]})
        if store.migrated:
            store.write()
    is_some = kind is not None or bool(wanted)
    level = "L1" if not store.lines else "L2" if is_some else "L3" if full else "L1"
    entries = [_brief(entry) if level == "L1" else {**_brief(entry), "content": store.text(entry)} for entry in found]
    return told(change, entries=entries, level=level, count=len(entries))


def verify(project: Project, id: int, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, last_verified, message}: an entry is still true. Raises: MemoryRefused."""
    _enabled(project)
    with project.change("memory verify", dry_run=dry_run) as change:
        store = _opened(project, change)
        place = next((at for at, line in enumerate(store.lines) if line.entry["id"] == id), None)
        if place is None:
            raise MemoryRefused(f"Entry #{id} not found")
        today = change.now[:10]
        store.lines[place] = Line.of({**store.lines[place].entry, "last_verified": today})
        store.write()
        change.event("memory_verified", epic="", payload={"id": id})
    return told(change, id=id, last_verified=today, message=f"Entry #{id} verified")


def gc(project: Project, *, days: int = STALE_DAYS, dry_run: bool = False) -> dict[str, Any]:
    """{removed, kept}: entries that were never handed out and are older than that go.

    dry_run: {dry_run, stale: [{id, type, summary}], count, kept}. Raises: MemoryRefused.
    """
    _enabled(project)
    limit = _before(project, days)
    with project.change("memory gc", dry_run=dry_run) as change:
        store = _opened(project, change)
        stale = [
            line.entry
            for line in store.lines
            if not store.refs(line.entry) and str(line.entry.get("created", "9999-99-99")) < limit
        ]
        gone = {id(entry) for entry in stale}
        kept = [line for line in store.lines if id(line.entry) not in gone]
        if stale and not dry_run:
            store.lines = kept
            store.write()
            files = {line.entry["file"] for line in kept}
            for entry in stale:
                store.stats.pop(str(entry["id"]), None)
                if entry["file"] not in files:
                    change.remove(f"{FOLDER}/entries/{entry['file']}")
            store.write_stats()
            change.event("memory_collected", epic="", payload={"ids": [entry["id"] for entry in stale]})
    if dry_run:
        named = [{key: entry[key] for key in ("id", "type", "summary")} for entry in stale]
        return {"dry_run": True, "stale": named, "count": len(stale), "kept": len(kept)}
    return {"removed": len(stale), "kept": len(kept)}


def _enabled(project: Project) -> None:
    if not project.config.get("memory.enabled"):
        raise MemoryRefused("Memory not enabled. Run: flowctl config set memory.enabled true")


def _looked(project: Project) -> Store:
    """To read. What is in the older form is shown, and left where it is."""
    _enabled(project)
    store = Store(project)
    if not store.has_index:
        store.migrate()
    return store


def _opened(project: Project, change: Any) -> Store:
    store = Store(project, change)
    if not store.has_index:
        store.migrate()
    return store


def _type(text: str) -> str:
    kind = text.strip().lower().rstrip("s")
    if kind not in TYPES:
        raise MemoryRefused(f"Invalid type '{text}'. Use: pitfall, convention, or decision")
    return kind


def _brief(entry: dict[str, Any]) -> dict[str, Any]:
    return {"id": entry["id"], "type": entry["type"], "summary": entry["summary"], "tags": entry.get("tags", [])}


def _before(project: Project, days: int) -> str:
    """The day that many days ago."""
    today = date.fromisoformat(project.now()[:10])
    return (today - timedelta(days=min(days, today.toordinal() - 1))).isoformat()


def _second(now: str) -> str:
    return f"{now[:19]}Z"


def _readable(pattern: str) -> None:
    """Whether it is a regular expression; compiled only, never run. Raises: MemoryRefused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise MemoryRefused(f"Invalid regex pattern: {error}") from None
