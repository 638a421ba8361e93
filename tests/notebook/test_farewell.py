"""Farewell: what a kernel says of sockets that its own end has closed is told to nobody, and all else is."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator

import pytest
import zmq

from flowbench.notebook import farewell


@pytest.fixture(autouse=True)
def hushed() -> Iterator[None]:
    farewell.hush()
    yield
    farewell.speak()


def said(error: BaseException, caplog: pytest.LogCaptureFixture) -> list[str]:
    logging.getLogger("tornado.general").error("Uncaught exception in ZMQStream callback", exc_info=error)
    return [record.message for record in caplog.records]


def test_a_socket_that_is_closed_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    assert said(zmq.ZMQError(errno.ENOTSOCK), caplog) == []


@pytest.mark.parametrize("error", [zmq.ZMQError(errno.EAGAIN), ValueError("x")], ids=["another of zmq", "any other"])
def test_all_else_is_told(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    assert said(error, caplog) == ["Uncaught exception in ZMQStream callback"]


def test_it_can_be_taken_back(caplog: pytest.LogCaptureFixture) -> None:
    farewell.hush()
    farewell.speak()

    assert said(zmq.ZMQError(errno.ENOTSOCK), caplog) != []
