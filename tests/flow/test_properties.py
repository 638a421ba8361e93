"""For any generated flow: every way to run it has the same end, and bodies cannot change what has been recorded."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from flowbench.flow import SEED, Evaluation, FlowError, Program, compile, evaluate, evaluate_sync, parse
from tests.flow.flows import CTX, Spoilers, at_most, flows
from tests.flow.forms import prove
from tests.flow.reference import Wrong, meaning
from tests.flow.sinks import Memory
from tests.flows import path


def end(work: Callable[[], Any]) -> tuple[Any, str | None, tuple[str, ...]]:
    """(ctx, error text, causes)."""
    try:
        return work(), None, ()
    except FlowError as error:
        return None, str(error), error.causes


def in_dialect(data: Any, compat: str | None) -> Any:
    """The seed knows `assign`, not `let`."""
    if isinstance(data, dict):
        if compat == SEED and data.get("kind") == "let":
            return {"kind": "assign", "at": path(data["at"]), "value": data["value"]}
        return {key: in_dialect(value, compat) for key, value in data.items()}
    return [in_dialect(value, compat) for value in data] if isinstance(data, list) else data


def ways(program: Program) -> list[tuple[Any, str | None, tuple[str, ...]]]:
    """Synchronously; inline on a loop; by workers; with coroutines that never wait; with text."""
    every = frozenset(range(len(program.refs)))

    def made(quick: frozenset[int], coroutines: bool = False, text: bool = False) -> Evaluation:
        return Evaluation(program, Spoilers(coroutines=coroutines).list(program), Memory(text=text), quick=quick)

    return [
        end(lambda: evaluate_sync(made(every), CTX)),
        end(lambda: evaluate_sync(made(frozenset(), coroutines=True), CTX)),
        end(lambda: asyncio.run(evaluate(made(every), CTX))),
        end(lambda: asyncio.run(evaluate(made(frozenset()), CTX))),
        end(lambda: asyncio.run(evaluate(made(frozenset(), coroutines=True, text=True), CTX))),
    ]


@prove(flows(), st.sampled_from([None, SEED]))
def test_every_way_to_run_bodies_that_do_not_wait_has_the_same_end(data: Any, compat: str | None) -> None:
    first, *others = ways(compile(parse(in_dialect(data, compat), compat), compat))

    assert others == [first] * 4


@prove(flows(), st.sampled_from([None, SEED]))
def test_a_flow_means_what_the_reference_says(data: Any, compat: str | None) -> None:
    def wanted() -> tuple[Any, str | None]:
        try:
            return meaning(data, copy.deepcopy(CTX), Spoilers().make), None
        except Wrong as wrong:
            return None, str(wrong)

    program = compile(parse(in_dialect(data, compat), compat), compat)

    got = end(lambda: evaluate_sync(Evaluation(program, Spoilers().list(program), Memory()), CTX))

    assert got[:2] == wanted()


@prove(flows(("all_settled",)), st.sampled_from([None, 1, 2]))
def test_waiting_changes_nothing_where_time_does_not_decide(data: Any, limit: int | None) -> None:
    program = compile(parse(data))
    waiting = Evaluation(program, Spoilers(waits=True).list(program), Memory(), turnstiles=at_most(limit, program))

    assert end(lambda: asyncio.run(evaluate(waiting, CTX))) == end(
        lambda: evaluate_sync(Evaluation(program, Spoilers().list(program), Memory()), CTX)
    )


@prove(flows(), st.sampled_from([None, 1, 2]), st.booleans())
def test_what_was_told_never_changes(data: Any, limit: int | None, text: bool) -> None:
    class Holding(Memory):
        def done(self, *facts: Any) -> None:
            super().done(*facts)
            self.hold(facts[2], facts[4])

        def fail(self, *facts: Any) -> None:
            super().fail(*facts)
            self.hold(facts[2])

        def hold(self, *told: Any) -> None:
            held.extend((value, copy.deepcopy(value)) for value in told)

    held: list[tuple[Any, Any]] = []
    program = compile(parse(data))
    bodies = Spoilers(waits=True)
    made = Evaluation(program, bodies.list(program), Holding(text=text), turnstiles=at_most(limit, program))
    final, _, _ = end(lambda: asyncio.run(evaluate(made, CTX)))
    was = copy.deepcopy(final)

    bodies.spoil_kept()

    assert all(value == before for value, before in held)
    assert final == was


@prove(flows())
def test_the_caller_s_ctx_is_never_changed(data: Any) -> None:
    program = compile(parse(data))
    mine = copy.deepcopy(CTX)

    end(lambda: evaluate_sync(Evaluation(program, Spoilers().list(program), Memory()), mine))

    assert mine == CTX


@prove(flows(), st.sampled_from([None, 1, 2]))
def test_every_body_that_began_has_exactly_one_outcome(data: Any, limit: int | None) -> None:
    sink = Memory()
    program = compile(parse(data))
    bodies = Spoilers(waits=True)
    made = Evaluation(program, bodies.list(program), sink, turnstiles=at_most(limit, program))

    end(lambda: asyncio.run(evaluate(made, CTX)))

    outcomes = [told.address for told in sink.kinds("done", "fail", "cancel")]
    assert len(outcomes) == len(set(outcomes))
    assert set(sink.addresses("start")) <= set(outcomes)
    assert len(sink.kinds("done", "fail")) <= len(bodies.calls) <= len(outcomes)
    assert made.tasks == {}
    assert made.orphans == []
