"""Kernels: a headless notebook runs on this Python, whatever kernel the name `python3` resolves to elsewhere."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

HEADLESS = "FLOWBENCH_HEADLESS"  # set in such kernels: no widgets, only what stays readable in the saved notebook
NAME = "python3"


class ThisPython(KernelSpecManager):
    """Knows one kernel, under every name: sys.executable. Looks into no data folder."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3 (this interpreter)",
            language="python",
            # The debugger says on stderr that it dislikes frozen modules; nobody debugs a headless kernel.
            env={HEADLESS: "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        )

    def find_kernel_specs(self) -> dict[str, str]:
        return {NAME: ""}

    def get_all_specs(self) -> dict[str, Any]:
        return {NAME: {"resource_dir": "", "spec": self.get_kernel_spec(NAME).to_dict()}}
