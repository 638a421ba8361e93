"""Walk: one coroutine runs a program on a scope; it suspends only where a body really waits."""

from __future__ import annotations

from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING

from flowbench.cancel import Aborted
from flowbench.flow.address import shape
from flowbench.flow.answers import ANSWERS, Skip
from flowbench.flow.errors import DispatcherError, FlowError, NonBoolCond, TypeMismatch, text_of
from flowbench.flow.paths import SEED
from flowbench.flow.program import END, FANOUT, HEAD, JUMP, LET, LOOP, NEXT, STEP, TEST, TRIED, TRY, Fan, Program
from flowbench.flow.scope import Rescue, Scope, Turns
from flowbench.flow.values import CONTAINERS, PLAIN, compact, debug, hand, hand_copy, take, take_value
from flowbench.flow.waiting import coroutine_of, is_the_bodys, queue, rest, turn

if TYPE_CHECKING:
    from flowbench.flow.evaluate import Evaluation


async def walk(run: Evaluation, scope: Scope, program: Program) -> None:
    """Run `program` on `scope` until its end; scope.ctx is the result. Raises: FlowError, Aborted, Frontier."""
    code, bodies, sink, clock = program.code, run.bodies, run.sink, perf_counter
    turnstiles, visited = run.turnstiles, run.visited
    keep, log, pc = sink.keeps_text, scope.log, 0
    text = made = None
    while True:
        try:
            while True:
                op = code[pc]
                pc += 1
                kind = op.kind
                if log is not None:
                    scope.at = scope.prefix + op.suffix
                if kind == STEP:
                    if run.cause is not None:
                        raise Aborted(run.cause)
                    address = scope.prefix + op.suffix
                    if run.hooks:
                        run.enter(scope, address)
                    if log is not None:
                        scope.mark(address, "in")
                    value = op.read(scope.ctx)
                    if value.__class__ in CONTAINERS:
                        scope.own.clear()
                    outcome = None if scope.live else run.recall(scope, op, address, value)
                    if outcome is not None:
                        out = run.answer(outcome, address, value)
                    else:
                        if run.before is not None:
                            pause = run.before(scope, op, address, value)
                            if pause is not None:  # a plain answer costs a call; only a breakpoint that hits waits
                                await pause
                                if run.cause is not None:
                                    raise Aborted(run.cause)
                            value = op.read(scope.ctx)
                            if value.__class__ in CONTAINERS:
                                scope.own.clear()
                        place = turnstiles[op.slot]
                        if place is not None:
                            if place.free:
                                place.free -= 1
                            else:
                                await queue(run, scope, place)
                            scope.place = place
                        run.here, run.at, run.ref = scope, address, op.ref
                        run.value = value  # not above: Python makes a tuple of four, and none of three
                        began = clock()
                        try:
                            if keep:
                                sent, text = hand(value)
                            else:
                                sent = hand_copy(value) if value.__class__ in CONTAINERS else value
                            result = bodies[op.slot](sent)
                            if result.__class__ not in PLAIN:
                                body = result if result.__class__ is CoroutineType else coroutine_of(result)
                                if body is not None:
                                    try:
                                        waits_for = body.send(None)
                                    except StopIteration as end:
                                        result = end.value
                                    else:
                                        run.here = None
                                        result = await rest(body, waits_for, run, scope, op.ref, address)
                                if result.__class__ in ANSWERS:
                                    result = run.opened(address, result)
                            if keep:
                                out, made = take(result)
                            else:
                                out = take_value(result)
                        except Exception as error:  # the body's own failure, whatever it is
                            run.here = None
                            if error is run.untold:
                                raise
                            if isinstance(error, Skip):
                                sink.skip(address, op.ref, value, text, error.reason, began, clock(), run)
                                raise
                            said = text_of(error)
                            sink.fail(address, op.ref, value, text, said, began, clock(), run, error)
                            raise step_failed(op.ref, said, address) from error
                        except BaseException as error:
                            run.here = None
                            if error is not run.untold and is_the_bodys(error, run, scope):
                                said = text_of(error)
                                sink.fail(address, op.ref, value, text, said, began, clock(), run, error)
                                raise step_failed(op.ref, said, address) from error
                            run.cancelled(scope, address, op.ref, value, error)
                            raise
                        finally:
                            if place is not None:
                                scope.give_place()
                        ended = clock()
                        run.here = None
                        sink.done(address, op.ref, value, text, out, made, began, ended, run)
                        if ended > run.slice_end:
                            await turn(run)
                    if run.hooks:
                        run.edge(scope, address, "out")
                    try:  # costs nothing where nothing is raised
                        op.write(scope, out)
                    except FlowError:
                        run.unwritten[shape(address)] += 1
                        raise
                    if run.hooks:
                        run.edge(scope, address, "after")
                    if log is not None:
                        scope.mark(address, "out")
                elif kind == END:  # so early because every branch of a fan-out comes here
                    return
                elif kind == LET:
                    value = op.read(scope.ctx)
                    if value.__class__ in CONTAINERS:
                        scope.own.clear()
                    op.write(scope, value)
                    visited[op.slot] += 1
                elif kind == TEST:
                    value = op.read(scope.ctx)
                    if value is True:
                        visited[op.slot] += 1
                    elif value is False:
                        visited[op.slot + 1] += 1
                        pc = op.target
                    else:
                        raise NonBoolCond(compact(value))
                elif kind == JUMP:
                    pc = op.target
                elif kind == HEAD:
                    turns: Turns = scope.frame  # type: ignore[assignment]
                    if turns.count >= op.max or (value := op.read(scope.ctx)) is None or value is False:
                        scope.prefix, scope.frame = turns.prefix, turns.outer
                        pc = op.target
                        visited[op.slot + 1] += 1
                    else:
                        visited[op.slot] += 1
                        scope.prefix = f"{turns.inner}{turns.count}"
                elif kind == NEXT:
                    turns = scope.frame  # type: ignore[assignment]
                    turns.count += 1
                    op.write(scope, turns.count)
                    scope.prefix = turns.prefix
                    pc = op.target
                    if run.cause is not None:
                        raise Aborted(run.cause)
                    if not turns.count & 127 and clock() > run.slice_end:
                        await turn(run)
                elif kind == LOOP:
                    op.write(scope, 0)
                    scope.frame = Turns(scope.prefix, f"{scope.prefix}{op.suffix}.i", scope.frame)
                elif kind == TRY:
                    scope.own.clear()
                    scope.frame = Rescue(scope.ctx, scope.prefix, op, scope.frame)
                elif kind == TRIED:
                    rescue: Rescue = scope.frame  # type: ignore[assignment]
                    scope.frame = rescue.outer
                    pc = op.target
                else:
                    assert isinstance(op, Fan)
                    if run.cause is not None:
                        raise Aborted(run.cause)
                    address = scope.prefix + op.suffix
                    if run.hooks:
                        run.edge(scope, address, "in")
                    if log is not None:
                        scope.mark(address, "in")
                    items = op.read(scope.ctx)
                    if items.__class__ is not list:
                        raise _not_a_list(run, debug(items))
                    scope.own.clear()
                    sink.fan(address, len(items))
                    out = await run.fan_out(scope, op, items, address)
                    if run.hooks:
                        run.edge(scope, address, "out")
                    op.write(scope, out)
                    visited[op.slot + 1] += 1
                    if log is not None:
                        scope.mark(address, "out")
        except Skip:  # recorded already; the step writes nothing, the next one follows
            run.skipped(scope, scope.prefix + code[pc - 1].suffix)
        except FlowError as error:
            op = code[pc - 1]
            address = scope.prefix + op.suffix
            error.address = error.address or address
            error.causes = error.causes or (address,)
            if run.hooks and op.kind in (STEP, FANOUT):
                run.edge(scope, address, "out")
            outer = scope.catches()
            run.errors[shape(scope.name if outer is None else outer), shape(address), outer is not None] += 1
            pc = scope.unwind(error)


def step_failed(ref: str, said: str, address: str) -> DispatcherError:
    """The error of a step; its address is the only cause."""
    error = DispatcherError(ref, said)
    error.address = address
    error.causes = (address,)
    return error


def _not_a_list(run: Evaluation, shown: str) -> FlowError:
    message = f"expected array, got {shown}"
    if run.program.compat == SEED:
        return DispatcherError("fanout.items", message)
    return TypeMismatch("fanout.items", message)
