"""Tool words: what may stand behind `%fb grep`, `glob`, `fuzzy`, `ast` and `sh`, and which call of a tool that is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from flowbench.notebook.arguments import Parser, seconds, variable, words
from flowbench.notebook.errors import UsageError

USAGE = {
    "grep": "grep PATTERN [PATH] [-i] [--glob G] [--type T] [--context N] [--max N] [--multiline] [--files | --count] "
    "[--no-ignore] [--out NAME] [--timeout S]",
    "glob": "glob PATTERN [PATH] [--type file|dir|symlink] [--max N] [--latest] [--hidden] [--no-ignore] [--out NAME] "
    "[--timeout S]",
    "fuzzy": "fuzzy LETTERS [PATH] [--max N] [--hidden] [--no-ignore] [--out NAME] [--timeout S]",
    "ast": "ast PATTERN [PATH] [--lang L] [--glob G] [--max N] [--rewrite TEMPLATE [--apply]] [--out NAME] "
    "[--timeout S]",
    "sh": "sh [--new] [--out NAME] [--timeout S] COMMAND",
}
FLAGS = {
    "grep": [
        "--context", "--count", "--files", "--glob", "--max", "--multiline", "--no-ignore", "--out", "--timeout",
        "--type",
    ],
    "glob": ["--hidden", "--latest", "--max", "--no-ignore", "--out", "--timeout", "--type"],
    "fuzzy": ["--hidden", "--max", "--no-ignore", "--out", "--timeout"],
    "ast": ["--apply", "--glob", "--lang", "--max", "--out", "--rewrite", "--timeout"],
    "sh": ["--new", "--out", "--timeout"],
}  # fmt: skip
KINDS = ("file", "dir", "symlink")


class Call(NamedTuple):
    """tool: the name of the function, "" for a command of the shell. out: the variable that the result is left in, too.
    timeout: seconds. is_new: with a fresh session.
    """

    tool: str
    given: tuple[Any, ...]
    options: dict[str, Any]
    out: str | None
    timeout: float | None
    is_new: bool = False


def call(name: str, text: str) -> Call:
    """What is asked by the text behind the word. Raises: UsageError."""
    return _shell(text) if name == "sh" else _READERS[name](_parsed(name, text))


def _parsed(name: str, text: str) -> argparse.Namespace:
    parser = Parser(name, USAGE[name])
    parser.add_argument("what", metavar={"fuzzy": "LETTERS"}.get(name, "PATTERN"))
    parser.add_argument("path", metavar="PATH", nargs="?", default=".")
    parser.add_argument("--max", metavar="N", type=_number)
    parser.add_argument("--out", metavar="NAME", type=variable)
    parser.add_argument("--timeout", metavar="S", type=seconds)
    if name in ("grep", "ast"):
        parser.add_argument("--glob", metavar="G")
    if name in ("glob", "fuzzy"):
        parser.add_argument("--hidden", action="store_true")
    if name != "ast":
        parser.add_argument("--no-ignore", action="store_true")
    if name == "grep":
        parser.add_argument("-i", dest="ignore_case", action="store_true")
        parser.add_argument("--type", metavar="T")
        parser.add_argument("--context", metavar="N", type=_number)
        parser.add_argument("--multiline", action="store_true")
        modes = parser.add_mutually_exclusive_group()
        modes.add_argument("--files", action="store_const", const="files_with_matches", dest="mode")
        modes.add_argument("--count", action="store_const", const="count", dest="mode")
    if name == "glob":
        parser.add_argument("--type", choices=KINDS)
        parser.add_argument("--latest", action="store_true")
    if name == "ast":
        parser.add_argument("--lang", metavar="L")
        parser.add_argument("--rewrite", metavar="TEMPLATE")
        parser.add_argument("--apply", action="store_true")
    # A regular expression has brackets of its own, which need not match.
    return parser.parse_args(words(text, with_brackets=name != "grep"))


def _grep(given: argparse.Namespace) -> Call:
    options = {
        "ignore_case": given.ignore_case, "glob": given.glob, "type": given.type, "context": given.context,
        "max_count": given.max, "multiline": given.multiline, "mode": given.mode, "gitignore": not given.no_ignore,
    }  # fmt: skip
    return _call("grep", given, options)


def _glob(given: argparse.Namespace) -> Call:
    options = {
        "file_type": given.type, "max_results": given.max, "sort_by_mtime": given.latest, "hidden": given.hidden,
        "gitignore": not given.no_ignore,
    }  # fmt: skip
    return _call("glob", given, options)


def _fuzzy(given: argparse.Namespace) -> Call:
    options = {"max_results": given.max, "hidden": given.hidden, "gitignore": not given.no_ignore}
    return _call("fuzzy_find", given, options)


def _ast(given: argparse.Namespace) -> Call:
    if given.rewrite is None:
        if given.apply:
            raise UsageError("--apply needs --rewrite TEMPLATE: what to write instead of each match")
        options = {"lang": given.lang, "glob": given.glob, "limit": given.max, "include_meta": True}
        return _call("ast_grep", given, options)
    given.what = {given.what: given.rewrite}
    options = {"lang": given.lang, "glob": given.glob, "max_replacements": given.max, "dry_run": not given.apply}
    return _call("ast_edit", given, options)


def _call(tool: str, given: argparse.Namespace, options: dict[str, Any]) -> Call:
    """What nobody has said is left to the tool."""
    said = {name: value for name, value in options.items() if value is not None}
    return Call(tool, (given.what, given.path), said, given.out, given.timeout)


def _shell(text: str) -> Call:
    """The command is taken as it was typed: options come first."""
    out: str | None = None
    timeout: float | None = None
    is_new = False
    rest = text.strip()
    try:
        while rest.startswith("--"):
            flag, _, rest = rest.partition(" ")
            rest = rest.lstrip()
            if flag == "--new":
                is_new = True
            elif flag == "--":
                break
            elif flag in ("--out", "--timeout"):
                word, _, rest = rest.partition(" ")
                rest = rest.lstrip()
                if flag == "--out":
                    out = variable(word)
                else:
                    timeout = seconds(word)
            else:
                raise UsageError(f"no option `{flag}`; usage: %fb {USAGE['sh']}")
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{error}; usage: %fb {USAGE['sh']}") from None
    if not rest and not is_new:
        raise UsageError(f"there is no command; usage: %fb {USAGE['sh']}")
    return Call("", (rest,), {}, out, timeout, is_new)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}` is no whole number")
    return int(text)


_READERS: dict[str, Callable[[argparse.Namespace], Call]] = {
    "grep": _grep, "glob": _glob, "fuzzy": _fuzzy, "ast": _ast,
}  # fmt: skip
