"""The work profile of tools: one sample for each call, under the same tag whether it blocks or is awaited."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowbench import tools
from flowbench.cancel import CancelToken, profile
from flowbench.tools import aio

Given = tuple[Any, ...]
CALLS: dict[str, tuple[str, Callable[[Path], Given]]] = {
    "grep": ("grep", lambda root: ("x", root)),
    "glob": ("glob", lambda root: ("*", root)),
    "fuzzy_find": ("fuzzy_find", lambda root: ("x", root)),
    "html_to_markdown": ("html_to_markdown", lambda root: ("<p>x</p>",)),
    "count_tokens": ("count_tokens", lambda root: ("x",)),
    "execute_shell": ("shell.execute", lambda root: ("true",)),
}


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "_ring", deque())


def tags() -> list[tuple[str, str]]:
    return re.findall(r"^\| (\S+) .*\| (\d+) \|$", tools.get_work_profile(600).summary, re.MULTILINE)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_one_sample_whether_it_blocks_or_is_awaited(name: str, tmp_path: Path) -> None:
    tag, given = CALLS[name]

    getattr(tools, name)(*given(tmp_path))
    assert tags() == [(tag, "1")]

    asyncio.run(getattr(aio, name)(*given(tmp_path)))
    assert tags() == [(tag, "2")]


def test_a_step_is_one_sample() -> None:
    page = {"html": "<p>x</p>"}

    asyncio.run(tools.CATALOG["html_to_markdown"].answer(page, CancelToken(), lambda text: None))

    assert tags() == [("html_to_markdown", "1")]
