"""Conformance: run a file of vectors of the language: `python -m tests.flow.conformance FILE [--compat 0.1.1]`.

Prints the cases that differ, then a last line `N passed, N failed`; exit status 1 if any failed. Every flow runs
twice, synchronously and on an event loop with a virtual clock, unless the case names one mode.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import io
import itertools
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from flowbench import flow
from flowbench.flow import SEED, values
from flowbench.flow.paths import reader, writer
from tests.flow.sinks import Memory


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps: delays are exact whole milliseconds, and take no time.

    When nothing is ready, one sleeper wakes: the earliest; of several the one whose branch is polled first. What
    follows from it (a join decided, losers cancelled) happens before the next one wakes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.tickets = itertools.count()
        self.sleepers: list[tuple[int, tuple[int, ...], int, asyncio.Future[None]]] = []

    async def sleep(self, ms: int, order: tuple[int, ...]) -> None:
        woken = self.create_future()
        heapq.heappush(self.sleepers, (self.now + ms, order, next(self.tickets), woken))
        await woken

    def _run_once(self) -> None:
        while not self._ready and self.sleepers:
            self.now, _, _, woken = heapq.heappop(self.sleepers)
            if not woken.done():
                woken.set_result(None)
        super()._run_once()


class World:
    """The agents a case describes."""

    def __init__(self, table: Mapping[str, Any], waits: bool) -> None:
        self.table = table
        self.waits = waits
        self.calls: list[str] = []
        self.done: list[str] = []
        self.count: dict[str, int] = {}
        self.run: flow.Evaluation | None = None

    def body(self, ref: str) -> Callable[[Any], Any]:
        async def waiting(value: Any) -> Any:
            return await self.answer(ref, value)

        def at_once(value: Any) -> Any:
            try:
                self.answer(ref, value).send(None)
            except StopIteration as end:
                return end.value
            raise AssertionError("a synchronous agent waits")

        return waiting if self.waits else at_once

    async def answer(self, ref: str, value: Any) -> Any:
        assert self.run is not None
        order = flow.key(self.run.at)
        injected: list[list[Any]] = []
        self.calls.append(ref)
        turn = self.count[ref] = self.count.get(ref, 0) + 1
        if ref not in self.table:
            raise flow.DispatcherError(ref, "unknown ref")
        how = self.table[ref]
        while not isinstance(how, str):
            if "seq" in how:
                how = how["seq"][min(turn, len(how["seq"])) - 1]
            elif "by_input" in how:
                same = values.strictly_equal
                how = next((then for wanted, then in how["by_input"] if same(wanted, value)), how["default"])
            elif "delay_ms" in how:
                if self.waits:
                    loop = asyncio.get_running_loop()
                    assert isinstance(loop, VirtualLoop)
                    await loop.sleep(how["delay_ms"], order)
                how = how["then"]
            elif "inject" in how:
                injected += how["inject"]
                how = how["then"]
            else:
                self.finish(ref, injected)
                if "const" in how:
                    return how["const"]
                raise flow.DispatcherError(ref, how["fail"])
        self.finish(ref, injected)
        if how == "count":
            return turn
        return value.upper() if how == "upper" and isinstance(value, str) else value

    def finish(self, ref: str, injected: list[list[Any]]) -> None:
        assert self.run is not None
        for path, value in injected:
            self.run.write(flow.parse_path(path, self.run.program.compat), value, by="another task")
        self.done.append(ref)


def extern(ref: str, how: Any) -> Callable[[list[Any]], Any]:
    def call(args: list[Any]) -> Any:
        if how == "id":
            return args[0]
        if how == "args":
            return args
        if how == "concat":
            return "".join(args)
        if "const" in how:
            return how["const"]
        raise flow.ExternError(ref, how["fail"])

    return call


def later_spelling(node: Any) -> Any:
    """assign{at: path P} -> let{at: P with its leading $ replaced by ctx}, as the file's header says."""
    if isinstance(node, list):
        return [later_spelling(child) for child in node]
    if not isinstance(node, dict):
        return node
    if node.get("op") == "lit":
        return node
    node = {name: later_spelling(child) for name, child in node.items()}
    if node.get("kind") == "assign":
        at = node.get("at")
        if isinstance(at, dict) and at.get("op") == "path" and isinstance(at.get("at"), str):
            at = at["at"]
            node["at"] = "ctx" + at[1:] if at.startswith("$") else at
        return node | {"kind": "let"}
    return node


