r"""Linear: patterns of anybody, safe to run in this process: time grows with the text, whatever the pattern (RE2).

They are read as ripgrep reads them: `\w`, `\d`, `\s` know Unicode, `\n` is matched only where a match may span lines.
What RE2 would read in another way, and look-around and back-references, are refused (Unfit) and run elsewhere, see
`backtracked`.
"""

from __future__ import annotations

import re
from typing import Any

from flowbench.tools.searching.hits import Unfit
from flowbench.tools.searching.ladder import Rung, tokens

MEMORY = 64 << 20  # bytes that a compiled pattern and its search may take
META = frozenset(".^$*+?()[]{}|\\")

# The sets of Unicode that Rust's regex means, without brackets.
WORD = (
    r"\p{L}\p{M}\p{Nl}\p{Nd}\p{Pc}\x{200C}\x{200D}\x{24B6}-\x{24E9}"
    r"\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}"
)
DIGIT = r"\p{Nd}"
SPACE = r"\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
SETS = {"w": WORD, "d": DIGIT, "s": SPACE}

_EDGE = re.compile(r"\\[bB]")
_ESCAPE = re.compile(r"\\(?:[pPxuU]\{[^}]*\}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)


class Linear:
    """A compiled pattern. literal: bytes that are in each match, b"" if that is not known. shortest: bytes of a match.

    is_for_ascii: of other text ripgrep says something else. by_line: `find` must be given one line at a time, for the
    pattern asks where the text begins or ends. spans: a match may lie in several lines.
    """

    def __init__(self, rung: Rung, *, ignore_case: bool = False, multiline: bool = False) -> None:
        """Raises: Unfit."""
        import re2

        text = _plain(rung.text) if rung.is_literal else translated(rung.text)
        options = re2.Options()
        options.log_errors = False
        options.max_mem = MEMORY
        options.never_nl = not multiline
        options.case_sensitive = not ignore_case
        try:
            self._compiled: Any = re2.compile(f"(?m)(?:{text})".encode(), options)
        except (re2.error, UnicodeEncodeError) as error:
            raise Unfit(str(error)) from None
        self.rung = rung
        self.spans = multiline and may_span(rung)
        self.is_for_ascii = not rung.is_literal and _EDGE.search(rung.text) is not None
        self.by_line = not multiline and not rung.is_literal and _asks_for_ends(rung.text)
        literal, self.shortest = _needed(rung)
        self.literal = b"" if ignore_case else literal

    def find(self, data: bytes, at: int = 0) -> tuple[int, int] | None:
        """Where the first match at or behind `at` begins and ends."""
        found = self._compiled.search(data, at)
        return None if found is None else found.span()

    def may_be_in(self, data: bytes) -> bool:
        """False: it is certainly not. Quicker than a search."""
        return not self.literal or self.literal in data


def translated(pattern: str) -> str:
    r"""A pattern of ripgrep's in RE2's words. Raises: Unfit."""
    return "".join(_set(text) if kind == "set" else _escape(text, "[{}]") if kind == "escape" else text
                   for kind, text in tokens(pattern))  # fmt: skip


def _escape(text: str, form: str) -> str:
    """An escape. form: where the content of a set is put."""
    letter = text[1:2]
    if letter.lower() in SETS and len(text) == 2:
        if letter.islower():
            return form.format(SETS[letter])
        if form == "{}":
            raise Unfit(f"{text} in a set")
        return form.format("^" + SETS[letter.lower()])
    if letter == "x" and len(text) == 4:
        return f"\\x{{{text[2:]}}}"
    if letter in "uU" or (letter in "bB" and len(text) > 2):
        digits = text[2:].strip("{}")
        if letter not in "uU" or not re.fullmatch(r"[0-9A-Fa-f]{1,8}", digits):
            raise Unfit(f"{text} is not read here")
        return f"\\x{{{digits}}}"
    if letter in "<>CQEZ" or letter.isdigit():  # RE2 has other meanings for them
        raise Unfit(f"{text} is not read here")
    return text


def _set(text: str) -> str:
    inner = text[1:-1]
    if re.search(r"&&|--|~~|\[(?!:\^?\w+:\])", inner) or text[-1] != "]":
        raise Unfit(f"{text}: sets of sets are not read here")
    for found in _ESCAPE.finditer(inner):
        if found[0][1:2] in "wdsWDSpP" and inner[found.end() :][:1] == "-" and found.end() + 1 < len(inner):
            raise Unfit(f"{text}: a range from a set is not read here")
    return f"[{_ESCAPE.sub(lambda found: _escape(found[0], '{}'), inner)}]"


def _plain(text: str) -> str:
    return "".join(f"\\{each}" if each in META else "\\x{0}" if each == "\0" else each for each in text)


def _asks_for_ends(pattern: str) -> bool:
    return re.search(r"\\[Az]|\(\?[a-zA-Z]*-[a-zA-Z]*m", pattern) is not None


def may_span(rung: Rung) -> bool:
    """As ripgrep judges it, which searches line by line where it can: a line end, or a line's ends, may be matched."""
    import re2

    if rung.is_literal:
        return "\n" in rung.text
    if re.search(r"\(\?[a-z]*s", rung.text):
        return True
    options = re2.Options()
    options.log_errors = False
    for kind, text in tokens(rung.text):
        if kind == "plain" and text in ("\n", "^", "$"):
            return True
        if kind in ("set", "escape") and text not in (r"\A", r"\z", r"\b", r"\B"):
            try:
                if re2.compile(translated(text).encode(), options).fullmatch(b"\n"):
                    return True
            except (re2.error, Unfit):
                continue
    return False


def _needed(rung: Rung) -> tuple[bytes, int]:
    """(the longest run of characters that stands in each match, the least number of bytes of a match)."""
    if rung.is_literal:
        plain = rung.text.encode("utf-8", "replace")
        return plain, len(rung.text)
    parts = list(tokens(rung.text))
    if any(text == "|" and kind == "plain" for kind, text in parts) or "(?" in rung.text:
        return b"", 0
    runs, run = [""], ""
    depth = shortest = 0
    for (kind, text), (next_kind, next_text) in zip(parts, [*parts[1:], ("", "")], strict=False):
        depth += (kind == "(") - (kind == ")")
        is_one = depth == 0 and (
            kind == "set"
            or (kind == "plain" and text not in META - {"."})
            or (kind == "escape" and (not text[1].isalnum() or text[1] in "wdsWDSpPx"))
        )
        may_lack = next_kind == "brace" or next_text in ("*", "?")
        shortest += is_one and not may_lack
        is_itself = (kind == "plain" and text != ".") or (kind == "escape" and not text[1].isalnum())
        if is_one and is_itself and not may_lack and next_text != "+":
            run += text[-1]
        else:
            runs.append(run)
            run = ""
    return max([*runs, run], key=len).encode("utf-8", "replace"), shortest
