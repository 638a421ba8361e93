"""Zygote: a process that has loaded flowbench and forks victims, so that one more start costs milliseconds.

It reads lines `EFFECTS OUTPUT [RUN_ID]`, answers each with the victim's pid, then with the status it ended with. It
never starts a thread, so that a fork of it is whole.
"""

from __future__ import annotations

import gc
import os
import sys

import flowbench as fb
from tests.promises import victim


def main() -> None:
    assert fb.launch, fb.resume  # the front door loads what is behind it when it is asked
    victim.functions(os.devnull)
    gc.freeze()
    for line in sys.stdin:
        effects, output, *run_id = line.split()
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
            try:
                victim.main(effects, *run_id)
            finally:
                sys.stdout.flush()
                os._exit(0)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    main()
