"""Farewell: a kernel that ends closes its sockets while a thread of its own may still answer; nobody can act on that.

ipykernel flushes its output after the answer to a shutdown, and by then its main thread may have closed the sockets.
tornado would log it with a traceback, on the standard error of whoever has started the kernel.
"""

from __future__ import annotations

import errno
import logging

LOGGER = "tornado.general"


def hush() -> None:
    """What is said of sockets that are closed is said no more; all else is. Again is harmless."""
    logger = logging.getLogger(LOGGER)
    if _is_news not in logger.filters:
        logger.addFilter(_is_news)


def speak() -> None:
    """As before."""
    logging.getLogger(LOGGER).removeFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return getattr(error, "errno", None) != errno.ENOTSOCK
