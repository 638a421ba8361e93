"""Records: what is recorded is answered, what is not runs, and a view calls nobody."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from hypothesis import strategies as st

from flowbench.flow import (
    Evaluation,
    FlowError,
    Frontier,
    Keys,
    NotReproducible,
    Outcome,
    Program,
    checksum,
    compile,
    decode,
    evaluate,
    evaluate_sync,
    force,
    parse,
    take,
)
from flowbench.flow.program import STEP
from flowbench.flow.scope import Scope
from tests.flow.flows import (
    CTX,
    Spoilers,
    at_most,
    attempt,
    evaluation,
    fan,
    flows,
    go,
    inc,
    let,
    lit,
    loop,
    path,
    seq,
    step,
)
from tests.flow.forms import prove
from tests.flow.sinks import Memory, Told


class Tape:
    """Records made of what a sink was told."""

    def __init__(self, told: list[Told], *, changed: bool = False) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.joins: dict[str, tuple[int, bool]] = {}
        self.patches: dict[tuple[str, str], list[tuple[Keys, Any]]] = {}
        self.attempts: dict[str, int] = {}
        self.changed = changed
        for what, address, facts in told:
            if what == "done":
                self.outcomes[address] = Outcome(facts["ref"], checksum(facts["text"]), facts["made"], None)
            elif what == "fail":
                self.outcomes[address] = Outcome(facts["ref"], checksum(facts["text"]), None, facts["error"])
            elif what == "join":
                self.joins[address] = (facts["won"], facts["ok"])
            elif what == "patch":
                self.patches.setdefault((address, facts["edge"]), []).append((facts["keys"], facts["value"]))
            if what in ("done", "fail", "cancel"):
                self.attempts[address] = self.attempts.get(address, 0) + 1

    def value(self, outcome: Outcome) -> Any:
        return decode(outcome.value)


def nobody(value: Any) -> Any:
    raise AssertionError("a body was called")


def recorded(data: Any, bodies: Any, ctx: Any = None, **more: Any) -> tuple[Any, Memory]:
    sink = Memory(text=True)
    return go(evaluation(data, bodies, sink, **more), ctx), sink


def test_recorded_steps_are_answered_and_told() -> None:
    flow = seq(step("inc"), fan(step("inc", "$.i", "$.o")), step("inc"))
    end, sink = recorded(flow, {"inc": inc}, {"x": 0})
    again = Memory(text=True)

    replayed = go(evaluation(flow, {"inc": nobody}, again, recorded=Tape(sink.told)), {"x": 0})

    assert replayed == end
    assert [t.address for t in again.kinds("recalled")] == sink.addresses("done")
    assert [t.facts["out"] for t in again.kinds("recalled")] == [t.facts["out"] for t in sink.kinds("done")]


def test_a_recorded_failure_fails_again_with_the_same_text() -> None:
    def bad(value: Any) -> Any:
        raise ValueError("x")

    end, sink = recorded(attempt(step("bad")), {"bad": bad}, {"x": 0})

    assert go(evaluation(attempt(step("bad")), {"bad": nobody}, recorded=Tape(sink.told)), {"x": 0}) == end


def test_from_the_first_unrecorded_step_on_everything_runs() -> None:
    flow = seq(step("inc"), step("inc"), step("inc"))
    _, sink = recorded(flow, {"inc": inc}, {"x": 0})
    del sink.told[1]
    calls: list[int] = []

    def counted(value: int) -> int:
        calls.append(value)
        return value + 1

    again = Memory()
    made = evaluation(flow, {"inc": counted}, again, recorded=Tape(sink.told))

    assert go(made, {"x": 0}) == {"x": 3}
    assert calls == [1, 2]
    assert [made.attempt(address) for address in ("0", "1", "2")] == [2, 1, 2]


def test_an_unchanged_flow_with_another_input_is_refused_and_a_changed_one_runs() -> None:
    flow = seq(step("inc"), step("inc"))
    _, sink = recorded(flow, {"inc": inc}, {"x": 0})

    with pytest.raises(NotReproducible, match=r"^0: recorded `inc` with another input"):
        go(evaluation(flow, {"inc": inc}, recorded=Tape(sink.told)), {"x": 5})
    assert go(evaluation(flow, {"inc": inc}, recorded=Tape(sink.told, changed=True)), {"x": 5}) == {"x": 7}


@pytest.mark.parametrize("quick", [frozenset(), frozenset({0})], ids=["workers", "inline"])
def test_a_branch_that_runs_takes_no_record_from_its_siblings_but_all_from_what_follows(quick: frozenset[int]) -> None:
    flow = seq(fan(step("inc", "$.i", "$.o"), range(4)), step("inc"))
    end, sink = recorded(flow, {"inc": inc}, {"x": 9})
    told = [t for t in sink.told if t.address != "0.f1"]
    calls: list[int] = []

    def counted(value: int) -> int:
        calls.append(value)
        return value + 1

    assert go(evaluation(flow, {"inc": counted}, recorded=Tape(told), quick=quick), {"x": 9}) == end
    assert calls == [1, 9]


def test_a_recorded_winner_wins_again_even_if_others_are_faster_now() -> None:
    async def by_item(value: int) -> int:
        await asyncio.sleep(0.005 * (4 - value))
        return value

    flow = fan(step("a", "$.i", "$.o"), [1, 2, 3], "race")
    end, sink = recorded(flow, {"a": by_item})

    assert end["r"]["o"] == 3
    assert go(evaluation(flow, {"a": nobody}, recorded=Tape(sink.told))) == end


def test_a_decision_is_made_again_if_the_winner_s_branch_has_changed() -> None:
    async def by_item(value: int) -> int:
        await asyncio.sleep(0.005 * (4 - value))
        return value

    body = step("a", "$.i", "$.o")
    _, sink = recorded(fan(body, [1, 2, 3], "race"), {"a": by_item})
    changed = fan(seq(body, step("inc", "$.o", "$.p")), [1, 2, 3], "race")

    end = go(evaluation(changed, {"a": inc, "inc": inc}, recorded=Tape(sink.told, changed=True)))

    assert end["r"] == {"i": 1, "o": 2, "p": 3}


def test_patches_apply_again_at_their_edge() -> None:
    async def inject(value: Any) -> Any:
        made.write(("injected",), 41, by="panel")
        await asyncio.sleep(0)
        return value

    flow = seq(step("a", "$.x", "$.w"), step("inc", "$.injected", "$.y"))
    sink = Memory(text=True)
    made = evaluation(flow, {"a": inject, "inc": inc}, sink)
    end = go(made, {"x": 0})

    assert go(evaluation(flow, {"a": nobody, "inc": nobody}, recorded=Tape(sink.told)), {"x": 0}) == end


def test_a_view_calls_nobody_and_stops_at_the_frontier() -> None:
    flow = seq(step("inc"), step("inc"))
    end, sink = recorded(flow, {"inc": inc}, {"x": 0})

    assert evaluate_sync(evaluation(flow, {"inc": nobody}, recorded=Tape(sink.told), view=True), {"x": 0}) == end
    with pytest.raises(Frontier) as met:
        evaluate_sync(evaluation(flow, {"inc": nobody}, recorded=Tape(sink.told[:1]), view=True), {"x": 0})
    assert met.value.address == "1"


def test_the_seam_is_asked_for_live_steps_only() -> None:
    flow = seq(step("inc"), step("inc"), step("inc"))
    _, sink = recorded(flow, {"inc": inc}, {"x": 0})
    asked: list[str] = []

    def before(scope: Any, op: Any, address: str, value: Any) -> None:
        asked.append(address)

    go(evaluation(flow, {"inc": inc}, recorded=Tape(sink.told[:1]), before=before), {"x": 0})

    assert asked == ["1", "2"]


def past(made: Evaluation, address: str, edge: str) -> Any:
    """The ctx of an address's scope, made again from the log of a view."""
    for scope, began in made.views:
        for at, where, writes in scope.marks:
            if (at, where) == (address, edge):
                model = Scope(began)
                for _, keys, value in (scope.log or [])[:writes]:
                    if keys is None:
                        model.leave()
                        model.ctx = value
                    else:
                        force(model, keys, value)
                return model.ctx
    raise AssertionError(f"{address} was not reached")


