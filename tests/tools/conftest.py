"""Tools leave no warm process behind for the tests of other rooms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowbench.tools.workers import POOL


@pytest.fixture(autouse=True, scope="module")
def no_worker_stays() -> Iterator[None]:
    yield
    POOL.close()
