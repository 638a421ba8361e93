"""`-m slow` runs the properties of this room in their long form."""

from __future__ import annotations

import pytest

from tests.flow import forms


def is_long(config: pytest.Config) -> bool:
    return bool(config.option.markexpr == "slow")


def pytest_configure(config: pytest.Config) -> None:
    forms.choose(forms.LONG if is_long(config) else forms.DEFAULT)


@pytest.hookimpl(tryfirst=True)  # before pytest itself looks at -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not is_long(config):
        return
    for item in items:
        if item.nodeid.startswith("tests/flow/") and getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(1_800))
