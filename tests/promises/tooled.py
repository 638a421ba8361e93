"""The tools of the room, called so that they work for long; the mark says that they have begun."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flowbench import tools
from flowbench.cancel import CancelToken
from flowbench.tools import tokens
from tests.tools.files.trees import Listing


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


def in_an_endless_directory(search: Callable[[CancelToken, str], object]) -> Callable[[CancelToken, Path], Any]:
    """The mark is made when its first entries are asked for."""

    def call(token: CancelToken, mark: Path) -> Any:
        listing = Listing(1 << 60, at=lambda given: given == 1 and mark.touch())
        with patch("flowbench.tools.files.walking.scandir", lambda _: listing):
            return search(token, str(mark.parent))

    return call


def grep(token: CancelToken, mark: Path) -> Any:
    """With a ripgrep that never answers."""
    stubborn = mark.with_name("rg")
    stubborn.write_text(f"#!/bin/sh\ntouch {mark}\nexec sleep 600\n")
    stubborn.chmod(0o755)
    with patch.dict(os.environ, FLOWBENCH_RIPGREP=str(stubborn)):
        return tools.grep("foo", mark.parent, token=token)


class Patterns(dict[str, str]):
    """Tells when it is looked at. Many files wait to be parsed."""

    def __init__(self, mark: Path) -> None:
        super().__init__({"f($A)": "g($A)"})
        self.mark = mark
        for number in range(40):
            mark.with_name(f"code{number}.py").write_text("x = f(1) + [2, 3]\n" * 20_000)

    def __len__(self) -> int:
        self.mark.touch()
        return super().__len__()

    def __iter__(self) -> Any:
        self.mark.touch()
        return super().__iter__()


class Code(Page):
    """Tells when it is read, and takes its time to be parsed."""

    __slots__ = ()

    def __len__(self) -> int:
        self.mark.touch()
        return super().__len__()


def ast_match(token: CancelToken, mark: Path) -> Any:
    code = Code("x = f(1) + [2, 3]\n" * 1_000_000)
    code.mark = mark
    return tools.ast_match(code, "f($A)", lang="python", token=token)


def answer(token: CancelToken, mark: Path) -> Any:
    """Of a tool whose function has flags for an abort."""
    options = {"command": f"touch {mark}; sleep 600"}
    return asyncio.run(tools.CATALOG["shell"].answer(options, token, lambda text: None))


CALLS: dict[str, Callable[[CancelToken, Path], Any]] = {
    "tools.Tool.answer": answer,
    "tools.ast_edit": lambda token, mark: tools.ast_edit(Patterns(mark), mark.parent, token=token),
    "tools.ast_grep": lambda token, mark: tools.ast_grep(Patterns(mark), mark.parent, token=token),
    "tools.ast_match": ast_match,
    "tools.count_tokens": count_tokens,
    "tools.fuzzy_find": in_an_endless_directory(lambda token, root: tools.fuzzy_find("x", root, token=token)),
    "tools.glob": in_an_endless_directory(lambda token, root: tools.glob("*.x", root, token=token)),
    "tools.grep": grep,
    "tools.html_to_markdown": html_to_markdown,
    "tools.read_image_from_clipboard": read_image_from_clipboard,
}
