"""Flowctl magic: `%flowctl ...` runs any verb in a cell: its text is printed, its data returned.

The verbs are those of the command line, a floor above: whoever loads the extension hands them in.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from flowbench.notebook.errors import UsageError

MAGIC = "%flowctl"


class Verbs(NamedTuple):
    """call: words -> (data, text); an answer that is no success has `success` False. complete: the words before the
    one that is typed, and that one -> what could stand there."""

    call: Callable[[Sequence[str]], tuple[dict[str, Any], str]]
    complete: Callable[[Sequence[str], str], list[str]]


class Told(dict[str, Any]):
    """What a verb answered, as data. Its text stands in the cell already, so the same cell does not show it twice."""

    cell: Any = None

    def _ipython_display_(self) -> None:
        shell = _shell()
        if self.cell is None or self.cell != getattr(shell, "execution_count", None):
            print(dict(self))


@magics_class
class FlowctlMagics(Magics):
    """The magic of one shell."""

    def __init__(self, shell: Any, verbs: Verbs) -> None:
        super().__init__(shell)
        self._variables: Mapping[str, Any] = shell.user_ns
        self._shell = shell
        self._verbs = verbs

    @no_var_expand
    @line_magic
    def flowctl(self, line: str) -> Told:
        """%flowctl VERB ...: any verb of flowctl, in the working directory. `$name` is a variable's value."""
        data, text = self._verbs.call([self._filled(word) for word in words(line)])
        if text:
            print(text.removesuffix("\n"))
        told = Told(data)
        told.cell = getattr(self._shell, "execution_count", None)
        return told

    def _filled(self, word: str) -> str:
        name = word[1:]
        if not word.startswith("$") or not name.isidentifier():
            return word
        if name not in self._variables:
            raise UsageError(f"no variable is called `{name}`; write \\{word} for the word itself")
        return str(self._variables[name])


def words(line: str) -> list[str]:
    """As a shell would cut them. Raises: UsageError."""
    try:
        return [word[1:] if word.startswith("\\$") else word for word in _cut(line)]
    except ValueError as error:
        raise UsageError(f"%flowctl: {str(error).lower()}: a quotation mark is missing in {line.strip()!r}") from None


def _cut(line: str) -> list[str]:
    cutter = shlex.shlex(line, posix=True, punctuation_chars=False)
    cutter.whitespace_split, cutter.commenters, cutter.escape = True, "", ""
    return list(cutter)


def completions(verbs: Verbs, typed: str) -> tuple[str, list[str]]:
    """(the word that is typed, what could stand for it) of a line up to the cursor; no line of ours: ("", [])."""
    if not typed.lstrip().startswith(MAGIC + " "):
        return "", []
    rest = typed.lstrip().removeprefix(MAGIC).split(" ")
    before = [word for word in rest[:-1] if word]
    return rest[-1], verbs.complete(before, rest[-1])


def _shell() -> Any:
    from IPython.core.getipython import get_ipython

    return get_ipython()
