"""Every test has a home of its own, so that no test sees a person's runs, or another test's."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """$FLOWBENCH_HOME of this test."""
    place = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FLOWBENCH_HOME", str(place))
    return place
