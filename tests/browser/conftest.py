"""One JupyterLab and one browser for all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import lab, page


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="package")
def browser(place: Path) -> Iterator[Any]:
    with page(place) as opened:
        yield opened


@pytest.fixture(scope="package")
def address(place: Path, browser: Any) -> Iterator[str]:
    with lab(place) as told:  # after the browser: without Chromium no server is started
        yield told


@pytest.fixture
def shot(browser: Any, tmp_path: Path) -> Any:
    """Take a screenshot; $FLOWBENCH_SHOTS is where people look at them."""
    folder = Path(os.environ.get("FLOWBENCH_SHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def take(name: str, of: Any) -> None:
        of.evaluate("element => element.scrollIntoView({block: 'center'})")
        browser.screenshot(path=folder / f"{name}.png")

    return take
