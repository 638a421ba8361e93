"""Secrets: references become values when a body is called, and values become references in all that comes back.

Only names that the Blueprint or the launcher's ctx mentions are ever put in for a reference: data that arrives during
the run cannot ask for a secret. An agent's code can, through its parameter `secret`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from types import CoroutineType
from typing import Any
from urllib.parse import quote, quote_plus

from flowbench.blueprint import REFERENCE, secret_names
from flowbench.cancel import Aborted
from flowbench.engine.errors import SecretNotAllowed, SecretNotGiven
from flowbench.flow import Output, Skip, take

Body = Callable[[Any], Any]  # as of flowbench.engine.spawner, which knows this file

CONTAINERS = (list, dict)
STOPPED = (Aborted, asyncio.CancelledError, GeneratorExit)  # not of the body's making
MIN_LENGTH = 4  # a shorter value stands in too many innocent texts to be taken out of them
MIN_LINE = 8  # lines of a value (a PEM key) are looked for one by one from this length


class Secrets:
    """The secrets of one run.

    lookup: name -> value or None. allowed: the only names that may be looked up; None: any.
    names: those that references may stand for; they are looked up now. outer: of the run whose step launches this one:
    what is kept out of its records is kept out of these.
    Raises: SecretNotGiven, SecretNotAllowed.
    """

    def __init__(
        self,
        lookup: Callable[[str], str | None] = lambda _: None,
        *,
        allowed: Iterable[str] | None = None,
        names: Mapping[str, str] | None = None,
        outer: Secrets | None = None,
    ) -> None:
        self._lookup = lookup
        self._allowed = None if allowed is None else frozenset(allowed)
        self._lock = threading.Lock()
        self._values: dict[str, str] = {} if outer is None else dict(outer._values)
        self._shown: re.Pattern[str] | None = None
        self._names_of: dict[str, str] = {}
        if self._values:
            self._learn()
        self._references: frozenset[str] = frozenset(names or ())
        for name, place in (names or {}).items():
            self.value(name, place)

    def __repr__(self) -> str:
        return f"<Secrets {', '.join(sorted(self._values)) or 'none'}>"

    def __reduce__(self) -> str:
        raise TypeError("secrets are not written down")

    @property
    def names(self) -> frozenset[str]:
        """Of those that are known by now."""
        return frozenset(self._values)

    def value(self, name: str, place: str = "") -> str:
        """The value itself; from now on it is taken out of everything. Raises: SecretNotGiven, SecretNotAllowed."""
        if self._allowed is not None and name not in self._allowed:  # also if it is known, of an outer run
            raise SecretNotAllowed(name, place)
        known = self._values.get(name)
        if known is not None:
            return known
        found = self._lookup(name)
        if found is None:
            raise SecretNotGiven(name, place)
        if len(found.strip()) < MIN_LENGTH:
            raise SecretNotGiven(
                name, place, f"has fewer than {MIN_LENGTH} characters and cannot be kept out of records"
            )
        with self._lock:
            self._values[name] = found
            self._learn()
        return found

    def _learn(self) -> None:
        shapes = {shape: name for name, value in self._values.items() for shape in _shapes(value)}
        longest_first = sorted(shapes, key=len, reverse=True)
        self._names_of = shapes
        self._shown = re.compile("|".join(map(re.escape, longest_first)))

    def put_in(self, value: Any) -> Any:
        """A JSON value, changed in place: its references replaced by what they stand for."""
        return _changed(value, self._put_in_text) if self._references else value

    def take_out(self, value: Any) -> Any:
        """A JSON value, changed in place: what tells of a secret replaced by its reference.

        Found are the value as it is, its longer lines, and its JSON, URL and base64 forms.
        """
        return value if self._shown is None else _changed(value, self.text)

    def text(self, text: str) -> str:
        """`take_out` for a text."""
        shown = self._shown
        if shown is None:
            return text
        names = self._names_of
        return shown.sub(lambda match: f"$secret:{names[match[0]]}", text)

    def decided(self, text: str) -> tuple[str, str]:
        """`text` for a text that comes in parts: (what can be told of it, the end that may be the beginning of more).

        The end is as it came, to be put in front of the next part.
        """
        shown = self._shown
        if shown is None or not text:
            return text, ""
        cut = self._beginning(text, 0)
        for match in shown.finditer(text):
            if match.start() < cut < match.end():  # its own end looks like its beginning
                cut = self._beginning(text, match.end())
        return self.text(text[:cut]), text[cut:]

    def _beginning(self, text: str, after: int) -> int:
        """Where the part of `text` begins, from `after` on, that is the beginning of a form; else its length."""
        forms = self._names_of
        for at in range(max(len(text) - self.longest() + 1, after), len(text)):
            end = text[at:]
            if any(form.startswith(end) and form != end for form in forms):
                return at
        return len(text)

    def longest(self) -> int:
        """Characters of the longest form that is looked for; who reads a stream in pieces keeps so many back."""
        return max(map(len, self._names_of), default=0)

    def guard(self, body: Body, own: Iterable[str] = ()) -> Body:
        """`body` with references in its input put in, and values in its output and errors taken out.

        own: names that the agent's own spec mentions. An output that holds a reference the agent was not given is
        refused: else whoever can write into the ctx could have a secret sent where the Blueprint never sends it.
        """
        mine = frozenset(own)

        def guarded(value: Any) -> Any:
            given = mine | {name for name, _ in secret_names(value)} if self._references else mine
            before = keeper.set(self)
            try:
                result = body(self.put_in(value))
                if result.__class__ is CoroutineType or hasattr(type(result), "__await__"):
                    return self._awaited(result, given)
                return self._checked(result, given)
            except STOPPED:
                raise
            except BaseException as error:  # whatever the body raises may tell, sys.exit("...") too
                self._raise_clean(error)
                raise
            finally:
                keeper.reset(before)

        return guarded

    async def _awaited(self, result: Any, given: frozenset[str]) -> Any:
        before = keeper.set(self)
        try:
            return self._checked(await result, given)
        except STOPPED:
            raise
        except BaseException as error:  # whatever the body raises may tell, sys.exit("...") too
            self._raise_clean(error)
            raise
        finally:
            with suppress(ValueError):  # the interpreter takes a forgotten coroutine away in some other context
                keeper.reset(before)

    def _checked(self, result: Any, given: frozenset[str]) -> Any:
        if isinstance(result, Skip):
            raise result
        if isinstance(result, Output):
            parts = self._checked(dict(result.parts), given)
            return Output(self._checked(result.value, given), parts)
        result = take(result)[0]
        for name, place in secret_names(result) if self._references else ():
            if name in self._references and name not in given:
                raise ValueError(f"the output names `$secret:{name}` at `{place}`, which this agent was not given")
        return self.take_out(result)

    def _put_in_text(self, text: str) -> str:
        if "$secret:" not in text:
            return text
        return REFERENCE.sub(lambda match: self._values[match[1]] if match[1] in self._references else match[0], text)

    def _raise_clean(self, error: BaseException) -> None:
        """Make the error, and all it came from, tell nothing. Raises: another one, where it cannot be mended."""
        if self._shown is None:
            return
        for each in _chain(error):
            each.args = tuple(self.text(arg) if isinstance(arg, str) else arg for arg in each.args)
            if hasattr(each, "__notes__"):
                each.__notes__ = [self.text(note) for note in each.__notes__]
        if any(self._shown.search(f"{each} {each.args!r}") for each in _chain(error)):
            stand_in = RuntimeError(self.text(f"{type(error).__name__}: {error}"))
            raise stand_in.with_traceback(error.__traceback__) from None


keeper: ContextVar[Secrets | None] = ContextVar("flowbench_keeper", default=None)
"""The secrets of the step of this context: a run that is launched here keeps them, too."""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, what it arose from, what it groups; each once."""
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        each = todo.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            todo += [each.__cause__, each.__context__]
            if isinstance(each, BaseExceptionGroup):
                todo += each.exceptions


