"""Pages: what all files hold, put in order and counted, and of it the page that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from flowbench.tools.searching.hits import Ask, FileHits, GrepMatch, GrepResult


def in_order(files: Sequence[FileHits]) -> list[FileHits]:
    """Byte order of their paths; large ones after all others."""
    return sorted(files, key=lambda file: (file.is_large, file.path.encode("utf-8", "replace")))


def page(ask: Ask, files: Sequence[FileHits], searched: int, max_count: int | None, offset: int) -> GrepResult:
    """files: in order. searched: files. max_count, offset: matches in the modes content and count, files otherwise."""
    hits = [file for file in files if file.count]
    total = len(hits) if ask.mode == "files_with_matches" else sum(file.count for file in hits)
    room = None if max_count is None else max(max_count, 0)
    choose = {"content": _matches, "count": _counted, "files_with_matches": _named}[ask.mode]
    chosen, emitted = choose(hits, max(offset, 0), room)
    is_full = room is not None and (emitted >= room if room else total > 0)
    return GrepResult(tuple(chosen), total, len(hits), searched, is_full, sum(file.is_cut for file in files))


def entries(ask: Ask, file: FileHits) -> list[GrepMatch]:
    """What a file adds to a result without pages."""
    if ask.mode == "content":
        return file.matches
    return [GrepMatch(file.path, match_count=file.count if ask.mode == "count" else 0)] if file.count else []


def _matches(files: Sequence[FileHits], offset: int, room: int | None) -> tuple[list[GrepMatch], int]:
    end = None if room is None else offset + room
    chosen: list[GrepMatch] = []
    passed = 0
    for file in files:
        if end is not None and passed >= end:
            break
        if passed + len(file.matches) > offset:
            chosen += file.matches[max(offset - passed, 0) : None if end is None else end - passed]
        passed += len(file.matches)
    return chosen, len(chosen)


def _counted(files: Sequence[FileHits], offset: int, room: int | None) -> tuple[list[GrepMatch], int]:
    """Whole files: one that is only begun still shows all that it holds."""
    chosen: list[GrepMatch] = []
    emitted = 0
    for file in files:
        passed = min(offset, file.count)
        offset -= passed
        if passed == file.count:
            continue
        if room is not None and emitted >= room:
            break
        chosen.append(GrepMatch(file.path, match_count=file.count))
        left = file.count - passed
        emitted += left if room is None else min(left, room - emitted)
    return chosen, emitted


def _named(files: Sequence[FileHits], offset: int, room: int | None) -> tuple[list[GrepMatch], int]:
    chosen = [GrepMatch(file.path) for file in files[offset : None if room is None else offset + room]]
    return chosen, len(chosen)
