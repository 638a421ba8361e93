"""Spans: places in a text, in characters, in bytes of UTF-8, and by line and column."""

from __future__ import annotations


class Bytes:
    """How many bytes there are before a character; asked in any order, fastest from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._is_plain = text.isascii()
        self._at = self._bytes = 0

    def before(self, character: int) -> int:
        """character: 0 to the length of the text."""
        if self._is_plain:
            return character
        if character < self._at:
            self._at = self._bytes = 0
        self._bytes += len(self._text[self._at : character].encode())
        self._at = character
        return self._bytes
