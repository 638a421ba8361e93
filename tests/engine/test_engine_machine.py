"""The engine against a model of plain dicts: whatever is asked of it, in whatever order."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from flowbench.engine import Blocked, CapToken, Engine, EngineCfg, Final, Inline, Outcome, Role, Site, TaskSpec
from flowbench.engine.errors import (
    DispatchFailed,
    EngineError,
    InvalidTransition,
    ResumeKeyNotFound,
    SpawnDepthExceeded,
    TokenExpired,
    TokenTaskMismatch,
    TokenUsesExhausted,
)
from tests.engine.desks import Clock, Worker, until


class EngineMachine(RuleBasedStateMachine):
    """tasks: id -> {status, attempt, depth, before, pending, live}. tokens: nonce -> {expire, revoked, task}."""

    sessions = Bundle("sessions")
    tasks = Bundle("tasks")
    workers = Bundle("workers")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.engine = Engine(EngineCfg(max_spawn_depth=3), clock=self.clock)
        self.owner = self.engine.attach("owner", Role.OPERATOR)
        self.known: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, dict[str, Any]] = {self.owner.nonce: {"expire": None, "revoked": False}}
        self.attached: dict[str, bool] = {self.owner.nonce: True}
        self.live: dict[str, tuple[int, asyncio.Task[Any], asyncio.Event]] = {}  # task -> its running dispatch

    def teardown(self) -> None:
        for task_id in sorted(self.live):
            self.leave(task_id)
        self.loop.close()

    def leave(self, task_id: str) -> None:
        _, dispatch, _ = self.live.pop(task_id)
        dispatch.cancel()
        self.loop.run_until_complete(asyncio.wait([dispatch]))
        assert dispatch.cancelled()

    def refused(self, token: CapToken) -> type[EngineError] | None:
        """What any use of it is answered with."""
        known = self.tokens[token.nonce]
        if known["expire"] is not None and self.clock.now >= known["expire"]:
            return TokenExpired
        return TokenUsesExhausted if known["revoked"] else None

    # -- sessions and time

    @rule(target=sessions, ttl=st.none() | st.integers(1, 20))
    def attach(self, ttl: int | None) -> CapToken:
        token = self.engine.attach("op", Role.OPERATOR, ttl)
        expire = None if ttl is None else int(self.clock.now) + ttl
        self.tokens[token.nonce] = {"expire": expire, "revoked": False}
        self.attached[token.nonce] = True
        return token

    @rule(token=sessions, leaves=st.booleans())
    def detach_or_beat(self, token: CapToken, leaves: bool) -> None:
        act = self.engine.detach if leaves else self.engine.heartbeat
        if (refusal := self.refused(token)) is not None:
            with pytest.raises(refusal):
                act(token)
            return
        act(token)
        self.attached[token.nonce] = not leaves

    @rule(seconds=st.integers(1, 8))
    def time_passes(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule(token=sessions)
    def revoke(self, token: CapToken) -> None:
        self.engine.revoke(token)
        self.tokens[token.nonce]["revoked"] = True

    # -- tasks

    @rule(target=tasks, token=sessions)
    def start(self, token: CapToken) -> Any:
        return self.begin(token, 0)

    @rule(target=tasks, worker=workers)
    def start_below(self, worker: tuple[str, CapToken]) -> Any:
        task_id, token = worker
        return self.begin(token, self.known[task_id]["depth"] + 1, task_id)

    def begin(self, token: CapToken, depth: int, parent: str | None = None) -> Any:
        spec = TaskSpec("agent", "do")
        expected = self.refused(token) or (SpawnDepthExceeded if depth >= 3 else None)
        if parent is not None and self.known[parent]["status"] == "cancelled":
            expected = InvalidTransition
        if expected is not None:
            with pytest.raises(expected):
                self.engine.start_task(token, spec)
            return multiple()
        task_id = self.engine.start_task(token, spec)
        self.known[task_id] = {
            "status": "pending", "attempt": 0, "depth": depth, "before": None, "pending": None, "parent": parent,
        }  # fmt: skip
        return task_id

    @rule(target=workers, task_id=tasks, token=sessions, how=st.sampled_from(["pass", "blocked", "fails", "goes on"]))
    def dispatch(self, task_id: str, token: CapToken, how: str) -> Any:
        task = self.known[task_id]
        expected = self.refused(token) or (InvalidTransition if task["status"] == "cancelled" else None)
        gate, found = asyncio.Event(), []

        async def work(site: Site, value: Any) -> Any:
            found.append(site.task().token())
            if how == "goes on":
                await gate.wait()
            if how == "blocked":
                raise Blocked("no", "", "")
            if how == "fails":
                raise ValueError("boom")
            return "yes"

        async def go() -> Any:
            dispatch = asyncio.ensure_future(self.engine.dispatch_attempt_with(token, task_id, Worker(work)))
            await until(lambda: dispatch.done() or (bool(found) and how == "goes on"))
            return dispatch

        before = self.live.get(task_id)
        dispatch = self.loop.run_until_complete(go())
        if expected is not None:
            assert type(dispatch.exception()) is expected
            return multiple()
        if before is not None:  # it was superseded
            assert self.loop.run_until_complete(before[1]) == Outcome("cancelled")
            del self.live[task_id]
        task["attempt"] += 1
        task["before"] = None
        if how == "goes on":
            task["status"] = "running"
            self.live[task_id] = (task["attempt"], dispatch, gate)
        else:
            task["status"] = "pass" if how == "pass" else "blocked"
            if how == "fails":
                assert isinstance(dispatch.exception(), DispatchFailed)
            else:
                assert dispatch.result() == Outcome(how, "yes" if how == "pass" else "no")
        self.tokens[found[0].nonce] = {"expire": None, "revoked": False}
        return task_id, found[0]

    @rule(data=st.data())
    def a_worker_ends(self, data: st.DataObject) -> None:
        if not self.live:
            return
        task_id = data.draw(st.sampled_from(sorted(self.live)))
        _, dispatch, gate = self.live.pop(task_id)
        gate.set()
        assert self.loop.run_until_complete(dispatch) == Outcome("pass", "yes")
        self.known[task_id].update(status="pass", before=None)

    @rule(data=st.data())
    def somebody_leaves_a_dispatch(self, data: st.DataObject) -> None:
        if not self.live:
            return
        task_id = data.draw(st.sampled_from(sorted(self.live)))
        self.leave(task_id)
        self.cancelled(task_id)

    @rule(task_id=tasks, token=sessions)
    def cancel(self, task_id: str, token: CapToken) -> None:
        if (refusal := self.refused(token)) is not None:
            with pytest.raises(refusal):
                self.engine.cancel_task(token, task_id)
            return
        self.engine.cancel_task(token, task_id)
        self.cancelled(task_id)

    def cancelled(self, task_id: str) -> None:
        self.known[task_id].update(status="cancelled", before=None)
        for below, task in self.known.items():
            if task["parent"] == task_id and task["status"] in ("pending", "running", "suspended"):
                self.cancelled(below)
        if task_id in self.live:
            _, dispatch, _ = self.live.pop(task_id)
            assert self.loop.run_until_complete(dispatch) == Outcome("cancelled")

    # -- seniors and workers

    @rule(task_id=tasks)
    def ask(self, task_id: str) -> None:
        task = self.known[task_id]
        if task["status"] == "cancelled":
            with pytest.raises(InvalidTransition):
                self.engine.query_senior(self.owner, task_id, "?")
            return
        key = self.engine.query_senior(self.owner, task_id, "?")
        task["before"] = task["before"] or task["status"]
        task.update(status="suspended", pending=key)

    @rule(task_id=tasks)
    def answer(self, task_id: str) -> None:
        task, key = self.known[task_id], f"R-senior-{task_id}"
        if task["pending"] in (None, "answered"):
            with pytest.raises(ResumeKeyNotFound if task["pending"] is None else InvalidTransition):
                self.engine.resume(key, 1)
            return
        self.engine.resume(key, 1)
        task["pending"] = "answered"
        if task["status"] == "suspended":
            task.update(status=task["before"], before=None)

    @rule(worker=workers, task_id=tasks)
    def a_worker_reads(self, worker: tuple[str, CapToken], task_id: str) -> None:
        own, token = worker
        if own == task_id:
            assert self.engine.fetch_prompt(token, task_id) == "do"
        else:
            with pytest.raises(TokenTaskMismatch):
                self.engine.fetch_prompt(token, task_id)
            with pytest.raises(TokenTaskMismatch):
                self.engine.submit_output(token, task_id, 1, Final(Inline("forged"), True))

    @rule(worker=workers)
    def a_final_comes_late(self, worker: tuple[str, CapToken]) -> None:
        task_id, token = worker
        bound = self.engine.tokens.bound_to(token.nonce)
        assert bound is not None
        self.engine.submit_output(token, task_id, bound[1], Final(Inline("late"), True))
        assert self.engine.output_tail(task_id, bound[1])[-1] == Final(Inline("late"), True)

    # -- what always holds

    @invariant()
    def the_engine_agrees_with_the_model(self) -> None:
        for task_id, task in self.known.items():
            state = self.engine.read_task_state(self.owner, task_id)
            told = {"status": state.status.value, "attempt": state.attempt, "depth": state.spawn_depth}
            assert told == {name: task[name] for name in told}
            assert (state.suspended_on is not None) == (task["status"] == "suspended")
            polled = self.loop.run_until_complete(self.engine.poll_task(self.owner, task_id))
            assert msgspec.to_builtins(polled) == msgspec.to_builtins(state)
        running = {task_id for task_id, task in self.known.items() if task["status"] == "running"}
        assert running <= set(self.live)  # nobody is `running` without a worker
        told = {session.nonce: session.attached for session in self.engine.sessions()}
        assert told == self.attached


TestEngineMachine = EngineMachine.TestCase
TestEngineMachine.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a shorter failure would take minutes to find
)
