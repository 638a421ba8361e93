r"""Sets: characters as Rust's regex and PCRE2 tell them in brackets, in words of Python's `re`, which has others.

`[a-z&&[^f]]`, `[\w--_]`, `[[:alpha:]_]`: what is in both, what is in the first alone, what has a name. In PCRE2 sets do
not nest, and `&&` and `--` mean themselves. No set has bytes in it that are no UTF-8, a negated one neither.
"""

from __future__ import annotations

BYTES = r"\udc80-\udcff"  # those that are no UTF-8, as Python decodes them
ANY = f"[^{BYTES}]"
NAMED = {
    "alnum": "[0-9A-Za-z]",
    "alpha": "[A-Za-z]",
    "ascii": r"[\x00-\x7f]",
    "blank": r"[ \t]",
    "cntrl": r"[\x00-\x1f\x7f]",
    "digit": "[0-9]",
    "graph": "[!-~]",
    "lower": "[a-z]",
    "print": "[ -~]",
    "punct": r"[!-/:-@\[-`{-~]",
    "space": r"[\t-\r ]",
    "upper": "[A-Z]",
    "word": "[0-9A-Za-z_]",
    "xdigit": "[0-9A-Fa-f]",
}
# In PCRE2 they know Unicode.
NAMED_THERE = {"alnum": rf"[^\W_{BYTES}]", "alpha": rf"[^\W\d_{BYTES}]", "digit": r"\d", "space": r"\s", "word": r"\w"}
OPERATIONS = {"&&": "(?:(?={})(?:{}))", "--": "(?:(?!{1})(?:{0}))", "~~": "(?:(?!{0})(?:{1})|(?!{1})(?:{0}))"}
MEANS_MORE = "[&~|"  # in a set of Python's, some day


def spelt_set(text: str, *, nests: bool) -> str:
    """A whole set, brackets included, as an expression that matches one character. nests: it is Rust's."""
    return _Reader(text, nests).whole()


class _Reader:
    def __init__(self, text: str, nests: bool) -> None:
        self._text, self._nests, self._at = text, nests, 0

    def whole(self) -> str:
        """The set that begins here."""
        self._at += 1
        is_negated = self._takes("^")
        value: str | None = None
        operation = ""
        single: list[str] = []
        others: list[str] = []
        is_first = True
        while self._at < len(self._text):
            pair = self._text[self._at : self._at + 2]
            if pair[0] == "]" and not is_first:
                break
            if self._nests and pair in OPERATIONS and not is_first:
                value, operation = self._joined(value, operation, _union(single, others)), pair
                single, others = [], []
                self._at += 2
            elif pair == "[:" and (end := self._text.find(":]", self._at)) >= 0:
                name = self._text[self._at + 2 : end]
                names = NAMED if self._nests else NAMED | NAMED_THERE
                named = names.get(name.removeprefix("^"), ANY)
                others.append(f"(?!{named}){ANY}" if name.startswith("^") else named)
                self._at = end + 2
            elif pair[0] == "[" and self._nests:
                others.append(self.whole())
            else:
                single.append(self._one(pair))
            is_first = False
        self._at += 1
        value = self._joined(value, operation, _union(single, others))
        return f"(?:(?!{value}){ANY})" if is_negated else value

    def _one(self, pair: str) -> str:
        """A character or an escape, as it stands in a set."""
        if pair[0] == "\\":
            self._at += len(pair)
            return pair
        self._at += 1
        return f"\\{pair[0]}" if pair[0] in MEANS_MORE or pair[0] in "]^" else pair[0]

    def _joined(self, left: str | None, operation: str, right: str) -> str:
        return right if left is None else OPERATIONS[operation].format(left, right)

    def _takes(self, sign: str) -> bool:
        taken = self._text.startswith(sign, self._at)
        self._at += taken
        return taken


def _union(single: list[str], others: list[str]) -> str:
    parts = [f"[{''.join(single)}]", *others] if single else others
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})" if parts else r"(?!)"