def test_a_view_keeps_all_writes_of_every_scope() -> None:
    inner = seq(step("inc", "$.i", "$.o"), let("$.p", path("$.o")))
    flow = seq(attempt(seq(let("$.x", lit(9)), step("bad"))), loop(step("inc"), 2), fan(inner))

    def bad(value: Any) -> Any:
        raise ValueError("x")

    _, sink = recorded(flow, {"inc": inc, "bad": bad}, {"x": 0})
    made = evaluation(flow, {"inc": nobody, "bad": nobody}, recorded=Tape(sink.told), view=True)
    evaluate_sync(made, {"x": 0})

    assert past(made, "0.b.1", "in") == {"x": 9}
    assert past(made, "1.i1", "in") == {"x": 1, "err": "dispatcher error for ref 'bad': x", "n": 1}
    assert past(made, "2.f1.0", "out")["o"] == 3
    assert [keys for _, keys, _ in made.views[2][0].log or []] == [("i",), ("o",), ("p",)]


def witnessed(data: Any, limit: int | None, seen: dict[str, Any]) -> tuple[Program, list[Told], Any]:
    """(program, what a run told, its end); seen: address -> a deep copy of the ctx, taken as each step had written."""
    program = compile(parse(data))
    for op in program.ops():
        if op.kind == STEP:
            op.write = _witness(op, seen)
    sink = Memory(text=True)
    made = Evaluation(program, Spoilers(waits=True).list(program), sink, turnstiles=at_most(limit, program))
    return compile(parse(data)), sink.told, _end(lambda: asyncio.run(evaluate(made, CTX)))


