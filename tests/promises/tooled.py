"""The tools of the room, called so that they work for long; the mark says that they have begun."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowbench import tools
from flowbench.cancel import CancelToken


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


CALLS: dict[str, Callable[[CancelToken, Path], Any]] = {
    "tools.html_to_markdown": html_to_markdown,
}
