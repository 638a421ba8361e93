"""What has become of every node, from what an evaluation counts."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from flowbench.flow import Evaluation, FlowError, Visit, Visited, compile, evaluate, evaluate_sync, parse, shape
from tests.flow.flows import CTX, Spoilers, branch, call, flows, let, loop
from tests.flow.forms import prove
from tests.flow.sinks import Memory
from tests.flows import attempt, fan, lit, path, seq, step


def told(data: Any, *, waits: bool = False, bodies: Any = None) -> dict[str, Visit]:
    """All nodes but seqs, after the flow has ended."""
    sink, program = Memory(), compile(parse(data))
    run = Evaluation(program, (bodies or Spoilers(waits=waits)).list(program), sink)
    with suppress(FlowError):
        asyncio.run(evaluate(run, CTX)) if waits else evaluate_sync(run, CTX)
    done = Counter(shape(address) for address in sink.addresses("done"))
    return {visit.shape: visit for visit in Visited(parse(data)).tell(run, done)}


def counts(visit: Visit) -> tuple[int, int, int]:
    return visit.entered, visit.ended, visit.failed


@prove(flows(("all_settled",)), st.booleans())
def test_whatever_was_entered_has_ended_or_failed(data: Any, waits: bool) -> None:
    assert all(visit.entered == visit.ended + visit.failed for visit in told(data, waits=waits).values())


@prove(flows())
def test_where_branches_run_one_after_the_other_nothing_is_cut_off(data: Any) -> None:
    assert all(visit.entered == visit.ended + visit.failed for visit in told(data).values())


def test_arms_of_assignments_alone_are_told_apart() -> None:
    found = told(branch(lit(True), let("$.x", lit(1)), let("$.x", lit(2))))

    assert [counts(found[at]) for at in ("0", "0.t", "0.e")] == [(1, 1, 0), (1, 1, 0), (0, 0, 0)]


def test_turns_of_a_loop_are_counted_also_where_it_does_nothing() -> None:
    found = told(seq(loop(seq(), 4), loop(let("$.x", lit(1)), 3, counter="$.m"), loop(seq(), 0)))

    assert counts(found["0"]) == counts(found["1"]) == counts(found["2"]) == (1, 1, 0)
    assert [counts(found[at])[0] for at in ("0.i", "1.i", "2.i")] == [4, 3, 0]


def test_a_caught_error_fails_what_is_around_it_up_to_the_try() -> None:
    found = told(attempt(seq(loop(branch(lit(True), step("bad", "$.a"), seq()), 3), let("$.x", lit(1)))))

    assert [counts(found[at]) for at in ("0.b", "0.b.0", "0.b.0.i", "0.b.0.i.t")] == [(1, 0, 1)] * 4
    assert (counts(found["0.b.1"]), counts(found["0"]), found["0"].caught) == ((0, 0, 0), (1, 1, 0), 1)
    assert counts(found["0.c"]) == (1, 1, 0)


def test_an_error_that_leaves_a_branch_fails_the_fan_out_once() -> None:
    found = told(attempt(fan(seq(step("bad", "$.a")), [1, 2], "all_settled")) | {"catch": let("$.z", lit(1))})
    strict = told(attempt(fan(attempt(step("inc", "$.no")), [1, 2]) | {"bind": path("$.a")}))
    failing = told(attempt(fan(step("bad", "$.a"), [1, 2])))

    assert (counts(found["0.b"]), counts(found["0.b.f"]), counts(found["0.c"])) == ((1, 1, 0), (2, 0, 2), (0, 0, 0))
    assert (counts(strict["0.b.f"]), strict["0.b.f"].caught, counts(strict["0.b.f.b"])) == ((2, 2, 0), 2, (2, 0, 2))
    assert (counts(failing["0.b"]), failing["0"].caught) == ((1, 0, 1), 1)


def test_a_step_whose_output_cannot_be_written_has_failed_and_what_follows_was_not_entered() -> None:
    found = told(attempt(seq(step("inc", "$.a", "$.a.b.c"), let("$.x", lit(1)))))

    assert (counts(found["0.b.0"]), counts(found["0.b.1"]), found["0"].caught) == ((1, 0, 1), (0, 0, 0), 1)


def test_a_condition_that_is_no_boolean_fails_its_node() -> None:
    found = told(branch(call("add", path("$.a"), lit(1)), seq(), seq()))

    assert counts(found["0"]) == counts(found[""]) == (1, 0, 1)
