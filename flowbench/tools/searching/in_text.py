"""In text: find a pattern in a text that is at hand, at once; the same patterns and options as grep's."""

from __future__ import annotations

import tempfile

import msgspec

from flowbench.cancel import Aborted
from flowbench.tools.errors import BadRegex, SearchFailed
from flowbench.tools.searching import pages
from flowbench.tools.searching.grepping import MODES, grep
from flowbench.tools.searching.hits import Ask, FileHits, SearchResult, Unfit
from flowbench.tools.searching.in_process import BACKTRACKS
from flowbench.tools.searching.ladder import rungs
from flowbench.tools.searching.linear import Linear
from flowbench.tools.searching.lines import Lines

SLOWEST_MS = 5000  # that a pattern with look-around or back-references may take, which runs in a process of its own


def search(
    content: str | bytes,
    pattern: str,
    *,
    ignore_case: bool = False,
    multiline: bool = False,
    max_count: int | None = None,
    offset: int = 0,
    context: int = 0,
    context_before: int | None = None,
    context_after: int | None = None,
    max_columns: int | None = None,
    mode: str = "content",
) -> SearchResult:
    """Cannot be aborted; time grows with the text, or ends after 5 s. Find `pattern` in a text, line by line.

    What is wrong with the pattern is told in `error`, never raised. The options are those of `grep`.
    Source: pi-natives 18.2, search.
    """
    if mode not in MODES:
        return SearchResult((), 0, error=f"mode is content, count or files_with_matches, not {mode!r}")
    before, after = context_before or 0, context_after or 0
    if context_before is None and context_after is None:
        before = after = context
    ask = Ask(
        pattern, "", True, None, None, ignore_case, multiline, before=before, after=after, max_columns=max_columns,
        mode=MODES[mode],
    )  # fmt: skip
    try:
        file = _hits(ask, content)
    except (BadRegex, SearchFailed) as error:
        return SearchResult((), 0, error=str(error))
    told = pages.page(ask, [file], 1, max_count, offset)
    return SearchResult(told.matches, file.count, told.limit_reached)


def has_match(content: str | bytes, pattern: str, ignore_case: bool = False, multiline: bool = False) -> bool:
    """Cannot be aborted; time grows with the text, or ends after 5 s. Whether `pattern` is somewhere in a text.

    Raises: SearchFailed, for a pattern with look-around or back-references that takes longer.
    Source: pi-natives 18.2, hasMatch.
    """
    ask = Ask(pattern, "", True, None, None, ignore_case, multiline, mode="files_with_matches")
    return _hits(ask, content).count > 0


def _hits(ask: Ask, content: str | bytes) -> FileHits:
    """Raises: BadRegex, SearchFailed."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    said = ""
    for rung in rungs(ask.pattern):
        try:
            pattern = Linear(rung, ignore_case=ask.ignore_case, multiline=ask.multiline)
        except Unfit as error:
            if not rung.is_literal and BACKTRACKS.search(str(error)):
                return _elsewhere(ask, data)
            said = str(error)
            continue
        if pattern.is_for_ascii and not data.isascii():
            return _elsewhere(ask, data)
        hits = FileHits("", b"")
        lines = Lines(pattern, ask, hits)
        if data:
            lines.take(data)
        lines.end()
        return hits
    raise BadRegex(ask.pattern, said)


def _elsewhere(ask: Ask, data: bytes) -> FileHits:
    """In a process that can be killed. Raises: BadRegex, SearchFailed."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            told = grep(
                ask.pattern, file.name, ignore_case=ask.ignore_case, multiline=ask.multiline,
                context_before=ask.before, context_after=ask.after, max_columns=ask.max_columns, mode=ask.mode,
                timeout_ms=SLOWEST_MS,
            )  # fmt: skip
        except Aborted as error:
            raise SearchFailed(f"the pattern {ask.pattern!r} takes more than {SLOWEST_MS / 1000:g} s") from error
    matches = [msgspec.structs.replace(match, path="") for match in told.matches]
    return FileHits("", b"", matches, told.total_matches)