def _shapes(value: str) -> set[str]:
    """The texts that give the value away."""
    lines = {line for line in value.splitlines() if len(line) >= MIN_LINE}
    encoded = base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()
    for_url = encoded.rstrip("=").replace("+", "-").replace("/", "_")
    url = {quote(value, safe="", errors="replace"), quote_plus(value, errors="replace")}
    bare = {value, value.strip(), *lines}
    quoted = {dressed for text in bare for dressed in _quoted(text)}
    twice = {dressed for text in quoted for dressed in _quoted(text)}  # JSON in a JSON text, as in logs and errors
    return {encoded, for_url, *url, *bare, *quoted, *twice}


def _quoted(text: str) -> tuple[str, ...]:
    """As it stands between the quotes of JSON or Python."""
    return json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed, keys too; containers change in place. With a list, for any depth."""
    if isinstance(value, str):
        return change(value)
    todo = [value]
    while todo:
        item = todo.pop()
        if item.__class__ is list:
            for index, child in enumerate(item):
                if child.__class__ is str:
                    item[index] = change(child)
                elif child.__class__ in CONTAINERS:
                    todo.append(child)
        elif item.__class__ is dict:
            pairs = [(change(key), child) for key, child in item.items()]
            item.clear()
            item.update((key, change(child) if child.__class__ is str else child) for key, child in pairs)
            todo += [child for _, child in pairs if child.__class__ in CONTAINERS]
    return value
