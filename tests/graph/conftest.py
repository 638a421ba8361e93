"""One compiled Graphviz for the tests of this room, and drawings to try it on."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowbench.graph.host import Host
from flowbench.graph.layout import element, layout
from flowbench.graph.picture import Pictures


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of compiled modules that all tests share."""
    return tmp_path_factory.mktemp("compiled") / "graph"


@pytest.fixture(scope="session")
def host(cache: Path) -> Host:
    """The real Graphviz module."""
    return Host(cache=cache)


@pytest.fixture(scope="session")
def graphviz(host: Host) -> Pictures:
    """Pictures that Graphviz lays out."""
    return Pictures(
        lambda source: layout(source, ways=[lambda dot, left: element(host.layout(dot, left))], deadline=10)
    )


@pytest.fixture(scope="session")
def plain() -> Pictures:
    """Pictures that our own layers lay out."""
    return Pictures(lambda source: None)