@prove(flows(), st.sampled_from([None, 1, 2]))
def test_a_view_of_any_run_has_its_end_and_its_ctx_at_every_step(data: Any, limit: int | None) -> None:
    seen: dict[str, Any] = {}
    program, told, end = witnessed(data, limit, seen)

    view = Evaluation(program, [nobody] * len(program.refs), Memory(), recorded=Tape(told), view=True)

    assert _end(lambda: evaluate_sync(view, CTX)) == end
    for address in (each.address for each in told if each.what == "done"):
        if address in seen:
            assert past(view, address, "out") == seen[address]


@prove(flows(), st.sampled_from([None, 1, 2]), st.floats(0, 1))
def test_a_view_of_any_prefix_has_the_ctx_of_every_step_it_reaches(data: Any, limit: int | None, part: float) -> None:
    seen: dict[str, Any] = {}
    program, told, end = witnessed(data, limit, seen)
    kept = told[: round(part * len(told))]
    done = {each.address for each in kept if each.what == "done"}
    view = Evaluation(program, [nobody] * len(program.refs), Memory(), recorded=Tape(kept), view=True)

    try:
        ended, frontier = _end(lambda: evaluate_sync(view, CTX)), ""
    except Frontier as met:
        ended, frontier = end, met.address

    assert ended == end
    assert frontier not in done
    reached = {at for scope, _ in view.views for at, where, _ in scope.marks if where == "out"}
    for address in reached & done & seen.keys():
        assert past(view, address, "out") == seen[address]


@prove(flows(), st.sampled_from([None, 1, 2]))
def test_a_complete_replay_calls_no_body(data: Any, limit: int | None) -> None:
    program = compile(parse(data))
    sink, again = Memory(text=True), Memory(text=True)
    made = Evaluation(program, Spoilers(waits=True).list(program), sink, turnstiles=at_most(limit, program))
    end = _end(lambda: asyncio.run(evaluate(made, CTX)))

    nobodies = [nobody] * len(program.refs)
    replayed = Evaluation(program, nobodies, again, recorded=Tape(sink.told), turnstiles=at_most(limit, program))

    assert _end(lambda: asyncio.run(evaluate(replayed, CTX))) == end
    assert again.kinds("start", "done", "fail") == []


@prove(flows(("all", "all_settled")), st.floats(0, 1))
def test_a_run_that_was_cut_goes_on_to_the_same_end(data: Any, part: float) -> None:
    program = compile(parse(data))
    sink = Memory(text=True)
    bodies = Spoilers(waits=True)
    end = _end(lambda: asyncio.run(evaluate(Evaluation(program, bodies.list(program), sink), CTX)))
    kept = sink.told[: round(part * len(sink.told))]
    again = Memory(text=True)
    resumed = Evaluation(program, Spoilers(waits=True).list(program), again, recorded=Tape(kept))

    assert _end(lambda: asyncio.run(evaluate(resumed, CTX))) == end
    answered = [t.address for t in kept if t.what == "done"]
    assert not set(answered) & set(again.addresses("done"))


def _witness(op: Any, seen: dict[str, Any]) -> Any:
    inner = op.write

    def write(scope: Any, value: Any) -> None:
        inner(scope, value)
        seen[scope.prefix + op.suffix] = copy.deepcopy(scope.ctx)

    return write


def _end(work: Any) -> tuple[Any, str | None]:
    try:
        return take(work())[0], None
    except FlowError as error:
        return None, str(error)
