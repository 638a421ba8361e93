"""Tokens: how many a language model makes of a text; counted where the vocabulary is at hand, estimated elsewhere.

Nothing is ever fetched: tiktoken is asked only for an encoding whose vocabulary is on disk already.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from flowbench.cancel import CancelToken, bound, profile_region

# {encoding: SHA-256 of its vocabulary}; tiktoken keeps the file under the SHA-1 of the address it came from.
VOCABULARIES = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "p50k_base": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
}
ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
PIECE = 65_536  # characters, about, that are counted between two looks at the token
_BORDER = re.compile(r"\S\n(?=\S)")  # no token goes on behind the newline
# Of text in English about four letters are a token, of code three; a Chinese character is about one.
_WORD = re.compile(r"[A-Za-z]+|[0-9]{1,3}|[^\x00-\x7f]|[^\sA-Za-z0-9]+|\n+|[ \t]{2,}")
LETTERS_A_TOKEN = 6  # of a longer word; most words are one token with the space before them


class TokenCount(msgspec.Struct, frozen=True):
    """count: tokens. method: `tiktoken`, exact for its encoding, or `estimate`, off by up to about a third.
    encoding: of tiktoken, None for an estimate.
    """

    count: int
    method: str
    encoding: str | None = None

    def __int__(self) -> int:
        return self.count


def count_tokens(
    text: str, encoding: str = "o200k_base", *, token: CancelToken | None = None, timeout_ms: float | None = None
) -> TokenCount:
    """Abort raises Aborted. Tokens of a text: exact with tiktoken, if it is installed and has the vocabulary of
    `encoding` on disk; else an estimate, and the result says so.

    encoding: of tiktoken, o200k_base, cl100k_base, p50k_base or r50k_base. Nothing is fetched; to put a vocabulary on
    disk, call `tiktoken.get_encoding("o200k_base")` once with a network.
    Raises: ValueError for an encoding that there is not; Aborted.
    """
    if encoding not in VOCABULARIES:
        raise ValueError(f"no encoding {encoding!r}; there are {', '.join(VOCABULARIES)}")
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    with profile_region("count_tokens"):
        known = _encoding(encoding)
        count = 0
        for piece in _pieces(text):
            token.heartbeat()
            count += len(known.encode_ordinary(piece)) if known is not None else _estimated(piece)
        return TokenCount(count, "estimate") if known is None else TokenCount(count, "tiktoken", encoding)


def _pieces(text: str) -> Iterator[str]:
    """Parts whose tokens are those of the whole; one that has no such border is not parted."""
    begin = 0
    while border := _BORDER.search(text, begin + PIECE):
        yield text[begin : border.end()]
        begin = border.end()
    yield text[begin:]


def _on_disk(encoding: str) -> bool:
    """Whether the vocabulary is, whole, where tiktoken looks first: one that is broken it would fetch."""
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if folder == "":
        return False  # an empty name turns its cache off
    name = hashlib.sha1(ADDRESS.format(encoding).encode(), usedforsecurity=False).hexdigest()
    place = Path(folder) if folder else Path(tempfile.gettempdir()) / "data-gym-cache"
    try:
        return hashlib.sha256((place / name).read_bytes()).hexdigest() == VOCABULARIES[encoding]
    except OSError:
        return False


_loaded: dict[str, Any] = {}


def _encoding(name: str) -> Any | None:
    """tiktoken's encoding, if it can be had without a network."""
    if name not in _loaded:
        try:
            import tiktoken
        except ImportError:
            return None
        if not _on_disk(name):
            return None
        _loaded[name] = tiktoken.get_encoding(name)
    return _loaded[name]


def _estimated(text: str) -> int:
    words = _WORD.findall(text)
    return sum(-(-len(word) // LETTERS_A_TOKEN) if word[0].isascii() and word[0].isalpha() else 1 for word in words)
