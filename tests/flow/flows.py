"""Building flows and running them, for the tests of this room; and flows that Hypothesis generates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from flowbench import flow
from tests.flow.sinks import Memory
from tests.flows import attempt, fan, lit, path, seq, step

Data = dict[str, Any]


def call(op: str, *args: Data) -> Data:
    """An operation of one or two operands."""
    return {"op": op, "arg": args[0]} if len(args) == 1 else {"op": op, "lhs": args[0], "rhs": args[1]}


def let(at: str, value: Data) -> Data:
    return {"kind": "let", "at": at, "value": value}


def branch(cond: Data, then: Data, otherwise: Data) -> Data:
    return {"kind": "branch", "cond": cond, "then": then, "else": otherwise}


def loop(body: Data, max: int, cond: Data | None = None, counter: str = "$.n") -> Data:
    return {"kind": "loop", "counter": path(counter), "cond": cond or lit(True), "body": body, "max": max}


Bodies = Mapping[str, Callable[[Any], Any]]


def evaluation(
    data: Data, bodies: Bodies, sink: Any = None, *, compat: str | None = None, **more: Any
) -> flow.Evaluation:
    program = flow.compile(flow.parse(data, compat), compat)
    made = [bodies[ref] for ref in program.refs]
    return flow.Evaluation(program, made, Memory() if sink is None else sink, **more)


def at_most(limit: int | None, program: flow.Program) -> list[flow.Turnstile | None]:
    """One turnstile that all bodies of the program pass; none for a limit of None."""
    one = None if limit is None else flow.Turnstile(limit)
    return [one for _ in program.refs]


def go(run: flow.Evaluation, ctx: Any = None) -> Any:
    """Evaluate on an event loop."""
    return asyncio.run(flow.evaluate(run, {} if ctx is None else ctx))


def run(data: Data, bodies: Bodies, ctx: Any = None, **more: Any) -> Any:
    return go(evaluation(data, bodies, **more), ctx)


def inc(value: int) -> int:
    return value + 1


def boom(value: Any) -> Any:
    raise ValueError("boom")


# -- generated

CTX = {"a": 1, "b": [1, 2], "c": {"d": 2, "e": {"f": 3}}, "items": [1, 2, 3], "k": {}}
NUMBERS = ["$.a", "$.c.d", "$.c.e.f"]
ANYTHING = ["$.a", "$.b", "$.c", "$.c.e", "$"]
JOINS = ("all", "any", "race", "all_settled")

_number = st.sampled_from(NUMBERS).map(path)
_anything = st.sampled_from(ANYTHING).map(path)


def _steps() -> st.SearchStrategy[Data]:
    refs = st.sampled_from(["inc", "slow1", "slow3", "slow7"])
    bad = st.sampled_from(["bad", "slowbad"])
    return st.one_of(
        st.builds(
            lambda ref, read, out: step(ref, read, out), refs, st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)
        ),
        st.builds(
            lambda read, out: step("spoil", read, out), st.sampled_from(ANYTHING), st.sampled_from(["$.k.x", "$.k.y"])
        ),
        st.builds(lambda ref, read: step(ref, read, "$.k.x"), bad, st.sampled_from(NUMBERS)),
    )


def _try(body: Data, catch: Data, err_at: Data | None) -> Data:
    return attempt(body, catch) | {"err_at": err_at}


def flows(joins: Sequence[str] = JOINS) -> st.SearchStrategy[Data]:
    """Any nesting of all kinds; ends with one more step, so that what was left behind is used."""
    lets = st.builds(let, st.sampled_from(NUMBERS), _number) | st.builds(
        let, st.sampled_from(["$.k.x", "$.k.y.z"]), _anything
    )
    cond = st.builds(lambda number, most: call("lt", number, lit(most)), _number, st.integers(0, 4))

    def nest(inner: st.SearchStrategy[Data]) -> st.SearchStrategy[Data]:
        some = st.lists(inner, min_size=1, max_size=4).map(lambda children: seq(*children))
        return st.one_of(
            some,
            st.builds(branch, cond, inner, inner),
            st.builds(
                lambda body, most, n: loop(body, most, counter=n),
                inner,
                st.integers(0, 3),
                st.sampled_from(["$.n0", "$.n1"]),
            ),
            st.builds(_try, some, inner, st.sampled_from([path("$.err"), None])),
            st.builds(
                lambda body, join, items, out: (
                    fan(body, join=join) | {"items": items, "bind": path("$.a"), "out": path(out)}
                ),
                some,
                st.sampled_from(joins),
                st.sampled_from([path("$.items"), lit([5, 6])]),
                st.sampled_from(["$.r", "$.k.x"]),
            ),
        )

    every = st.recursive(_steps() | lets, nest, max_leaves=10)
    return every.filter(lambda node: doublings(node) <= MOST).map(lambda node: seq(node, step("inc", "$.a", "$.a")))


MOST = 12  # of these a ctx has some 100 KB; one flow in a thousand would fill the memory


def doublings(node: Data) -> int:
    """How often a flow may write the whole ctx into the ctx. A fan-out of three branches counts as two times."""
    match node["kind"]:
        case "step" | "let":
            read = node["in"] if node["kind"] == "step" else node["value"]
            return int(read == path("$"))
        case "seq":
            return sum(map(doublings, node["children"]))
        case "branch":
            return max(doublings(node["then"]), doublings(node["else"]))
        case "try":
            return doublings(node["body"]) + doublings(node["catch"])
        case "loop":
            return int(node["max"]) * doublings(node["body"])
        case _:
            return 2 + doublings(node["body"])


class Spoilers:
    """inc, slowN (waits N loop turns if `waits`), bad, slowbad; spoil changes its input, and later its output."""

    def __init__(self, *, waits: bool = False, coroutines: bool = False) -> None:
        self.waits = waits
        self.coroutines = coroutines
        self.kept: list[Any] = []
        self.calls: list[str] = []

    def list(self, program: flow.Program) -> list[Callable[[Any], Any]]:
        return [self.make(ref) for ref in program.refs]

    def make(self, ref: str) -> Callable[[Any], Any]:
        def work(value: Any) -> Any:
            self.calls.append(ref)
            if ref.endswith("bad"):
                raise ValueError("boom")
            return self.spoil(value) if ref == "spoil" else value + 1

        async def wait(value: Any) -> Any:
            if self.waits and ref.startswith("slow"):
                for _ in range(2 if ref == "slowbad" else int(ref.removeprefix("slow"))):
                    await asyncio.sleep(0)
            return work(value)

        return wait if self.waits or self.coroutines else work

    def spoil(self, value: Any) -> Any:
        self.spoil_kept()
        if isinstance(value, dict):
            value["spoiled"] = True
        elif isinstance(value, list):
            value.append("spoiled")
        out = {"saw": value, "list": [1]}
        self.kept.append(out)
        return out

    def spoil_kept(self) -> None:
        for out in self.kept:
            out["list"].append("later")
            out["saw"] = "changed"
