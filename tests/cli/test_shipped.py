"""Where the shipped notebooks are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowbench.cli.exits import Refusal
from flowbench.cli.shipped import notebook


def lay(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "a.ipynb").write_text("{}")
    return folder / "a.ipynb"


def test_the_copy_in_the_package_comes_first(tmp_path: Path) -> None:
    inside = lay(tmp_path / "flowbench" / "shipped")
    lay(tmp_path / "notebooks")

    assert notebook("a.ipynb", tmp_path / "flowbench") == inside


def test_a_checkout_has_it_beside_the_package(tmp_path: Path) -> None:
    beside = lay(tmp_path / "notebooks")

    assert notebook("a.ipynb", tmp_path / "flowbench") == beside


def test_a_missing_notebook_is_told_with_the_places_looked_at(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        notebook("a.ipynb", tmp_path / "flowbench")

    assert "a.ipynb" in refused.value.message
    assert str(tmp_path / "flowbench" / "shipped") in refused.value.message
    assert str(tmp_path / "notebooks") in refused.value.message