def run_case(case: dict[str, Any], compat: str | None, mode: str) -> dict[str, Any]:
    """What happened, under the names of an expectation."""
    table = case.get("externs")
    externs = None if table is None else {ref: extern(ref, how) for ref, how in table.items()}
    try:
        if "expr" in case:
            return expression(case, compat, externs)
        if "storage_ops" in case:
            return storage(case, compat)
        data = case["flow"] if compat == SEED else later_spelling(case["flow"])
        node = flow.parse(data, compat)
        if case.get("roundtrip"):
            return {"serialized": flow.to_json(node)}
        program = flow.compile(node, compat, externs)
    except (flow.ParseError, flow.FlowError) as error:
        return failure(error) | {"calls": [], "done": [], "ctx_after": case.get("ctx")}
    world = World(case.get("dispatch", {}), waits=mode == "async")
    run = world.run = flow.Evaluation(program, [world.body(ref) for ref in program.refs], Memory())
    got: dict[str, Any] = {}
    try:
        got["ctx"] = evaluate(run, case.get("ctx"), mode)
    except flow.FlowError as error:
        got |= failure(error) | {"ctx_after": None if run.root is None else run.root.ctx}
    return got | {"calls": world.calls, "done": world.done}


def evaluate(run: flow.Evaluation, ctx: Any, mode: str) -> Any:
    if mode == "sync":
        return flow.evaluate_sync(run, ctx)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(flow.evaluate(run, ctx))


def expression(case: dict[str, Any], compat: str | None, externs: flow.Externs | None) -> dict[str, Any]:
    expr = flow.parse_expr(case["expr"], compat)
    if case.get("roundtrip"):
        return {"serialized": flow.to_json(expr)}
    return {"value": flow.compile_expr(expr, compat, externs)(flow.take(case.get("ctx"))[0])}


def failure(error: flow.ParseError | flow.FlowError) -> dict[str, Any]:
    kind = getattr(error, "kind", "ParseError")
    return {"error_kind": kind, "message": str(error), "ref": getattr(error, "ref", None)}


def storage(case: dict[str, Any], compat: str | None) -> dict[str, Any]:
    scope = flow.Scope(flow.take(case.get("ctx"))[0])
    results: list[Any] = []
    for op in case["storage_ops"]:
        ((what, arg),) = op.items()
        try:
            if what == "read":
                results.append(reader(arg, compat)(scope.ctx))
            elif what == "write":
                writer(arg[0], compat)(scope, flow.take(arg[1])[0])
                results.append("ok")
            elif what == "replace":
                scope.leave()
                scope.ctx = flow.take(arg)[0]
                results.append("ok")
            else:
                results.append(scope.leave())
        except flow.FlowError as error:
            results.append({"error_kind": error.kind, "message": str(error)})
    return {"results": results, "ctx": scope.ctx}


def difference(got: dict[str, Any], expect: dict[str, Any]) -> str | None:
    """Why `got` is not what was expected; None if it is."""
    for name, wanted in expect.items():
        if name in ("example_message", "note"):
            continue
        if name == "message_contains":
            if missing := [text for text in wanted if text not in got.get("message", "")]:
                return f"message {got.get('message')!r} lacks {missing}"
        elif name not in got or not values.strictly_equal(got[name], wanted):
            return f"{name}: wanted {wanted!r}, got {got.get(name, got)!r}"
    if "error_kind" in got and "error_kind" not in expect:
        return f"raised {got['message']}"
    return None


def modes(case: dict[str, Any]) -> list[str]:
    if "mode" in case:
        return [case["mode"]]
    return ["sync"] if "expr" in case or "storage_ops" in case else ["sync", "async"]


def check(case: dict[str, Any], compat: str | None) -> Iterator[str]:
    """Differences of one case, in words."""
    expect = case.get("expect")
    if compat != SEED:
        expect = case.get("expect_v031", expect)
    if expect is None:  # nothing is said about this dialect
        return
    for mode in modes(case):
        try:
            why = difference(run_case(case, compat, mode), expect)
        except Exception as error:  # one broken case must not hide the others
            why = f"could not be run: {type(error).__name__}: {error}"
        if why:
            yield f"{case['id']} ({mode}): {why}"


def integer(text: str) -> int | float:
    """An integer as the language reads it: beyond 64 bits it is a float."""
    value = int(text)
    return value if values.I64_MIN <= value <= values.U64_MAX else float(text)


def load(file: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(file.read_text("utf-8"), parse_int=integer)["cases"]
    return cases


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.flow.conformance", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--compat", choices=[SEED], default=None)
    args = parser.parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    failed = 0
    try:
        cases = load(args.file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f'{args.file} holds no vectors, {{"cases": [...]}}: {error}')
    for case in cases:
        differences = list(check(case, args.compat))
        failed += bool(differences)
        for line in differences:
            print(line)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
