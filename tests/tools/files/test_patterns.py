"""Globs: what the field's users write, the rules of their reading, and a slow matcher as a second opinion."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowbench.tools import BadGlob
from flowbench.tools.files.patterns import Glob, compiled, normalised

READ = [
    ("*.py", "**/*.py"),
    ("  *.py\t", "**/*.py"),
    ("", "**/*"),
    ("src\\lib\\*.py", "src/lib/*.py"),
    ("src/*.py", "src/*.py"),
    ("**x", "**x"),
    ("{a.txt,b.txt}", "{a.txt,b.txt}"),
    ("{a.txt,b*}", "**/{a.txt,b*}"),
    ("{}", "**/{}"),
    ("*.{ts,tsx", "**/*.{ts,tsx}"),
    ("{a,{b,c", "**/{a,{b,c}}"),
    ("./src/*.py", "src/*.py"),
    (".//*.py", "*.py"),
    ("./", "*"),
]

MATCHES = [
    ("*.py", "a/b/x.py", True),
    ("*.py", ".py", True),
    ("a/*.py", "a/b/x.py", False),
    ("a/?.py", "a//.py", False),
    ("**", "a/b", True),
    ("**/", "a/b", True),
    ("{}", "a", False),
    ("a/", "a", False),
    ("**/b", "b", True),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/x/y/b", True),
    ("a/**", "a", False),
    ("a/**", "a/b/c", True),
    ("a**b/c", "axxb/c", True),
    ("a**b/c", "a/b/c", False),
    ("{a.txt,b.txt}", "b.txt", True),
    ("{a.txt,b.txt}", "sub/b.txt", False),
    ("src/{a/b,c}/*.py", "src/a/b/x.py", True),
    ("{**/a,b}/c", "x/y/a/c", True),
    ("x{,y}", "x", False),
    ("x{,y}", "xy", True),
    ("[!a]", "b", True),
    ("[^a]", "a", False),
    ("[]a]", "]", True),
    ("[a-c][0-9]", "b7", True),
    ("a[a/]b", "a/b", False),
    ("*", ".hidden", True),
    ("a,b", "a,b", True),
    ("*\n*", "a\nb", True),
    ("ä?", "äß", True),
]


@pytest.mark.parametrize(("text", "pattern"), READ)
def test_a_glob_is_read_as_the_tools_read_it(text: str, pattern: str) -> None:
    assert normalised(text) == pattern


def test_without_recursion_nothing_is_put_in_front() -> None:
    assert normalised("*.py", recursive=False) == "*.py"


@pytest.mark.parametrize(("text", "path", "fits"), MATCHES)
def test_a_path_fits_or_not(text: str, path: str, fits: bool) -> None:
    assert compiled(text).matches(path) is fits


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "error parsing glob '**/[': unclosed character class; missing ']'"),
        ("a/[z-a]", "error parsing glob 'a/[z-a]': invalid range; 'z' > 'a'"),
        ("a}", "error parsing glob '**/a}': unopened alternate group; missing '{'"),
        ("}{", "error parsing glob '**/}{': unopened alternate group; missing '{'"),
        ("{[}]", "error parsing glob '**/{[}]': unclosed alternate group; missing '}'"),
        ("a" * 9_000, "longer than 8192 characters"),
        ("{a,b}" * 30, "longer than 8192 characters"),
    ],
)
def test_what_is_no_glob_is_told(text: str, told: str) -> None:
    with pytest.raises(BadGlob) as raised:
        Glob(text)

    assert str(raised.value).startswith("Invalid glob pattern: error parsing glob '")
    assert told in str(raised.value)


def test_a_stage_says_where_nothing_can_match() -> None:
    start = compiled("src/*/x.py").start

    assert start.enter("doc") is None
    below = start.enter("src")
    assert below is not None
    assert not below.files.accepts("x.py")
    deeper = below.enter("any")
    assert deeper is not None
    assert deeper.files.accepts("x.py")
    assert deeper.enter("more") is None


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a*" * 60 + "b", "a" * 250 + "c"),
        ("*a" * 100 + "*b", "a" * 250),
        ("**/a/" * 40 + "b", "a/" * 500 + "c"),
        ("**/a/" + "?/" * 40 + "b", "a/" * 500 + "c"),
        ("{a*,*a,aa*}" * 5, "a" * 200 + "!"),
    ],
    ids=["stars", "many stars", "deep", "deep and any", "braces"],
)
def test_a_hostile_pattern_costs_no_time(text: str, path: str) -> None:
    began = time.monotonic()

    fits = Glob(text).matches(path)

    assert not fits or "{" in text
    assert time.monotonic() - began < 10  # they take milliseconds; what blows up takes for ever


def fits_slowly(pattern: str, path: str) -> bool:
    """By trying everything: no braces, ASCII sets of single characters."""
    if not pattern:
        return not path
    if pattern == "**":
        return bool(path)
    if pattern.startswith("**/"):
        rest = pattern[3:]
        return fits_slowly(rest, path) or any(
            fits_slowly(rest, path[at + 1 :]) for at, character in enumerate(path) if character == "/" and at
        )
    if pattern == "/**":
        return len(path) > 1 and path[0] == "/"
    if pattern.startswith("/**/"):
        return path[:1] == "/" and fits_slowly(pattern[1:], path[1:])
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return fits_slowly(rest, path) or (path[:1] not in ("", "/") and fits_slowly(pattern, path[1:]))
    if head == "?":
        return path[:1] not in ("", "/") and fits_slowly(rest, path[1:])
    if head == "[":
        inner, _, rest = rest.partition("]")
        is_in = path[:1] not in ("", "/") and (path[0] in inner.lstrip("!")) != inner.startswith("!")
        return is_in and fits_slowly(rest, path[1:])
    return path[:1] == head and fits_slowly(rest, path[1:])


def one_star(text: str) -> str:
    return re.sub(r"\*+", "*", text)


part = st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[!a]"])
name_pattern = st.lists(part, min_size=1, max_size=4).map("".join).map(one_star)
pattern = st.lists(name_pattern | st.just("**"), min_size=1, max_size=4).map("/".join)
name = st.text("ab.", min_size=1, max_size=4)
path = st.lists(name, min_size=1, max_size=5).map("/".join)


@settings(max_examples=300, deadline=None)
@given(pattern, path)
@example("a/**/**", "a")
def test_it_agrees_with_trying_everything(text: str, where: str) -> None:
    pattern = re.sub(r"\*\*(/\*\*)+(?=/|$)", "**", text)

    assert Glob(text, recursive=False).matches(where) is fits_slowly(normalised(pattern, recursive=False), where)


@settings(max_examples=200, deadline=None)
@given(st.lists(name_pattern, min_size=1, max_size=3), name_pattern, path)
def test_braces_are_the_union_of_their_alternatives(choices: list[str], rest: str, where: str) -> None:
    whole = compiled(f"a{{{','.join(choices)}}}/{rest}")

    assert whole.matches(where) is any(compiled(f"a{choice}/{rest}").matches(where) for choice in choices)


@settings(max_examples=300, deadline=None)
@given(st.text("ab*?[]{},!-/\\ .^", max_size=12), path)
def test_any_text_is_a_glob_or_is_refused(text: str, where: str) -> None:
    glob = None
    with contextlib.suppress(BadGlob):
        glob = compiled(text)

    assert glob is None or glob.matches(where) in (True, False)
