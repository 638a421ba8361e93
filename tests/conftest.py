"""Every test has a home of its own, so that no test sees a person's runs, or another test's; `-m slow` runs the
properties in their long form."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.flow import forms

# A busy machine is no failure. Under CI the examples are the same each time, and the long form looks for new ones.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

FIRST = ("test_matrix", "test_install", "test_lab", "test_lessons")  # a minute and more each, mostly waiting


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """$FLOWBENCH_HOME of this test."""
    place = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FLOWBENCH_HOME", str(place))
    return place


def is_long(config: pytest.Config) -> bool:
    return bool(config.option.markexpr == "slow")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's `&` does that, and children would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    forms.choose(forms.LONG if is_long(config) else forms.DEFAULT)


@pytest.hookimpl(tryfirst=True)  # before pytest itself looks at -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.path.name.startswith(FIRST))  # else they are the tail that one worker does
    if not is_long(config):
        return
    for item in items:
        if getattr(item, "obj", None) in forms.proven:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(1_800))
