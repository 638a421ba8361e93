"""For any generated flow: a run whose journal ends at any byte goes on to the end it would have had."""

from __future__ import annotations

import shutil
from typing import Any

from hypothesis import strategies as st

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import entries, journal
from tests.flow.flows import CTX, Spoilers, flows
from tests.flow.forms import prove
from tests.flows import blueprint

REFS = ("inc", "slow1", "slow3", "slow7", "bad", "slowbad", "spoil")
SHORT = 25


class Desk:
    """Functions that the generated flows name, and runs of them. calls: the refs of bodies that ran."""

    def __init__(self) -> None:
        self.spoilers = Spoilers(waits=True)
        self.functions = Functions()
        for ref in REFS:
            self.functions.register(self.spoilers.make(ref), id=ref)

    @property
    def calls(self) -> list[str]:
        return self.spoilers.calls

    def launch(self, data: Any) -> fb.Run:
        self.spoilers.kept.clear()  # what one run gave away, later runs need not spoil
        return self.ended(fb.launch(blueprint(data), CTX, functions=self.functions))

    def resume(self, run: fb.Run) -> fb.Run:
        return self.ended(fb.resume(run.id, functions=self.functions))

    def ended(self, run: fb.Run) -> fb.Run:
        assert run.wait(60)
        return run


def end(run: fb.Run) -> tuple[str, Any, str | None]:
    return run.state, run.ctx if run.state == "done" else None, run.error


desk = Desk()  # made once: what a function is does not change from run to run


@prove(flows(("all", "all_settled")), st.floats(0, 1), short=SHORT)
def test_a_run_that_was_cut_at_any_byte_goes_on_to_the_same_end(data: Any, part: float) -> None:
    run = desk.launch(data)
    assert run.path is not None
    file = run.path / journal.FILE
    whole = file.read_bytes()
    first = whole.index(b"\n") + 1  # before that there is no run
    file.write_bytes(whole[: first + round(part * (len(whole) - first))])
    kept = {each.at for each in journal.read(run.path) if isinstance(each, entries.Done)}

    again = desk.resume(run)

    assert end(again) == end(run)
    ran_again = {each.address for each in again.steps if not each.recorded}
    assert kept & ran_again == set()
    shutil.rmtree(run.path)


@prove(flows(("all", "all_settled")), st.floats(0, 1), st.floats(0, 1), short=SHORT)
def test_a_run_that_was_cut_twice_does_so_too(data: Any, part: float, second: float) -> None:
    run = desk.launch(data)
    assert run.path is not None
    file = run.path / journal.FILE
    for share in (part, second):
        whole = file.read_bytes()
        first = whole.index(b"\n") + 1
        file.write_bytes(whole[: first + round(share * (len(whole) - first))])
        again = desk.resume(run)

    assert end(again) == end(run)
    shutil.rmtree(run.path)


@prove(flows(), short=SHORT)
def test_a_run_that_is_done_is_answered_without_a_call(data: Any) -> None:
    run = desk.launch(data)
    assert run.path is not None
    if run.state == "done":
        called = len(desk.calls)

        again = desk.resume(run)

        assert end(again) == end(run)
        assert len(desk.calls) == called
    shutil.rmtree(run.path)
