"""The tools of the room, called so that they work for long; the mark says that they have begun."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flowbench import tools
from flowbench.cancel import CancelToken
from flowbench.tools import tokens


class Page(str):
    """Tells when it is read."""

    __slots__ = ("mark",)
    mark: Path

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        self.mark.touch()
        return super().encode(encoding, errors)


def html_to_markdown(token: CancelToken, mark: Path) -> Any:
    page = Page("<blockquote>" * 1_000_000)
    page.mark = mark
    return tools.html_to_markdown(page, token=token)


class Slow:
    """An encoding that takes its time."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def encode_ordinary(self, text: str) -> list[str]:
        self.mark.touch()
        time.sleep(0.005)
        return list(text)


def count_tokens(token: CancelToken, mark: Path) -> Any:
    with patch.dict(tokens._loaded, r50k_base=Slow(mark)), patch.object(tokens, "PIECE", 8):
        return tools.count_tokens("words\n" * 200_000, "r50k_base", token=token)


def read_image_from_clipboard(token: CancelToken, mark: Path) -> Any:
    """Through a program that never answers."""
    stubborn = mark.with_name("xclip")
    stubborn.write_text(f"#!/bin/sh\ntouch {mark}\nexec sleep 600\n")
    stubborn.chmod(0o755)
    path = f"{stubborn.parent}{os.pathsep}{os.environ['PATH']}"
    with patch.dict(os.environ, PATH=path, DISPLAY=":7", WAYLAND_DISPLAY=""):
        return tools.read_image_from_clipboard(token=token)


CALLS: dict[str, Callable[[CancelToken, Path], Any]] = {
    "tools.count_tokens": count_tokens,
    "tools.html_to_markdown": html_to_markdown,
    "tools.read_image_from_clipboard": read_image_from_clipboard,
}
