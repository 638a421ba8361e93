"""Arguments: what may stand behind `%fb` and `%%blueprint`."""

from __future__ import annotations

import argparse
import json
import keyword
import math
import re
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from flowbench.notebook.errors import UsageError, did_you_mean

USAGE = {
    "run": "run NAME [--ctx VALUE] [--out NAME] [--step] [--bg] [--timeout S] [--limit N] [--on-abort stop|continue] "
    "[--durability memory|process|power] [--check off|warn|fail] [--answers VALUE] [--operator NAME]",
    "explain": "explain NAME [--ctx VALUE] [--answers VALUE] [--operator NAME] [--out NAME]",
    "graph": "graph NAME",
    "lint": "lint NAME [--allow RULE] [--warn RULE] [--deny RULE] [--out NAME]",
    "agents": "agents [NAME] [--out NAME]",
    "ctx": "ctx [RUN] [STEP] [--out NAME]",
    "diff": "diff [RUN] [A [B]] [--out NAME]",
    "runs": "runs [--out NAME]",
    "resume": "resume RUN [--out NAME] [--bg] [--timeout S] [--limit N] [--on-abort stop|continue] "
    "[--answers VALUE] [--operator NAME]",
    "rerun": "rerun RUN --at STEP|AGENT [--with NAME] [--set PATH=JSON] [--out NAME] [--bg] [--timeout S] [--limit N] "
    "[--on-abort stop|continue] [--answers VALUE] [--operator NAME]",
    "abort": "abort [RUN]",
    "step": "step [next | go | abort | set PATH JSON]",
    "terminal": "terminal [COMMAND]",
    "help": "help",
}
LINT_LEVELS = ("allow", "warn", "deny")
CLOSING = {"(": ")", "[": "]", "{": "}"}
LOOKING = {"ctx": 2, "diff": 3}  # words about runs and their steps: how many may follow
_NODE = r"(\d+|[tebc]|[if]\d+)"
_MOMENT = re.compile(rf"start|end|{_NODE}(\.{_NODE})*")
AS_TYPED = ("step", "terminal")  # what follows is no list of words of ours
LANGUAGES = ("yaml", "json", "python")  # of a `%%blueprint` cell
BLUEPRINT_FLAGS = ["--show", *(f"--{language}" for language in LANGUAGES)]
STEPS = ("next", "go", "abort", "set")


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises UsageError instead of ending the process."""

    def __init__(self, command: str, usage: str = "") -> None:
        super().__init__(prog=f"%fb {command}", add_help=False, allow_abbrev=False)
        self._usage = usage or USAGE.get(command, command)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; usage: %fb {self._usage}")


def words(line: str, *, with_brackets: bool = True) -> list[str]:
    """Split at blanks outside quotes and brackets, so that `--ctx {"a": 1}` is one word; quotes around a whole word
    vanish. with_brackets: False for what has brackets of its own. Raises: UsageError."""
    found, start, depth, quote = [], 0, 0, ""
    for at, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in CLOSING and with_brackets:
            depth += 1
        elif char in CLOSING.values() and with_brackets:
            depth -= 1
        elif char.isspace() and depth <= 0:
            found.append(line[start:at])
            start = at + 1
    if quote or depth > 0:
        raise UsageError(f"{'a quote' if quote else 'a bracket'} is not closed in: {line}")
    return [_bare(word) for word in [*found, line[start:]] if word]


def command(line: str, others: Collection[str] = ()) -> tuple[str, list[str], str]:
    """Sub-command, its words, and their text as it was typed. others: sub-commands that split their text themselves.

    Raises: UsageError for an unknown sub-command.
    """
    name, _, rest = line.strip().partition(" ")
    name = name or "help"
    if name not in USAGE and name not in others:
        raise UsageError(f"no sub-command `{name}`{did_you_mean(name, [*USAGE, *others])}")
    return name, [] if name in AS_TYPED or name in others else words(rest), rest.strip()


def parse(name: str, given: list[str]) -> argparse.Namespace:
    """The arguments of a sub-command. Raises: UsageError."""
    parser = Parser(name)
    if name == "run":
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--ctx", metavar="VALUE")
        parser.add_argument("--step", action="store_true")
        parser.add_argument("--durability", choices=("memory", "process", "power"), default="process")
        parser.add_argument("--check", choices=("off", "warn", "fail"), default="off")
    if name == "lint":
        for level in LINT_LEVELS:
            parser.add_argument(f"--{level}", metavar="RULE", action="append", default=[])
    if name in ("resume", "rerun"):
        parser.add_argument("id", metavar="RUN")
    if name == "rerun":
        parser.add_argument("--at", metavar="STEP|AGENT", required=True)
        parser.add_argument("--with", dest="name", metavar="NAME")
        parser.add_argument("--set", dest="patch", metavar="PATH=JSON", type=_edit, action="append")
    if name in ("run", "resume", "rerun", "agents", "ctx", "diff", "explain", "lint", "runs"):
        parser.add_argument("--out", metavar="NAME", type=variable)
    if name in ("run", "resume", "rerun"):
        parser.add_argument("--bg", action="store_true")
        parser.add_argument("--timeout", metavar="S", type=seconds)
        parser.add_argument("--limit", metavar="N", type=_count)
        parser.add_argument("--on-abort", choices=("stop", "continue"), default="stop")
    if name == "explain":
        parser.add_argument("--ctx", metavar="VALUE")
    if name in ("run", "resume", "rerun", "explain"):
        parser.add_argument("--answers", metavar="VALUE")
        parser.add_argument("--operator", metavar="NAME")
    if name in ("explain", "graph", "lint"):
        parser.add_argument("name", metavar="NAME")
    if name == "agents":
        parser.add_argument("name", metavar="NAME", nargs="?")
    if name == "abort":
        parser.add_argument("id", metavar="RUN", nargs="?")
    if name in LOOKING:
        parser.add_argument("words", metavar="WORD", nargs="*")
    options = parser.parse_args(given)
    if name in LOOKING and len(options.words) > LOOKING[name]:
        parser.error(f"these are too many words: {' '.join(options.words)}")
    if name == "run" and options.step and options.bg:
        raise UsageError("--step and --bg exclude each other: a stepped run never keeps the cell busy")
    return options


def blueprint_line(line: str) -> tuple[str, bool, str]:
    """Name, --show and language ("" to be found out) of a `%%blueprint` cell. Raises: UsageError."""
    given = words(line)
    flags = [word for word in given if word.startswith("--")]
    names = [word for word in given if word not in flags]
    languages = [flag[2:] for flag in flags if flag[2:] in LANGUAGES]
    unknown = [flag for flag in flags if flag != "--show" and flag[2:] not in LANGUAGES]
    if unknown:
        raise UsageError(f"no option `{unknown[0]}`{did_you_mean(unknown[0], BLUEPRINT_FLAGS)}")
    if len(names) != 1 or not is_variable(names[0]) or len(languages) > 1:
        raise UsageError(
            f"usage: %%blueprint NAME [--show] [{'|'.join(BLUEPRINT_FLAGS[1:])}], NAME being a Python variable"
        )
    return names[0], "--show" in flags, languages[0] if languages else ""


def step_line(text: str) -> tuple[str, str, str]:
    """(action, path, JSON text) of `%fb step ...`; the JSON is taken as typed, quotes included. Raises: UsageError."""
    action, _, rest = text.partition(" ")
    action = action or "next"
    if action not in STEPS:
        raise UsageError(f"no step action `{action}`{did_you_mean(action, STEPS)}")
    path, _, value = rest.strip().partition(" ")
    if action == "set" and not (path and value.strip()):
        raise UsageError("usage: %fb step set $.path JSON")
    if action != "set" and path:
        raise UsageError(f"`%fb step {action}` takes nothing more")
    return action, path, value.strip()


def is_variable(word: str) -> bool:
    """Whether Python can assign to it."""
    return word.isidentifier() and not keyword.iskeyword(word)


def is_moment(word: str) -> bool:
    """Whether it can stand for a point of a run: `start`, `end`, or the address of a node."""
    return _MOMENT.fullmatch(word) is not None


def value(text: str | None, variables: dict[str, Any]) -> Any:
    """What --ctx means: a variable, else JSON, else a Python expression over the variables. Raises: UsageError."""
    if text is None:
        return None
    if text in variables:
        return variables[text]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass
    if text.isidentifier():
        raise UsageError(f"--ctx: there is no variable `{text}`{_near(text, variables)}")
    try:
        return eval(text, variables)  # noqa: S307 - the person's own cell, which may run any code anyway
    except Exception as error:  # whatever their expression raises is an answer to them, in one line
        raise UsageError(f"--ctx {text}: {type(error).__name__}: {error}") from None


def people(options: argparse.Namespace, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a launch: who stands behind the agents, and what answers for people: a variable, JSON or a file.

    Raises: UsageError.
    """
    name, answers = options.operator, options.answers
    if name is not None and name not in variables:
        raise UsageError(f"--operator: there is no variable `{name}`{_near(name, variables)}")
    return {
        "operator": "people" if name is None else variables[name],
        "answers": variables.get(answers, answers) if answers is not None else None,
    }


def _bare(word: str) -> str:
    is_quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" and word[0] not in word[1:-1]
    return word[1:-1] if is_quoted else word


def seconds(text: str) -> float:
    """A time limit. Raises: argparse.ArgumentTypeError."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (0 < found < math.inf):
        raise argparse.ArgumentTypeError(f"`{text}` is no positive number of seconds")
    return found


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no whole number from 1 on")
    return int(text)


def _edit(text: str) -> tuple[str, Any]:
    path, is_there, value = text.partition("=")
    try:
        return path.strip(), json.loads(value)
    except json.JSONDecodeError:
        why = f"{value or 'nothing'} is no JSON" if is_there else "there is no ="
        raise argparse.ArgumentTypeError(f"`{text}`: {why}; write --set $.path=JSON") from None


def variable(text: str) -> str:
    """A name that a value can be left in. Raises: argparse.ArgumentTypeError."""
    if not is_variable(text):
        raise argparse.ArgumentTypeError(f"`{text}` cannot be a variable")
    return text


def _near(word: str, variables: Mapping[str, Any]) -> str:
    data = (name for name, held in variables.items() if not name.startswith("_") and not callable(held))
    hint = did_you_mean(word, data)
    return hint if "did you mean" in hint else ""
