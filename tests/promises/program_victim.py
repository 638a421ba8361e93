"""A durable run with a program step, meant to be killed: `python -m tests.promises.program_victim FILE [RUN_ID]`.

Prints the run's id, then its ctx. Each start of the step's program writes its process id to FILE, and a daemon of it
that nobody can ask to stop writes another. The program goes on when the daemon has written.
"""

from __future__ import annotations

import json
import sys

import flowbench as fb
from tests.flows import blueprint, seq, step

SCRIPT = """
(setsid sh -c 'trap "" TERM HUP; echo $$ >> {file}; : > {file}.$MSE_ATTEMPT; while :; do sleep 0.05; done' \
  >/dev/null 2>&1 &)
trap "" TERM
echo $$ >> {file}
while [ ! -e {file}.$MSE_ATTEMPT ]; do sleep 0.01; done
if [ "$MSE_ATTEMPT" = 1 ]; then while :; do sleep 0.05; done; fi
echo 7
"""


def wanted(file: str) -> dict[str, object]:
    spec = {"program": "sh", "args": ["-c", SCRIPT.format(file=file)]}
    agents = [{"name": "work", "kind": "subprocess", "spec": spec}]
    return blueprint(seq(step("work", "$.x", "$.y")), agents=agents)


def main(file: str, run_id: str = "") -> None:
    run = fb.resume(run_id) if run_id else fb.launch(wanted(file), {"x": 1})
    print(run.id, flush=True)
    print(json.dumps(run.result(60)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
