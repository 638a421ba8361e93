"""Kernels: a headless notebook runs on this Python, whatever kernel the name `python3` resolves to elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from flowbench.notebook.errors import NotebookRefused, did_you_mean
from flowbench.notebook.meeting import Host, Visitor

HEADLESS = "FLOWBENCH_HEADLESS"  # set in such kernels: no widgets, only what stays readable in the saved notebook
LEDGER = "FLOWBENCH_LEDGER"  # a file to which such a kernel adds the facts of each run as it is launched
NAME = "python3"
LONGEST_SOCKET = 90  # bytes; the system allows about 104 with the number that is appended
_UNATTENDED = ("--ext", "flowbench.notebook.unattended")


class ThisPython(KernelSpecManager):
    """Knows one kernel, under every name: sys.executable. Looks into no data folder."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *_UNATTENDED],
            display_name="Python 3 (this interpreter)",
            language="python",
            # The debugger says on stderr that it dislikes frozen modules; nobody debugs a headless kernel.
            env={"PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        )

    def find_kernel_specs(self) -> dict[str, str]:
        return {NAME: ""}

    def get_all_specs(self) -> dict[str, Any]:
        return {NAME: {"resource_dir": "", "spec": self.get_kernel_spec(NAME).to_dict()}}


def kernel_python(name: str = NAME) -> str | None:
    """The program that front ends start for the kernel of this name; None if there is no such kernel."""
    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        return None
    return str(spec.argv[0]) if spec.argv else None


def manager(name: str | None, config: Any) -> tuple[Host, TemporaryDirectory[str]]:
    """A kernel manager, and the private folder that its connection file lies in.

    name: of an installed kernel; None for this Python.
    """
    folder = TemporaryDirectory(prefix="flowbench-")
    specs = ThisPython() if name is None else KernelSpecManager()
    made = Host(
        client_factory=Visitor,
        kernel_name=name or NAME,
        kernel_spec_manager=specs,
        connection_file=f"{folder.name}/kernel.json",
        config=config,
    )
    socket = f"{folder.name}/s"
    if os.name == "posix" and len(socket) < LONGEST_SOCKET:
        made.transport, made.ip = "ipc", socket  # sockets in the private folder: no port open to others
    return made, folder


def environment(ledger: Path, secrets: Iterable[str], trust: Iterable[str], answers: str = "") -> dict[str, str]:
    """What a headless kernel finds in its environment: ours, and that nobody watches.

    secrets: names; if there are any, no others can be looked up. trust: hashes of Blueprints whose commands may run.
    answers: a policy, a file or JSON.
    """
    from flowbench.blueprint import trusted
    from flowbench.runtime import ANSWERS
    from flowbench.runtime import secrets as of_runs

    more = {HEADLESS: "1", LEDGER: str(ledger), of_runs.ALLOWED: ",".join(secrets), trusted.ALLOWED: ",".join(trust)}
    more[ANSWERS] = answers
    return os.environ | {name: value for name, value in more.items() if value}


def require(name: str) -> None:
    """Raises: NotebookRefused if no kernel of this name is installed."""
    known = KernelSpecManager().find_kernel_specs()
    if name not in known:
        raise NotebookRefused(f"no kernel `{name}` is installed here{did_you_mean(name, known)}")
