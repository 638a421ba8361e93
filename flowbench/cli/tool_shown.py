"""Tool shown: the answer of a tool as lines for a terminal: `path:line: text` where there are matches."""

from __future__ import annotations

import json
from typing import Any

from flowbench.cli.words import short
from flowbench.words import count

LONGEST = 2_000  # characters of one line


def as_text(answer: Any) -> str:
    """What a command has written was told already: of that nothing is left to say. answer: plain data."""
    if answer is None:
        return "nothing"
    if isinstance(answer, str):
        return answer.removesuffix("\n")
    if isinstance(answer, list) and all(isinstance(each, str) for each in answer):
        return "\n".join(answer)
    if isinstance(answer, dict) and "exit_code" in answer:
        return ""
    if isinstance(answer, dict) and isinstance(files := answer.get("file_changes"), list):
        return "\n".join([*(str(each["patch"]).rstrip("\n") for each in files), _total(answer, len(answer["changes"]))])
    if isinstance(answer, dict) and isinstance(found := answer.get("matches", answer.get("changes")), list):
        lines = [_match(each) for each in found]
        return "\n".join([*lines, _total(answer, len(found))])
    return json.dumps(answer, indent=2, ensure_ascii=False)


def _match(match: Any) -> str:
    if not isinstance(match, dict):
        return short(json.dumps(match, ensure_ascii=False), LONGEST)
    path = str(match.get("path", ""))
    number = match.get("line_number") or match.get("start_line")
    where = path if not number else f"{path}:{number}" if path else str(number)
    said = next((str(match[key]) for key in ("line", "text") if match.get(key)), "")
    if not said and (number := match.get("match_count")):
        said = f"{number:,} match" + ("" if number == 1 else "es")
    return short(f"{where}: {said}" if said and where else where or said, LONGEST)


def _total(answer: dict[str, Any], shown: int) -> str:
    """`3 of 12 found, in 2 files; there are more`."""
    total = next(
        (answer[key] for key in ("total_matches", "match_count", "total_replacements") if key in answer), shown
    )
    text = f"{shown:,} found" if total == shown else f"{shown:,} of {total:,} found"
    if answer.get("files_with_matches"):
        text += f", in {count(answer['files_with_matches'], 'file')}"
    if answer.get("limit_reached"):
        text += "; there may be more"
    if answer.get("error"):
        text += f"; {answer['error']}"
    if errors := answer.get("parse_errors"):
        text += f"; {count(len(errors), 'problem')}: {short(str(errors[0]), 200)}"
    return f"-- {text}"
