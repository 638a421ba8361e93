"""Queries: the patterns of one search or edit, how they are meant, and what each language makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from flowbench.tools.errors import AstError
from flowbench.tools.syntax.candidates import Candidate
from flowbench.tools.syntax.looking import Seen, Wanted
from flowbench.tools.syntax.parsing import STRICTNESS, Found, Pattern, compiled
from flowbench.tools.syntax.replacing import variables

Strictness: TypeAlias = Literal["cst", "smart", "ast", "relaxed", "signature", "template"]

LONGEST = 10_000  # characters of a pattern: one that nests deeper could crash the parser
BROKEN = "parse error (syntax tree contains error nodes)"


class Query(NamedTuple):
    """patterns: code with variables. captures: what the variables have matched is of interest."""

    patterns: tuple[str, ...]
    selector: str
    strictness: str
    captures: bool

    @classmethod
    def made(cls, patterns: str | Iterable[str], selector: str | None, strictness: str, *, captures: bool) -> Query:
        """Of patterns as somebody gives them: each once, trimmed, without empty ones. Raises: AstError."""
        given = [patterns] if isinstance(patterns, str) else patterns
        kept = tuple(dict.fromkeys(text for each in given if (text := each.strip())))
        if not kept:
            raise AstError("`patterns` is required and must include at least one non-empty pattern")
        return cls(kept, (selector or "").strip(), checked(strictness), captures)

    def compiled(self, language: str) -> list[Pattern]:
        """Each pattern for one language."""
        return [self._compiled(text, language) for text in self.patterns]

    def _compiled(self, text: str, language: str) -> Pattern:
        if len(text) > LONGEST:
            return Pattern(None, error=f"Invalid pattern: it is longer than {LONGEST} characters")
        return compiled(text, language, self.selector, self.strictness)

    def wanted(self, file: Candidate) -> Wanted | None:
        """What is looked for in a file; None: nothing can be found in it."""
        return Wanted([], [], []) if file.error else self.wanted_in(file.language)

    def wanted_in(self, language: str) -> Wanted | None:
        """What is looked for in one language: of the patterns, in their order, those that it can read."""
        return _wanted(self, language)

    def troubles(self, file: Candidate) -> list[str]:
        """What is said of patterns that the language of a file cannot read."""
        return [] if file.error else [f"{text}: {file.path}: {why}" for text, why in _troubles(self, file.language)]

    def told(self, seen: Seen) -> list[str]:
        """What is said of a file that could not be read, or not be parsed as a whole."""
        path = seen.file.path
        if seen.is_large:
            return [f"{path}: {seen.problem}"]
        if seen.problem:
            return [f"{text}: {path}: {seen.problem}" for text in self.patterns]
        return [f"{path}: {text}" for text in said_of(seen.found or {})]


def said_of(found: Found) -> list[str]:
    """What is to be said of a tree."""
    return [found["failed"]] if "failed" in found else [BROKEN] if found.get("broken") else []


def checked(strictness: str) -> str:
    """Raises: AstError."""
    if strictness not in STRICTNESS:
        raise AstError(f"no strictness '{strictness}'; there are {', '.join(STRICTNESS)}")
    return strictness


@lru_cache(maxsize=64)
def _wanted(query: Query, language: str) -> Wanted | None:
    made = zip(query.patterns, query.compiled(language), strict=True)
    rules = [(text, each.rule, each.words) for text, each in made if each.rule is not None]
    if not rules:
        return None
    names = [list(variables(text)) if query.captures else [] for text, _, _ in rules]
    return Wanted([rule for _, rule, _ in rules], [words for _, _, words in rules], names)


@lru_cache(maxsize=64)
def _troubles(query: Query, language: str) -> list[tuple[str, str]]:
    made = zip(query.patterns, query.compiled(language), strict=True)
    return [(text, each.error) for text, each in made if each.rule is None]
