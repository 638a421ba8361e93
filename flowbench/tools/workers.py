"""Workers: the warm processes in which tools do what would hold up the kernel, or could crash it."""

from __future__ import annotations

from flowbench.process import WarmPool

POOL = WarmPool("a worker of the tools")
