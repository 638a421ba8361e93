"""Zygote: a process that has loaded flowbench and forks victims, so that one more start costs milliseconds.

It reads lines `EFFECTS OUTPUT [RUN_ID]`, answers each with `pid N`, then with `ended STATUS`. It
never starts a thread, so that a fork of it is whole.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import sys
import traceback

import flowbench as fb
from tests.promises import victim

STUCK = 40  # seconds


def main() -> None:
    assert fb.launch, fb.resume  # the front door loads what is behind it when it is asked
    victim.functions(os.devnull)
    gc.freeze()
    for line in sys.stdin:
        effects, output, *run_id = line.split()
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
            faulthandler.dump_traceback_later(STUCK, exit=True)  # a victim that hangs says where
            try:
                victim.main(effects, *run_id)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(0)
        print("pid", pid, flush=True)
        print("ended", os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    main()
