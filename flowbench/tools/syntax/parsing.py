"""Parsing: the one file that knows ast-grep-py. Patterns are compiled, sources searched; also in a warm process.

The library holds the interpreter's lock while it parses (5 to 10 MB a second) and while it matches, and code that nests
20,000 levels deep can crash it: so what is long is parsed in a process of its own; see `looking`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

STRICTNESS = ("cst", "smart", "ast", "relaxed", "signature", "template")

# Languages in which a `$NAME` is a name as it stands; in the others a pattern is read with another name in its place.
PLAIN = frozenset(["bash", "java", "javascript", "json", "lua", "scala", "solidity", "tsx", "typescript", "yaml"])
ANY_VARIABLE = re.compile(r"\$\$\$[A-Z0-9_]*|\$\$?[A-Z_][A-Z0-9_]*")
STAND_IN = "fbqz"
CRASHED = "cannot be parsed: the parser crashed"
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Rule = Any
"""A pattern as ast-grep takes it: JSON."""

Place = list[int]
"""[start, end] in characters, then line and column of start and end, all from 0."""

Source = tuple[str, str, list[Rule], list[list[str]]]
"""(language, text, rules, names of each rule's variables)."""

Found = dict[str, Any]
"""Of one source. broken: its tree has error nodes. count: of all matches.

found: [[number of the rule, Place, {variable: [start, end] or None}], ...]. failed: the parser's last words, instead.
"""


class Pattern(NamedTuple):
    """A pattern for one language. error: why there is none. words: what a source must have for any match."""

    rule: Rule | None
    words: tuple[bytes, ...] = ()
    error: str = ""


@lru_cache(maxsize=512)
def compiled(text: str, language: str, selector: str, strictness: str) -> Pattern:
    """language: canonical. selector: kind of node, of what the pattern parses to; '' for all of it."""
    error = _trouble(rule := _rule(text, selector, strictness), language)
    if error.startswith("Multiple AST nodes") and language == "json" and not selector:
        pair = _pair(text, strictness)  # alone it is no document
        if not _trouble(pair, language):
            return Pattern(pair)
    if error:
        # The library names the pattern as it reads it, with other signs for `$`.
        said = re.sub(r"(pattern source|in the context) `.*`", lambda found: f"{found[1]} `{text}`", error, flags=re.S)
        return Pattern(None, error=f"Invalid pattern: {said}")
    return Pattern(rule, _words(text, language, selector, strictness))


def find(sources: list[Source], most: int | None) -> list[Found]:
    """What is found in each source.

    most: of each source, the first ones by place; None: all, rule by rule.
    """
    return [_found(*source, most) for source in sources]


def _found(language: str, text: str, rules: list[Rule], names: list[list[str]], most: int | None) -> Found:
    from ast_grep_py import SgRoot

    try:
        root = SgRoot(text, language).root()
        is_broken = root.find(kind="ERROR") is not None
        nodes = [(number, node) for number, rule in enumerate(rules) for node in root.find_all(rule)]
    except BaseException as error:
        if not _is_panic(error):
            raise
        return {"failed": CRASHED}
    places = [(number, _place(node), node) for number, node in nodes] if most != 0 else []
    if most is not None:
        places = sorted(places, key=lambda each: each[1][:2])[:most]  # stable: in turn, where they are the same
    found = [[number, place, {name: _captured(node, name) for name in names[number]}] for number, place, node in places]
    return {"broken": is_broken, "count": len(nodes), "found": found}


def _place(node: Any) -> Place:
    span = node.range()
    start, end = span.start, span.end
    return [start.index, end.index, start.line, start.column, end.line, end.column]


def _captured(node: Any, name: str) -> list[int] | None:
    one = node.get_match(name)
    nodes = [one] if one is not None else node.get_multiple_matches(name)
    return [nodes[0].range().start.index, nodes[-1].range().end.index] if nodes else None


def _rule(text: str, selector: str, strictness: str) -> Rule:
    pattern = {"context": text, "strictness": strictness} | ({"selector": selector} if selector else {})
    return {"rule": {"pattern": pattern}}


def _trouble(rule: Rule, language: str) -> str:
    """What the library says against a rule; '' if it takes it."""
    from ast_grep_py import SgRoot

    try:
        SgRoot("", language).root().find(rule)
    except BaseException as error:
        if not isinstance(error, Exception) and not _is_panic(error):
            raise
        said = str(error).partition("\n\nStack backtrace:")[0]
        last = re.split(r"\n {4}\d+: ", said)[-1]
        return re.sub(r"\n {7}", "\n", last).strip() or type(error).__name__
    return ""


def _is_panic(error: BaseException) -> bool:
    """An assertion of the library has failed; that is no Exception, though nobody has asked to stop."""
    return type(error).__name__ == "PanicException"


def _words(text: str, language: str, selector: str, strictness: str) -> tuple[bytes, ...]:
    """Names that a pattern has literally, the longest first; a source without one of them needs no parsing."""
    from ast_grep_py import SgRoot

    if strictness == "signature":  # compares kinds, not texts
        return ()
    stood = text if language in PLAIN else ANY_VARIABLE.sub(lambda found: STAND_IN + found[0].strip("$").lower(), text)
    root = SgRoot(stood, language).root()
    if root.find(kind="ERROR") is not None:
        return ()
    words: set[str] = set()
    todo = [root] if not selector else [node for node in [root.find(kind=selector)] if node is not None]
    while todo:
        node = todo.pop()
        if ANY_VARIABLE.fullmatch(said := node.text()):
            continue
        if not node.is_leaf():
            todo += node.children()
        elif node.is_named() and WORD.fullmatch(said) and not said.startswith(STAND_IN):
            words.add(said)
    return tuple(word.encode() for word in sorted(words, key=lambda word: (-len(word), word)))


def _pair(text: str, strictness: str) -> Rule:
    """`"name": $V` is a pair of that name with any value, `$K: $V` any pair; else the pair in an object."""
    found = re.fullmatch(r'("(?:[^"\\]|\\.)*"|\$[A-Z_]\w*)\s*:\s*(\$[A-Z_]\w*)', text)
    if found is None:
        return _rule(f"{{ {text} }}", "pair", strictness)
    name, value = found[1], found[2]
    key = name if name[0] == "$" else {"context": f"{{ {name}: 0 }}", "selector": "string"}
    parts = ({"field": "key", "pattern": key}, {"field": "value", "pattern": value})
    return {"rule": {"all": [{"kind": "pair"}, *({"has": part} for part in parts)]}}
