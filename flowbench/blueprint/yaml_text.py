"""YAML text to plain data: a strict subset, one document, read event by event and never by recursion."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from flowbench.blueprint.builder import Builder, Mark, refuse
from flowbench.blueprint.errors import UnreadableText
from flowbench.scalars import NoNumber, plain

# Line breaks to YAML 1.1 and plain characters to 1.2: who wrote them cannot know which. The rest cannot be printed.
_DOUBTFUL = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # JSON writes one character beyond U+FFFF as two escapes
_HINTS = {
    "cannot start any token": "this character cannot begin a value; put the value in quotes",
    "mapping values are not allowed": 'no ": " is allowed here; check the indentation, or put the value in quotes',
    "could not find expected ':'": 'expected "key: value"; a text over several lines needs quotes or a leading |',
    "expected <block end>": "the indentation does not fit the lines above, or a quote or bracket is closed too early",
    "expected ',' or ']'": 'expected "," or "]" in this list',
    "expected ',' or '}'": 'expected "," or "}" in this object',
    "<document start>": "the document ends before this",
    "found unexpected end of stream": "the text ends inside a quoted string",
    "found unknown escape character": "no such escape in double quotes; single quotes take a backslash as it is",
}
PARTS = 80_000  # keys, values and brackets; the parser below takes about 4 seconds for them on a busy machine
_TAB = "a tab cannot indent YAML; use spaces"


def read_yaml(text: str, marks: dict[str, Mark]) -> Any:
    """The data of a YAML text; fills `marks`. Raises: UnreadableText."""
    doubtful = _DOUBTFUL.search(text)
    if doubtful:
        code = f"\\u{ord(doubtful.group()):04x}"
        raise refuse(text, doubtful.start(), f'a raw {code} in YAML; write it as "{code}" in double quotes')
    builder = Builder(text, marks)
    at, documents = 0, 0
    try:
        for number, event in enumerate(YAML(typ="safe", pure=True).parse(text)):
            at = event.start_mark.index
            if number > PARTS:
                raise refuse(text, at, f"more than {PARTS:,} keys and values; a larger Blueprint is written as JSON")
            if isinstance(event, DocumentStartEvent):
                documents += 1
                _document(event, text, at, documents)
            elif isinstance(event, NodeEvent):
                _node(event, text, at, builder)
            elif isinstance(event, CollectionEndEvent):
                builder.close()
    except UnreadableText:
        raise
    except MarkedYAMLError as error:
        raise _told(error, text, at) from None
    # The parser below is not ours and meets hostile text: whatever it stumbles over, the text cannot be read.
    except Exception as error:
        raise refuse(
            text, at, f"no YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error
    if not documents:
        raise refuse(text, 0, "the text is empty")
    return builder.data


def _document(event: DocumentStartEvent, text: str, at: int, documents: int) -> None:
    if documents > 1:
        raise refuse(text, at, "a second document begins here; one text holds one")
    if event.tags or event.version not in (None, (1, 2)):
        raise refuse(text, 0, "only the directive %YAML 1.2 is allowed above the document")


def _node(event: Any, text: str, at: int, builder: Builder) -> None:
    if text[at - 1 : at] == "?":  # `{?a: 1}`: the parser below drops the question mark, YAML 1.2 keeps it
        raise refuse(text, at - 1, 'a text that begins with "?" needs quotes')
    if isinstance(event, AliasEvent):
        raise refuse(text, at, f"aliases (*{event.anchor}) are not allowed; write the value out")
    if event.anchor is not None:
        raise refuse(text, at, f"anchors (&{event.anchor}) are not allowed; write the value out where it is needed")
    if event.ctag is not None:
        raise refuse(text, at, f"tags ({event.tag}) are not allowed; quotes make a string, nothing else needs a tag")
    if isinstance(event, ScalarEvent):
        _scalar(event, text, at, builder)
    elif builder.wants_key:
        raise refuse(text, at, "a key has to be a string, not a list or an object")
    elif isinstance(event, SequenceStartEvent):
        builder.open([], at)
    elif isinstance(event, MappingStartEvent):
        builder.open({}, at)


def _scalar(event: Any, text: str, at: int, builder: Builder) -> None:
    value: Any = event.value
    if event.style is None:
        try:
            value = plain(value)
        except NoNumber as error:
            raise refuse(text, at, str(error)) from None
    elif event.style == '"' and not value.isascii():
        value = _PAIR.sub(_joined, value)
    if not builder.wants_key:
        builder.scalar(value, at)
    elif not isinstance(value, str):
        shown = event.value if len(event.value) <= 20 else event.value[:20] + "…"
        raise refuse(text, at, f'a key has to be a string; write "{shown}" in quotes')
    elif value == "<<" and event.style is None:
        raise refuse(text, at, "merge keys (<<) are not allowed; write the fields out")
    else:
        builder.key(value, at)


def _joined(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _told(error: MarkedYAMLError, text: str, at: int) -> UnreadableText:
    mark = error.problem_mark or error.context_mark
    offset = mark.index if mark is not None else at
    problem = str(error.problem or error.context or "no YAML")
    if "'\\t'" in problem or text[offset : offset + 1] == "\t":
        return refuse(text, offset, _TAB)
    hint = next((hint for sign, hint in _HINTS.items() if sign in problem), problem)
    return refuse(text, offset, hint)
