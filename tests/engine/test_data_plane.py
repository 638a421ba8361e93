"""The data plane keeps outputs by id, by producer and by attempt, in memory and in a file, also past a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flowbench import engine
from flowbench.engine import Artifact, FileRef, Final, Inline, Outputs, Partial, Progress
from flowbench.flow import NotJson


@pytest.fixture(params=["memory", "file"])
def outputs(request: pytest.FixtureRequest, tmp_path: Path) -> Outputs:
    return Outputs(None if request.param == "memory" else tmp_path / "outputs.db")


EVENTS = [
    Progress("reading", "page 3"),
    Partial({"half": [1, 2.5, None]}),
    Artifact("report", FileRef("out/report.md", "text/markdown", 12)),
    Final(Inline({"verdict": "PASS"}), True),
]


def test_an_output_is_found_by_its_id_as_it_was(outputs: Outputs) -> None:
    ids = [outputs.append("T-1", 1, "writer", event) for event in EVENTS]

    assert [outputs.get(id).event for id in ids] == EVENTS
    assert all(len(id) == 14 and id.startswith("out-") for id in ids)
    assert len(set(ids)) == 4


def test_the_latest_of_a_producer_is_found_whichever_task_it_was(outputs: Outputs) -> None:
    first = outputs.append("T-1", 1, "writer", Partial(1))
    outputs.append("T-1", 1, "reader", Partial(2))
    last = outputs.append("T-2", 3, "writer", Partial(3), [first])

    found = outputs.get_latest_by_name("writer")

    assert found == engine.Output(last, "T-2", 3, "writer", Partial(3), (first,))


def test_an_attempt_lists_its_outputs_in_their_order(outputs: Outputs) -> None:
    for attempt in (1, 2, 1):
        outputs.append("T-1", attempt, "writer", Partial(attempt))
    outputs.append("T-2", 1, "writer", Partial("other"))

    assert [each.event for each in outputs.list_for_attempt("T-1", 1)] == [Partial(1), Partial(1)]
    assert [each.task_id for each in outputs.list(2)] == ["T-1", "T-2"]
    assert outputs.list_for_attempt("T-3", 1) == []


def test_what_is_not_there_is_told(outputs: Outputs) -> None:
    with pytest.raises(engine.ResourceNotFound, match=r"^resource not found: output 'out-1'$"):
        outputs.get("out-1")
    with pytest.raises(engine.ResourceNotFound, match=r"^resource not found: output of agent 'nobody'$"):
        outputs.get_latest_by_name("nobody")


@pytest.mark.parametrize("value", [float("nan"), (1, 2), {1: 2}, "\ud800", b"x"], ids=repr)
def test_what_is_no_json_is_refused(outputs: Outputs, value: object) -> None:
    with pytest.raises(NotJson):
        outputs.append("T-1", 1, "writer", Final(Inline({"x": value}), True))
    assert outputs.list() == []


def test_what_was_appended_cannot_be_changed_behind_its_back(outputs: Outputs) -> None:
    value = {"list": [1]}
    id = outputs.append("T-1", 1, "writer", Partial(value))

    value["list"].append(2)
    found = outputs.get(id).event
    assert isinstance(found, Partial)
    found.chunk["list"].append(3)

    assert outputs.get(id).event == Partial({"list": [1]})


def test_outputs_are_a_frame_too(outputs: Outputs) -> None:
    for event in EVENTS:
        outputs.append("T-1", 1, "writer", event)

    frame = engine.outputs_frame(outputs)

    assert frame["type"].tolist() == ["progress", "partial", "artifact", "final"]
    assert frame["name"].tolist() == ["reading", None, "report", None]
    assert frame["ok"].tolist() == [None, None, None, True]
    assert frame["value"].tolist()[1] == {"half": [1, 2.5, None]}
    assert frame["value"].tolist()[2]["path"] == "out/report.md"


APPENDER = """
import sys
from pathlib import Path
from flowbench.engine import Outputs, Partial

outputs = Outputs(Path(sys.argv[1]))
for n in range(1_000_000):
    print(outputs.append("T-1", 1, sys.argv[2], Partial({"n": n, "text": "x" * 10_000})), flush=True)
"""


def test_outputs_whose_ids_were_given_out_survive_a_kill_of_their_writers(tmp_path: Path) -> None:
    path = tmp_path / "outputs.db"
    writers = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(path), name], stdout=subprocess.PIPE, text=True)
        for name in ("a", "b")
    ]

    told = []
    for writer in writers:
        assert writer.stdout is not None
        told += [writer.stdout.readline().strip() for _ in range(3)]
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        told += [line.strip() for line in writer.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]

    outputs = Outputs(path)
    assert [id for id in told if outputs.get(id).id != id] == []
    assert len(told) <= len(outputs.list(10_000)) <= len(told) + 2
    outputs.append("T-1", 2, "c", Partial(1))
