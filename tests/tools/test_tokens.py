"""Counting tokens: exact where a vocabulary is on disk, else estimated, and nothing fetched."""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.cancel import Aborted, CancelToken
from flowbench.tools import aio, count_tokens, tokens

PROSE = "The quick brown fox jumps over the lazy dog, and nobody knows why it does so every day.\n" * 40
CODE = "def visible_width(text: str, tab_width: int = 3) -> int:\n    return sum(map(cells, text))\n" * 40


@pytest.fixture(autouse=True)
def no_vocabulary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tokens, "_loaded", {})
    return tmp_path


def test_without_a_vocabulary_the_count_is_an_estimate_and_says_so() -> None:
    told = count_tokens(PROSE)

    assert (told.method, told.encoding) == ("estimate", None)
    assert 0.7 < told.count / (21 * 40) < 1.35
    assert int(told) == told.count


def test_an_estimate_of_code_is_near() -> None:
    assert 0.7 < count_tokens(CODE).count / (27 * 40) < 1.6


def test_nothing_has_no_tokens() -> None:
    assert count_tokens("").count == 0


def test_a_vocabulary_that_is_broken_is_not_fetched_again(no_vocabulary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    address = tokens.ADDRESS.format("o200k_base")
    (no_vocabulary / hashlib.sha1(address.encode()).hexdigest()).write_bytes(b"broken")
    monkeypatch.setitem(sys.modules, "tiktoken", None)  # asked for anything, it would raise ImportError

    assert count_tokens("some words").method == "estimate"


class Letters:
    """An encoding whose tokens are letters."""

    def encode_ordinary(self, text: str) -> list[str]:
        return list(text)


@given(st.text("ab \n", max_size=300))
def test_a_text_is_parted_without_loss(text: str) -> None:
    piece, tokens.PIECE = tokens.PIECE, 7
    try:
        assert "".join(tokens._pieces(text)) == text
    finally:
        tokens.PIECE = piece


def test_a_vocabulary_that_is_at_hand_counts_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_loaded", {"cl100k_base": Letters()})

    told = count_tokens("four" * 50_000, "cl100k_base")

    assert (told.count, told.method, told.encoding) == (200_000, "tiktoken", "cl100k_base")


def test_the_digests_are_those_that_tiktoken_knows() -> None:
    pytest.importorskip("tiktoken")
    source = Path(str(importlib.import_module("tiktoken_ext.openai_public").__file__)).read_text(encoding="utf-8")

    assert [name for name, digest in tokens.VOCABULARIES.items() if digest not in source] == []
    assert [name for name in tokens.VOCABULARIES if tokens.ADDRESS.format(name) not in source] == []


def test_an_encoding_that_there_is_not_is_told() -> None:
    with pytest.raises(ValueError, match="'gpt9'; there are o200k_base"):
        count_tokens("x", "gpt9")


def test_counting_ends_with_its_token() -> None:
    token = CancelToken()
    token.abort()
    with pytest.raises(Aborted):
        count_tokens("x", token=token)
    with pytest.raises(Aborted, match="Aborted: Timeout"):
        count_tokens("x", timeout_ms=0)


def test_counting_can_be_awaited() -> None:
    async def counted() -> Any:
        return await aio.count_tokens("a b c")

    assert asyncio.run(counted()) == count_tokens("a b c")
