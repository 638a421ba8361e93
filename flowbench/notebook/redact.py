"""Redact: values of secrets are taken out of a notebook before it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from html import escape
from itertools import groupby
from typing import Any
from urllib.parse import quote

_TAG = re.compile(r"</?mark[^>]*>")
_ANY_TAG = f"(?:{_TAG.pattern})*+"


def redact(notebook: Any, secrets: Mapping[str, str]) -> None:
    """Replace each value, also where it is escaped as HTML, JSON, Python or in a URL, by `[secret:NAME]`, in place.

    Cell sources are left alone: what stands there was not said by the kernel. secrets: {name: value}.
    """
    words = _spellings(secrets)
    for cell in notebook["cells"]:
        if "outputs" in cell:
            _clean_streams(cell["outputs"], words)
            _clean(cell["outputs"], words)
    notebook["metadata"] = _clean(notebook["metadata"], words)


def redacted(text: str, secrets: Mapping[str, str]) -> str:
    """The same for one text."""
    return _replace(text, _spellings(secrets))


def _spellings(secrets: Mapping[str, str]) -> dict[str, str]:
    """{spelling: replacement}, the longest first, so that no part of one is left over."""
    found = {}
    for name, value in secrets.items():
        ways = (value, escape(value), json.dumps(value)[1:-1], repr(value)[1:-1], quote(value), quote(value, safe=""))
        found.update(dict.fromkeys(ways, f"[secret:{name}]"))
    return {way: found[way] for way in sorted(found, key=len, reverse=True)}


def _clean_streams(outputs: list[Any], words: Mapping[str, str]) -> None:
    """What was printed in two pieces is one text. Emptied outputs stay: displays are found by their number."""
    for (kind, _), group in groupby(outputs, lambda output: (output["output_type"], output.get("name"))):
        pieces = list(group)
        if kind == "stream" and len(pieces) > 1:
            whole = "".join(piece["text"] for piece in pieces)
            clean = _replace(whole, words)
            if clean != whole:
                for piece, text in zip(pieces, [clean, *[""] * len(pieces)], strict=False):
                    piece["text"] = text


def _clean(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _replace(value, words)
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = _clean(item, words)
    elif isinstance(value, list):
        value[:] = [_clean(item, words) for item in value]
    return value


def _replace(text: str, words: Mapping[str, str]) -> str:
    for word, instead in words.items():
        if word in text:
            text = text.replace(word, instead)
        if "<mark" in text:  # what a search has marked may be a part of it
            text = _unmarked(word).sub(partial(_keep_tags, instead), text)
    return text


def _unmarked(word: str) -> re.Pattern[str]:
    """The word with tags of marks anywhere in it."""
    return re.compile(_ANY_TAG.join(map(re.escape, word)))


def _keep_tags(instead: str, found: re.Match[str]) -> str:
    return instead + "".join(_TAG.findall(found[0]))
