"""`python -m flowbench`: the same as the command `flowbench`."""

from __future__ import annotations

from flowbench.cli import main

if __name__ == "__main__":
    main(prog_name="flowbench")
