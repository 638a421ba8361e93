"""The digest: the same after a restart, another one when the code changes."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from flowbench.blueprint.digest import digest

SOURCE = """
def outer(scale, words=frozenset({"a", "b", "c", "dd", "ee"})):
    def agent(text, limit=5, *, tone="kind", marks=(1, 2.5, None, ..., b"x", 3j)):
        try:
            found = [word for word in text.split() if word in {"x", "y", "zz", "quite", "some", "words"}]
        except ValueError as error:
            raise RuntimeError("no") from error
        return sorted(found, key=lambda word: (len(word) * scale, word in words))
    return agent
fn = outer(3)
"""


def made(source: str) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(compile(source, "<cell>", "exec"), space)
    fn: Callable[..., Any] = space["fn"]
    return fn


def test_the_digest_is_the_same_in_another_process_with_another_hash_seed() -> None:
    code = f"from flowbench.blueprint.digest import digest\n{SOURCE}\nprint(digest(fn))"

    def told(seed: str) -> str:
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert {told("0"), told("1"), told("2")} == {digest(made(SOURCE))}


def test_the_digest_does_not_depend_on_where_the_code_stands() -> None:
    space: dict[str, Any] = {}
    exec(compile("\n" * 50 + SOURCE, "/elsewhere/other.py", "exec"), space)

    assert digest(space["fn"]) == digest(made(SOURCE))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("limit=5", "limit=6"),
        ('tone="kind"', 'tone="rude"'),
        ("2.5", "2.25"),
        ("(1,", "(True,"),
        ('"quite"', '"quiet"'),
        ("text.split()", "text.rsplit()"),
        ("len(word) * scale", "len(word) + scale"),
        ("outer(3)", "outer(4)"),
        ('"dd"', '"d"'),
        ("except ValueError", "except TypeError"),
        ("def agent(text", "def agent(word_list, text"),
        ("return sorted(found", "return sorted(text"),
    ],
)
def test_a_change_of_the_code_changes_the_digest(old: str, new: str) -> None:
    assert SOURCE.count(old) == 1

    assert digest(made(SOURCE.replace(old, new))) != digest(made(SOURCE))


def test_a_wrapper_has_the_digest_of_what_it_wraps() -> None:
    wrapped = """
import functools
def retry(fn):
    @functools.wraps(fn)
    def again(*args): return fn(*args)
    return again
@retry
def fn(text): return text BODY
"""

    assert digest(made(wrapped.replace("BODY", ""))) != digest(made(wrapped.replace("BODY", "+ '!'")))
    assert digest(made(wrapped.replace("BODY", ""))) == digest(made(wrapped.replace("BODY", "")))


def test_functions_that_hold_themselves_or_objects_have_a_digest_without_addresses() -> None:
    source = """
def outer(thing):
    def fn(text): return fn if text else thing
    return fn
fn = outer(object())
"""

    assert digest(made(source)) == digest(made(source))


class Called:
    def __call__(self, text: str) -> str:
        return text

    def method(self, text: str) -> str:
        return text + "!"


def test_methods_partials_objects_and_builtins_have_digests_of_their_own() -> None:
    callables: list[Callable[..., Any]] = [
        Called(),
        Called().method,
        functools.partial(Called.method, text="a"),
        functools.partial(Called.method, text="b"),
        functools.lru_cache(Called.method),
        len,
        max,
        [].append,
    ]

    digests = [digest(each) for each in callables]

    assert digests == [digest(each) for each in callables]
    assert len(set(digests)) == len(callables)
    assert digest(Called()) == digest(Called())


def test_a_very_long_container_in_a_closure_costs_nothing() -> None:
    table = dict.fromkeys(range(200_000), "x")

    def fn(text: int) -> str:
        return table[text]

    assert digest(fn) == digest(fn)
