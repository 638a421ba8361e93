"""Kernel: a real kernel of a chosen ipykernel version, driven as a front end drives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any, Self

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

from tests.need import need

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = Path(os.environ.get("FLOWBENCH_OVERLAYS") or ROOT / ".overlays")
LAUNCH = """
import faulthandler, os, signal
faulthandler.register(signal.SIGUSR1, open(os.environ["STACKS"], "w"))
from ipykernel import kernelapp
kernelapp.launch_new_instance()
"""
VERSIONS = ("6.31.0", "7.3.0", "7.4.0")


def overlay(version: str) -> Path:
    """The folder that holds this version of ipykernel; without it the test is skipped, on CI it fails."""
    place = OVERLAYS / f"ipykernel-{version}"
    need((place / "ipykernel").is_dir(), f"ipykernel {version} in {place}; tests/overlays.sh installs it")
    return place


class _Spec(KernelSpecManager):
    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-Wignore", "-c", LAUNCH, "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="test", language="python")


@dataclass
class Cell:
    """What a front end knows of one execution. ended: monotonic time of its idle message."""

    id: str
    status: str = ""
    text: str = ""
    errors: list[dict[str, Any]] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    ended: float = 0.0


class Kernel:
    """One kernel process and its client. comms: (comm id, state) of each widget opened so far. states: comm id -> what
    was sent of it since.

    version: of ipykernel, from its overlay; "" is the one installed here.
    """

    def __init__(self, version: str, folder: Path, **environment: str) -> None:
        self.version = version
        paths = [*([str(overlay(version))] if version else []), str(ROOT)]
        self._stacks = folder / "stacks.txt"
        env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "FLOWBENCH_HOME": str(folder / "home")} | environment
        env["STACKS"] = str(self._stacks)
        env.pop("PYTHONWARNINGS", None)
        self.manager = KernelManager(
            kernel_name="test", kernel_spec_manager=_Spec(), connection_file=str(folder / "kernel.json")
        )
        self.manager.start_kernel(env=env, cwd=str(folder), stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.cells: dict[str, Cell] = {}
        self.comms: list[tuple[str, dict[str, Any]]] = []
        self.states: dict[str, dict[str, Any]] = {}

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, code: str) -> Cell:
        """Send a cell; do not wait."""
        cell = Cell(self.client.execute(code))
        self.cells[cell.id] = cell
        return cell

    def run(self, code: str) -> Cell:
        """Run a cell to its end."""
        return self.finish(self.start(code))

    def finish(self, *cells: Cell) -> Cell:
        """Wait until these have ended; the first of them."""
        until = time.monotonic() + 30
        while not all(cell.ended for cell in cells):
            if time.monotonic() > until:
                raise AssertionError(f"cells did not end: {[c for c in cells if not c.ended]}\n{self.stacks()}")
            self.listen(0.2)
        while not all(cell.status for cell in cells):
            reply = self.client.get_shell_msg(timeout=10)
            known = self.cells.get(reply["parent_header"].get("msg_id"))
            if known is not None:
                known.status = reply["content"]["status"]
        return cells[0]

    def stacks(self) -> str:
        """Where every thread of the kernel is now."""
        self.manager.signal_kernel(signal.SIGUSR1)
        time.sleep(1.0)
        return self._stacks.read_text()

    def listen(self, seconds: float) -> None:
        """Take one message of the kernel, if one comes."""
        try:
            message = self.client.get_iopub_msg(timeout=seconds)
        except Empty:
            return
        kind, content = message["msg_type"], message["content"]
        if kind == "comm_open" and content["target_name"] == "jupyter.widget":
            self.comms.append((content["comm_id"], content["data"]["state"]))
        if kind == "comm_msg" and content["data"].get("method") == "update":
            self.states.setdefault(content["comm_id"], {}).update(content["data"]["state"])
        cell = self.cells.get(message["parent_header"].get("msg_id"))
        if cell is None:
            return
        if kind == "stream":
            cell.text += content["text"]
        elif kind == "error":
            cell.errors.append(content)
        elif kind in ("display_data", "execute_result", "update_display_data"):
            cell.data.append(content["data"])
        elif kind == "status" and content["execution_state"] == "idle":
            cell.ended = time.monotonic()

    def panel(self, trait: str = "about") -> str:
        """The comm id of the next widget with this trait that opens from now on."""
        seen = len(self.comms)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            found = [id for id, state in self.comms[seen:] if trait in state]
            if found:
                return found[0]
            self.listen(0.2)
        raise AssertionError("no panel opened")

    def state(self, comm: str, trait: str, wanted: Callable[[Any], object]) -> Any:
        """The value of a widget's trait, as soon as it is as wanted."""
        until = time.monotonic() + 20
        while not wanted(found := self.states.get(comm, {}).get(trait)):
            assert time.monotonic() < until, f"{trait} stayed {found}"
            self.listen(0.2)
        return found

    def click(self, comm: str, event: str = "abort", subshell: str | None = None, **more: Any) -> float:
        """Send what a button sends; the time it was sent. subshell: None is the main shell, as of VS Code."""
        body = {"comm_id": comm, "data": {"method": "custom", "content": {"event": event, **more}}}
        message = self.client.session.msg("comm_msg", body)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        sent = time.monotonic()
        self.client.shell_channel.send(message)
        return sent

    def subshell(self) -> str:
        """The id of a new subshell."""
        self.client.control_channel.send(self.client.session.msg("create_subshell_request", {}))
        while True:
            reply = self.client.control_channel.get_msg(timeout=10)
            if reply["msg_type"] == "create_subshell_reply":
                return str(reply["content"]["subshell_id"])

    def interrupt(self) -> float:
        """The kernel's Stop button; the time it was pressed."""
        pressed = time.monotonic()
        self.manager.interrupt_kernel()
        return pressed
