"""Properties of this room: 60 examples each; `-m slow` runs the same properties with 3,000."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

LAX = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile("moderate", max_examples=60, deadline=None, suppress_health_check=LAX)
settings.register_profile("long", max_examples=3_000, deadline=None, suppress_health_check=LAX)


@pytest.hookimpl(tryfirst=True)  # before pytest itself looks at -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.markexpr != "slow":
        return
    for item in items:
        if item.nodeid.startswith("tests/flow/") and getattr(item.obj, "is_hypothesis_test", False):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(1_800))


@pytest.fixture(autouse=True, scope="package")
def examples(request: pytest.FixtureRequest) -> None:
    settings.load_profile("long" if request.config.option.markexpr == "slow" else "moderate")
