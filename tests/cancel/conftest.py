"""Threads for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowbench.cancel import Handoff


@pytest.fixture
def threads() -> Iterator[Handoff]:
    handoff = Handoff()
    yield handoff
    handoff.close()
