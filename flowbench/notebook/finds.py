"""Finds: what searches of the tools have found, as tables with a link to each place, bounded, and as lines of text."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from flowbench.notebook.links import link
from flowbench.notebook.view import cut
from flowbench.words import count

ROWS = 40
LINE_LENGTH = 240  # characters of a line that was found
BLOCK_LINES = 6  # of one piece of code
PROBLEMS = 5  # files that could not be parsed
KINDS = {1: "file", 2: "folder", 3: "link"}
CELL = "text-align:left;vertical-align:top"
CODE = "white-space:pre-wrap;overflow-wrap:anywhere;text-align:left;font-size:12px;line-height:1.4;margin:0;padding:0"
CODE += ";background:none;word-break:normal;font-family:var(--jp-code-font-family,monospace)"
CLASS = "flowbench mathjax_ignore"  # what stands between two dollars in code is no formula
MARK = "background:rgba(255,200,0,.4);color:inherit;border-radius:2px"

Bundle = dict[str, Any]
Row = tuple[str, str]
"""(cells as HTML, the same as one line of text)"""


def of_grep(found: Any) -> Bundle:
    """Of a GrepResult: place and line, the match marked where it is known; files with their counts in other modes."""
    files = count(found.files_searched, "file")
    told = f"{_matches(found.total_matches)} in {found.files_with_matches} of {files}"
    notes = ["more after the limit"] if found.limit_reached else []
    if getattr(found, "skipped_oversized", 0):
        notes.append(f"{count(found.skipped_oversized, 'file')} too large in part")
    root = getattr(found, "root", "")
    rows = (_line(match, root) for match in found.matches)
    return _table(told, notes, ("where", "line"), rows, len(found.matches))


def of_glob(found: Any) -> Bundle:
    """Of a GlobResult: paths, with time and size where they were asked for."""
    root, dated = getattr(found, "root", ""), any(match.mtime is not None for match in found.matches)
    names = ("path", "kind", "changed", "bytes") if dated else ("path", "kind")
    rows = (_entry(match, root, dated) for match in found.matches)
    return _table(count(len(found.matches), "path"), [], names, rows, len(found.matches))


def of_fuzzy(found: Any) -> Bundle:
    """Of a FuzzyResult: paths, the best first."""
    root = getattr(found, "root", "")
    told = f"{count(len(found.matches), 'path')} of {found.total_matches} that fit"
    rows = ((_cells(link(m.path, root=root), str(m.score)), f"{m.score:>4}  {m.path}") for m in found.matches)
    return _table(told, [], ("path", "score"), rows, len(found.matches))


def of_ast_grep(found: Any) -> Bundle:
    """Of an AstGrepResult: place, code, and what stands for its variables."""
    files = count(found.files_searched, "file")
    told = f"{_matches(found.total_matches)} in {found.files_with_matches} of {files}"
    notes = ["more after the limit"] if found.limit_reached else []
    root, problems = getattr(found, "root", ""), list(getattr(found, "parse_errors", ()))
    with_names = any(match.meta_variables for match in found.matches)
    rows = (_node(match, root, with_names) for match in found.matches)
    names = ("where", "code", "variables") if with_names else ("where", "code")
    return _table(told, notes, names, rows, len(found.matches), problems)


def _line(match: Any, root: str) -> Row:
    if not match.line_number:  # files, or counts of them
        number = f"{match.match_count}" if match.match_count else ""
        return _cells(link(match.path, root=root), number), f"{match.path}{f': {number}' if number else ''}"
    before = [_near(each) for each in match.context_before]
    after = [_near(each) for each in match.context_after]
    shown = "\n".join([*before, _marked(match), *after])
    near = [f"{match.path}-{each.line_number}- {cut(each.line, LINE_LENGTH)}" for each in match.context_before]
    behind = [f"{match.path}-{each.line_number}- {cut(each.line, LINE_LENGTH)}" for each in match.context_after]
    plain = "\n".join([*near, f"{match.path}:{match.line_number}: {cut(match.line, LINE_LENGTH)}", *behind])
    return _cells(link(match.path, match.line_number, root=root), _code(shown)), plain


def _marked(match: Any) -> str:
    """The line with its first match marked, as far as it says where that is."""
    start, length = match.column - 1, getattr(match, "length", 0)
    line = match.line
    if start < 0 or length <= 0 or match.truncated or start + length > len(line):
        return escape(cut(line, LINE_LENGTH))
    if start + length > LINE_LENGTH:  # in sight, whatever is before it
        away = max(start - LINE_LENGTH // 3, 0)
        line, start = "…" + line[away:], start - away + 1
    rest = cut(line[start + length :], max(LINE_LENGTH - start - length, 20))
    return f'{escape(line[:start])}<mark style="{MARK}">{escape(line[start : start + length])}</mark>{escape(rest)}'


def _near(context: Any) -> str:
    return f'<span style="opacity:.6">{escape(cut(context.line, LINE_LENGTH))}</span>'


def _entry(match: Any, root: str, dated: bool) -> Row:
    kind = KINDS.get(int(match.file_type), "")
    cells, text = [link(match.path, root=root), kind], match.path
    if dated:
        changed = "" if match.mtime is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(match.mtime / 1000))
        size = "" if match.size is None else f"{match.size:,}"
        cells += [changed, size]
        text = f"{changed:19}  {size:>13}  {text}"
    return _cells(*cells), text


def _node(match: Any, root: str, with_names: bool) -> Row:
    cells = [link(match.path, match.start_line, root=root), _code(escape(_block(match.text)))]
    if with_names:
        names = (match.meta_variables or {}).items()
        cells.append(_code("\n".join(f"${escape(name)} = {escape(cut(_flat(text), 80))}" for name, text in names)))
    return _cells(*cells), f"{match.path}:{match.start_line}: {cut(_flat(match.text), LINE_LENGTH)}"


def _block(text: str) -> str:
    lines = text.splitlines() or [""]
    more = len(lines) - BLOCK_LINES
    shown = [cut(line, LINE_LENGTH) for line in (lines[:BLOCK_LINES] if more > 0 else lines)]
    return "\n".join([*shown, f"… {count(more, 'more line')}"] if more > 0 else shown)


def _table(
    told: str,
    notes: Sequence[str],
    names: Sequence[str],
    rows: Iterable[Row],
    length: int,
    problems: Sequence[str] = (),
) -> Bundle:
    """rows: looked at as far as they are shown. problems: below the table."""
    summary = "; ".join([told, *notes])
    shown = [row for row, _ in zip(rows, range(ROWS), strict=False)]
    more = f"and {length - len(shown)} more" if length > len(shown) else ""
    body = "".join(html for html, _ in shown)
    if more:
        body += f'<tr><td colspan="{len(names)}" style="{CELL}">{more}</td></tr>'
    head = "".join(f'<th style="{CELL}">{name}</th>' for name in names)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if shown else ""
    said = [escape(cut(_flat(problem), LINE_LENGTH)) for problem in problems[:PROBLEMS]]
    if len(problems) > PROBLEMS:
        said.append(f"and {count(len(problems) - PROBLEMS, 'file')} more")
    listed = f"<small>{'<br>'.join(said)}</small>" if said else ""
    lines = [summary, *(text for _, text in shown), *([more] if more else ())]
    return {
        "text/html": f'<div class="{CLASS}"><p>{escape(summary)}</p>{table}{listed}</div>',
        "text/plain": "\n".join(lines),
    }


def _cells(*cells: str) -> str:
    return "<tr>" + "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells) + "</tr>"


def _code(html: str) -> str:
    return f'<pre style="{CODE}">{html}</pre>'


def _matches(number: int) -> str:
    return f"{number:,} match{'' if number == 1 else 'es'}"


def _flat(text: str) -> str:
    return " ".join(text.split())
