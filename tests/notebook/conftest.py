"""A real IPython shell in this process, with the extension loaded."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from flowbench.notebook import load_ipython_extension, unload_ipython_extension

AGENTS = """
import asyncio
import flowbench as fb

@fb.agent
def double(x):
    return 2 * x

@fb.agent
def fail(x):
    raise ValueError("no luck")

@fb.agent
async def nap(seconds):
    await asyncio.sleep(seconds)
"""

TWICE = """%%blueprint twice
id: twice
flow:
  kind: seq
  children:
    - {kind: step, ref: double, in: $.x, out: $.x}
    - {kind: step, ref: double, in: $.x, out: $.y}
"""


@dataclass
class Ran:
    """One cell. out: what was printed, tracebacks included. shown: data of each display. value: of its last line."""

    out: str
    shown: list[dict[str, Any]]
    value: Any
    error: BaseException | None


class Shell:
    """Cells are run in turn, as in a notebook without a front end."""

    def __init__(self, ip: Any) -> None:
        self.ip = ip
        self.names: dict[str, Any] = ip.user_ns

    def __call__(self, code: str) -> Ran:
        with capture_output() as told:
            result = self.ip.run_cell(code)
        shown = [output.data for output in told.outputs]
        return Ran(told.stdout + told.stderr, shown, result.result, result.error_before_exec or result.error_in_exec)


@pytest.fixture
def bare() -> Iterator[Shell]:
    """A shell without the extension."""
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    ip = InteractiveShell.instance(config=config)
    ip.colors = "nocolor"
    yield Shell(ip)
    ip.atexit_operations()
    atexit.unregister(ip.atexit_operations)
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(bare: Shell) -> Iterator[Shell]:
    load_ipython_extension(bare.ip)
    yield bare
    unload_ipython_extension(bare.ip)


def one(name: str, ref: str) -> str:
    return f"%%blueprint {name}\nid: {name}\nflow: {{kind: step, ref: {ref}, in: $.x, out: $.x}}\n"


@pytest.fixture
def desk(shell: Shell) -> Shell:
    for cell in (AGENTS, TWICE, one("failing", "fail"), one("napping", "nap")):
        assert shell(cell).error is None
    return shell
