"""Joins: the branches of a fan-out, side by side, and how their results become one value."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flowbench.cancel import LAST_SECONDS
from flowbench.flow.errors import FlowError, Frontier, TypeMismatch
from flowbench.flow.paths import SEED
from flowbench.flow.program import Fan
from flowbench.flow.scope import Crew, Scope
from flowbench.flow.walk import walk

if TYPE_CHECKING:
    from flowbench.flow.evaluate import Evaluation


async def fan_out(run: Evaluation, scope: Scope, op: Fan, items: list[Any], address: str) -> Any:
    """The joined value. Raises: FlowError, Aborted, Frontier."""
    if not items:
        if op.join in ("any", "race") and run.program.compat != SEED:
            raise TypeMismatch(f"fanout.{op.join}", "requires at least one item")
        return []
    fan = _Fanned(run, scope, op, items, address)
    decided = None if scope.live or run.recorded is None else run.recorded.joins.get(address)
    if scope.strict:
        return await _view(fan, None if decided is None else decided[0])
    if decided is not None and decided[0] < len(items):
        try:
            return await _decided(fan, decided[0])
        except Frontier:  # the flow has changed below: decide again
            pass
    if run.sync or id(op) in run.inline:
        return await _inline(fan)
    return await _Race(fan).decide()


class _Fanned:
    """A fan-out that has begun. began_live: a branch that goes live must not take its siblings' records away, so
    only the join makes the outer scope live, and branches begin as the fan-out did."""

    __slots__ = ("address", "began_live", "items", "op", "run", "scope")

    def __init__(self, run: Evaluation, scope: Scope, op: Fan, items: list[Any], address: str) -> None:
        self.run = run
        self.scope = scope
        self.op = op
        self.items = items
        self.address = address
        self.began_live = scope.live

    def branch(self, index: int, crew: Crew | None = None) -> Scope:
        """A scope with the item bound. Raises: FlowError, which is the fan-out's own and no branch's."""
        outer = self.scope
        name = f"{self.address}.f{index}"
        branch = self.run.scope(outer.ctx, name, self.began_live, outer.strict, crew or outer.crew)
        self.run.visited[self.op.slot] += 1
        self.op.bind(branch, self.items[index])
        return branch

    def failed(self, index: int, failures: list[FlowError]) -> FlowError:
        """Tell that the join failed; the last error speaks for all of them."""
        self.run.sink.join(self.address, index, False)
        last = failures[-1]
        last.causes = tuple(cause for failure in failures for cause in failure.causes)
        return last


def _settled(ctx: Any, error: FlowError | None) -> dict[str, Any]:
    if error is None:
        return {"status": "fulfilled", "value": ctx}
    return {"status": "rejected", "reason": str(error)}


async def _inline(fan: _Fanned) -> Any:
    """No body waits: one after the other is the same as side by side, and needs no task."""
    run, scope, join, body = fan.run, fan.scope, fan.op.join, fan.op.body
    results: list[Any] = []
    failures: list[FlowError] = []
    for index in range(len(fan.items)):
        branch = fan.branch(index)
        error = None
        try:
            await walk(run, branch, body)
        except FlowError as failure:
            error = failure
        if branch.live:
            scope.live = True
        if join == "all_settled":
            results.append(_settled(branch.leave(), error))
        elif error is not None:
            failures.append(error)
            if join != "any":
                raise fan.failed(index, failures)
        elif join == "all":
            results.append(branch.leave())
        else:
            run.sink.join(fan.address, index, True)
            return branch.leave()
    if join == "any":
        raise fan.failed(len(fan.items) - 1, failures)
    return results


async def _decided(fan: _Fanned, won: int) -> Any:
    """Only the recorded winner is evaluated; the others have no say any more. Raises: Frontier."""
    branch = fan.branch(won)
    branch.strict = True
    await walk(fan.run, branch, fan.op.body)
    return branch.leave()


async def _view(fan: _Fanned, won: int | None) -> Any:
    """Evaluate every branch as far as it is recorded; decide as recorded, or by the join if all are complete."""
    ends: list[tuple[Any, FlowError | None]] = []
    complete: set[int] = set()
    for index in range(len(fan.items)):
        branch = fan.branch(index)
        error = None
        try:
            await walk(fan.run, branch, fan.op.body)
        except FlowError as failure:
            error = failure
        except Frontier:
            ends.append((None, None))
            continue
        complete.add(index)
        ends.append((branch.leave(), error))
    if won is not None and won in complete:
        ctx, error = ends[won]
        if error is None:
            return ctx
        if fan.op.join == "any":  # it failed because all did
            error.causes = tuple(cause for _, failure in ends if failure is not None for cause in failure.causes)
        raise error
    if fan.op.join in ("any", "race") or len(complete) < len(ends):
        raise Frontier(fan.address)
    if fan.op.join == "all_settled":
        return [_settled(ctx, error) for ctx, error in ends]
    if any(error for _, error in ends):
        raise Frontier(fan.address)  # failed, but the decision itself was not recorded
    return [ctx for ctx, _ in ends]


class _Race:
    """Workers pull branches in item order. A worker hires others only when its own body really waits, so quick
    bodies share one task and waiting ones get a task each; the number hired doubles, not to wait n loop turns."""

    def __init__(self, fan: _Fanned) -> None:
        assert fan.run.loop is not None
        self.fan = fan
        self.run = fan.run
        self.loop = fan.run.loop
        self.context = copy_context()  # a worker is hired from inside a body, whose context is not the fan-out's
        self.next = self.fresh = 0
        self.nests = bool(fan.op.body.fans)
        self.left = len(fan.items)
        self.workers: dict[asyncio.Task[None], Scope | None] = {}  # and their branch; in the order they were hired
        self.results: list[Any] = [None] * self.left
        self.failures: list[FlowError] = []
        self.over: asyncio.Future[Any] = self.loop.create_future()
        self.empty: asyncio.Future[None] | None = None
        self.dismissed_at: float | None = None

    async def decide(self) -> Any:
        self.hire(1)
        try:
            return await self.over
        finally:
            await self.dismiss()

    def hire(self, count: int) -> None:
        for _ in range(count):
            task = self.loop.create_task(self.work(), context=self.context.copy())
            self.fresh += 1
            self.workers[task] = None
            self.run.tasks[task] = None

    def gone(self, task: asyncio.Task[None]) -> None:
        self.workers.pop(task, None)
        self.run.tasks.pop(task, None)
        if self.empty is not None and not self.workers and not self.empty.done():
            self.empty.set_result(None)

    def is_over(self) -> bool:
        return self.over.done()

    def body_waits(self) -> None:
        if self.over.done() or self.run.cause is not None:
            return
        room, sole = len(self.fan.items) - self.next, self.run.sole
        if sole is not None:  # one in the queue is enough: who gets its place comes here again
            room = min(room, sole.free or int(not sole.is_awaited))
        room -= self.fresh
        if room > 0:
            self.hire(1 if self.nests else min(room, max(1, len(self.workers))))
        if self.fresh == 0:
            self.all_wait()

    def all_wait(self) -> None:
        """Whoever could begin has begun: what waits below us keeps our own worker waiting, too."""
        if self.fan.scope.crew is not None:
            self.fan.scope.crew.body_waits()

    async def work(self) -> None:
        self.fresh -= 1
        fan, run, over = self.fan, self.run, self.over
        me = asyncio.current_task(self.loop)
        assert me is not None
        try:
            while self.next < len(fan.items) and not over.done():
                index = self.next
                self.next += 1
                branch = fan.branch(index, self)
                if me in self.workers:
                    self.workers[me] = branch
                error = None
                try:
                    await walk(run, branch, fan.op.body)
                except FlowError as failure:
                    error = failure
                if branch.live:
                    fan.scope.live = True
                if not over.done():
                    self.settle(index, branch, error)
            if not over.done() and self.fresh == 0:
                self.all_wait()
        except asyncio.CancelledError:  # lost or aborted: `over` must not stay open
            over.cancel()  # and that is all: passed on, it would be kept by the task, with a traceback, for nobody
        except BaseException as fatal:  # a bind that fails, Aborted, our own bugs: never swallowed by a join
            if not over.done():
                over.set_exception(fatal)
        finally:
            self.gone(me)  # not by a callback of the task: that is another turn of the loop for each of thousands

    def settle(self, index: int, branch: Scope, error: FlowError | None) -> None:
        join = self.fan.op.join
        self.left -= 1
        if join == "all_settled":
            self.results[index] = _settled(branch.leave(), error)
        elif error is not None:
            self.failures.append(error)
            if join != "any" or not self.left:
                self.over.set_exception(self.fan.failed(index, self.failures))
            return
        elif join == "all":
            self.results[index] = branch.leave()
        else:
            self.run.sink.join(self.fan.address, index, True)
            self.over.set_result(branch.leave())
            return
        if not self.left:
            self.over.set_result(self.results)

    async def dismiss(self) -> None:
        """Cancel what is still running and wait for it, at most the grace; then once more, but briefly."""
        if not self.workers:
            return
        self.empty = self.loop.create_future()
        self.dismissed_at = perf_counter()
        if self.run.cause is None:  # a stop cancels every task at once
            for task in self.workers:
                task.cancel()
        for task, branch in self.workers.items():
            if branch is None:  # it has not begun, so that its own end will never be reached
                task.add_done_callback(self.gone)
        await self.emptied(self.run.grace)
        if self.workers:
            for task in self.workers:
                task.cancel()  # asyncio is edge-triggered: a body that swallowed the first one gets another
            await self.emptied(LAST_SECONDS)
        self.run.orphans += self.workers
        for branch in self.workers.values():
            if branch is not None:  # what nobody waits for must not hold back what comes after
                branch.give_place()

    async def emptied(self, seconds: float) -> None:
        """Return when the last worker has gone, or after so long."""
        assert self.empty is not None
        end = self.loop.time() + seconds
        while self.workers and (left := end - self.loop.time()) > 0:
            try:
                await asyncio.wait([self.empty], timeout=left)
            except asyncio.CancelledError:
                if self.run.cause is None:
                    raise
                # the stop has come while losers were ending: they still get their grace
