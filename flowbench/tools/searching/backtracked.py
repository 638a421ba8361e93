r"""Backtracked: patterns with look-around or back-references, where ripgrep cannot run: Python's `re`, in a child.

Such a pattern may take for ever, and `re` holds the interpreter meanwhile, so it never runs in this process, and is not
even compiled here: an abort kills the child, and so does the end of this process. `main` is what runs there.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence

import msgspec

from flowbench.cancel import CancelToken
from flowbench.tools.searching.guarded import Guarded
from flowbench.tools.searching.hits import Ask, FileHits, Hearer, Unable, Unfit
from flowbench.tools.searching.ladder import Rung, tokens
from flowbench.tools.searching.linear import may_span
from flowbench.tools.searching.sets import BYTES, spelt_set

BOOT = (
    "import sys; sys.path[:] = sys.argv[2:]; from flowbench.tools.searching.backtracked import main; main(sys.argv[1])"
)
BLANKS = r"\t \xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000"
ENDS = r"\n\x0b\f\r\x85\u2028\u2029"
# Escapes of PCRE2's and of Rust's regex, in Python's words.
ALSO = {
    r"\z": r"\Z",
    r"\Z": r"(?=\n?\Z)",
    r"\<": r"\b(?=\w)",
    r"\>": r"\b(?<=\w)",
    r"\b{start}": r"\b(?=\w)",
    r"\b{end}": r"\b(?<=\w)",
    r"\b{start-half}": r"(?<!\w)",
    r"\b{end-half}": r"(?!\w)",
    r"\R": rf"(?>\r\n|[{ENDS}])",
    r"\N": rf"[^\n{BYTES}]",
    r"\W": rf"[^\w{BYTES}]",
    r"\S": rf"[^\s{BYTES}]",
    r"\D": rf"[^\d{BYTES}]",
    r"\h": f"[{BLANKS}]",
    r"\H": f"[^{BLANKS}{BYTES}]",
    r"\V": f"[^{ENDS}{BYTES}]",
}
# What Rust's regex does not read, so that ripgrep takes PCRE2.
BEYOND = re.compile(r"\(\?(?:[=!>|#&(R0-9]|P[=>]|<[=!])|\(\*|\\[1-9kKRhHNVXGQZ]|[*+?}]\+")
OF_SETS = re.compile(r"&&|--|~~|\[")
SIZE = 8  # bytes that say how long the message behind them is


class Request(msgspec.Struct):
    """What the child is to do. The Ask is without glob and kind: the files are chosen."""

    ask: Ask
    rung: Rung
    places: list[bytes]


class Answer(msgspec.Struct):
    """What it says: of a file; or, at its end, how many it has searched, or why it has not."""

    hits: FileHits | None = None
    searched: int | None = None
    unfit: str | None = None


_encode = msgspec.msgpack.encode
_answer = msgspec.msgpack.Decoder(Answer).decode


def search_files(ask: Ask, rung: Rung, places: Sequence[bytes], hearer: Hearer, token: CancelToken) -> int:
    """Search those files in a child; returns how many there were. Raises: Unfit, Unable, Aborted."""
    plain = msgspec.structs.replace(ask, glob=None, kind=None)
    path = [each for each in sys.path if isinstance(each, str)]
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(_encode(Request(plain, rung, list(places))))
            file.flush()
            with Guarded([sys.executable, "-I", "-c", BOOT, file.name, *path], None, token) as child:
                heard = bytearray()
                for chunk in child.chunks():
                    heard += chunk
                    searched = _take(heard, hearer)
                    if searched is not None:
                        return searched
                raise Unable(f"the child that backtracks ended with code {child.code}: {child.errors().strip()[-200:]}")
    except (OSError, ValueError) as error:
        raise Unable(str(error)) from None


def _take(heard: bytearray, hearer: Hearer) -> int | None:
    """Take whole messages out of what was heard. Raises: Unfit."""
    while len(heard) >= SIZE and len(heard) >= (end := SIZE + int.from_bytes(heard[:SIZE], "big")):
        answer = _answer(heard[SIZE:end])
        del heard[:end]
        if answer.unfit is not None:
            raise Unfit(answer.unfit)
        if answer.searched is not None:
            return answer.searched
        if answer.hits is not None:
            hearer.file(answer.hits)
    hearer.pause()
    return None


# In the child


class Backtracking:
    """A pattern of `re`, asked as a lines.Pattern. Offsets are those of bytes."""

    is_for_ascii = False

    def __init__(self, ask: Ask, rung: Rung) -> None:
        """Raises: Unfit."""
        self.by_line = not ask.multiline
        flags = re.MULTILINE | (re.IGNORECASE if ask.ignore_case else 0)
        try:
            self._compiled = re.compile(spelt(rung.text), flags)
            is_beyond = BEYOND.search(rung.text) is not None
            self.spans = ask.multiline and (is_beyond or may_span(rung) or _has_line_end_in_set(rung.text))
        except (re.error, RecursionError, OverflowError) as error:
            raise Unfit(str(error)) from None

    def find(self, data: bytes, at: int = 0) -> tuple[int, int] | None:
        text = data.decode("utf-8", "surrogateescape")
        start = len(data[:at].decode("utf-8", "surrogateescape"))
        found = self._compiled.search(text, start)
        if found is None:
            return None
        first = len(text[: found.start()].encode("utf-8", "surrogateescape"))
        return first, first + len(found[0].encode("utf-8", "surrogateescape"))

    def may_be_in(self, data: bytes) -> bool:
        return True


def spelt(pattern: str) -> str:
    """In Python's spelling: names of groups, what is quoted, sets of sets, and the end of the text."""
    nests = not BEYOND.search(pattern)
    dot = "." if re.search(r"\(\?[a-z]*s", pattern) else f"[^\\n{BYTES}]"
    text = "".join(
        spelt_set(part, nests=nests)
        if kind == "set" and OF_SETS.search(part, 1)
        else dot
        if part == "." and kind == "plain"
        else _spelt(part)
        for kind, part in tokens(pattern)
    )
    text = re.sub(r"\\k(?:<(\w+)>|\{(\w+)\})", lambda found: f"(?P={found[1] or found[2]})", text)
    return re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", text)


def _has_line_end_in_set(pattern: str) -> bool:
    """In one of Rust's, which the linear engine does not read."""
    sets = (part for kind, part in tokens(pattern) if kind == "set" and OF_SETS.search(part, 1))
    return any(re.fullmatch(spelt_set(part, nests=True), "\n") for part in sets)


def _spelt(part: str) -> str:
    if part.startswith(r"\Q") and part.endswith(r"\E"):
        return re.escape(part[2:-2])
    if part.startswith("[^") and part.endswith("]"):
        return f"{part[:-1]}{BYTES}]"
    return ALSO.get(part, part)


def main(request_at: str) -> None:
    """Answer the request in that file."""
    from flowbench.tools.searching.in_process import search

    with open(request_at, "rb") as file:
        request = msgspec.msgpack.decode(file.read(), type=Request)
    try:
        pattern = Backtracking(request.ask, request.rung)
    except Unfit as error:
        _tell(Answer(unfit=str(error)))
        return
    searched = 0
    for place in request.places:
        found, count, _ = search(pattern, request.ask, [place], CancelToken())
        searched += count
        for hits in found:
            _tell(Answer(hits=hits))
    _tell(Answer(searched=searched))


def _tell(answer: Answer) -> None:
    message = _encode(answer)
    sys.stdout.buffer.write(len(message).to_bytes(SIZE, "big") + message)
    sys.stdout.buffer.flush()
