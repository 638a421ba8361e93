"""Any family of tokens, in any order of births, aborts, time and forgetting, agrees with a model of a few lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flowbench.cancel import Aborted, AbortReason, AbortToken, CancelToken, Cause

PASSED = Cause(AbortReason.TIMEOUT, "deadline")
BY = ("api", "cell", "button", "interrupt")


@dataclass
class Model:
    """What a token must be. parent: place in the list. token: None when the test has let go of it."""

    token: CancelToken | None
    handle: AbortToken
    parent: int | None
    origin: str
    deadline: float | None
    flag: Cause | None = None
    expected: list[Cause] = field(default_factory=list)
    heard: list[Cause] = field(default_factory=list)
    listening: list[Callable[[], None]] = field(default_factory=list)


def _earlier(one: float | None, other: float | None) -> float | None:
    known = [end for end in (one, other) if end is not None]
    return min(known) if known else None


class Family(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.all: list[Model] = []

    def _clock(self) -> float:
        return self.now

    def _held(self, draw: int) -> tuple[int, Model, CancelToken]:
        held = [(place, model) for place, model in enumerate(self.all) if model.token is not None]
        place, model = held[draw % len(held)]
        assert model.token is not None
        return place, model, model.token

    def _add(self, token: CancelToken, parent: int | None, origin: str, timeout: float | None) -> None:
        deadline = None if timeout is None else self.now + timeout
        model = Model(token, token.emplace_abort_token(), parent, origin, deadline)
        if parent is not None:
            above = self.all[parent]
            model.deadline = _earlier(deadline, above.deadline)
            if above.flag is not None:
                model.flag = self._passed_on(model, above.flag)
        self.all.append(model)

    def _passed_on(self, model: Model, cause: Cause) -> Cause:
        if model.origin == "signal":
            return Cause(AbortReason.SIGNAL, "signal")
        return Cause(cause.reason, cause.by if cause.by.startswith("parent") else f"parent ({cause.by})")

    def _set(self, place: int, cause: Cause) -> None:
        model = self.all[place]
        if model.flag is not None:
            return
        model.flag = cause
        model.expected += [cause] * len(model.listening)
        model.listening.clear()
        for below, child in enumerate(self.all):
            if child.parent == place:
                self._set(below, self._passed_on(child, cause))

    @rule(timeout=st.sampled_from([None, 0, 1, 5]))
    def start(self, timeout: float | None) -> None:
        self._add(CancelToken(timeout, clock=self._clock), None, "", timeout)

    @precondition(lambda self: any(model.token for model in self.all))
    @rule(draw=st.integers(0, 99), timeout=st.sampled_from([None, 0, 1, 5]))
    def bear(self, draw: int, timeout: float | None) -> None:
        place, _, token = self._held(draw)
        self._add(token.child(timeout), place, "parent", timeout)

    @precondition(lambda self: any(model.token for model in self.all))
    @rule(draw=st.integers(0, 99), timeout=st.sampled_from([None, 0, 1, 5]))
    def follow(self, draw: int, timeout: float | None) -> None:
        place, _, token = self._held(draw)
        self._add(CancelToken(timeout, token, clock=self._clock), place, "signal", timeout)

    @precondition(lambda self: any(model.token for model in self.all))
    @rule(draw=st.integers(0, 99), reason=st.sampled_from(AbortReason), by=st.sampled_from(BY))
    def abort(self, draw: int, reason: AbortReason, by: str) -> None:
        place, model, token = self._held(draw)
        was_free = model.flag is None
        self._set(place, Cause(reason, by))
        assert token.abort(reason, by) is was_free

    @precondition(lambda self: any(model.token for model in self.all))
    @rule(draw=st.integers(0, 99), reason=st.sampled_from(AbortReason))
    def abort_by_handle(self, draw: int, reason: AbortReason) -> None:
        place, model, _ = self._held(draw)
        was_free = model.flag is None
        self._set(place, Cause(reason, "api"))
        assert model.handle.abort(reason) is was_free

    @precondition(lambda self: any(model.token for model in self.all))
    @rule(draw=st.integers(0, 99))
    def listen(self, draw: int) -> None:
        _, model, token = self._held(draw)
        forget = token.on_abort(model.heard.append)
        if model.flag is None:
            model.listening.append(forget)
        else:
            model.expected.append(model.flag)

    @precondition(lambda self: any(model.listening for model in self.all))
    @rule(draw=st.integers(0, 99))
    def forget(self, draw: int) -> None:
        listened = [model for model in self.all if model.listening]
        listened[draw % len(listened)].listening.pop()()

    @precondition(lambda self: any(model.token for model in self.all))
    @rule(draw=st.integers(0, 99))
    def let_go(self, draw: int) -> None:
        _, model, _ = self._held(draw)
        model.token = None

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def tokens_say_what_the_model_says(self) -> None:
        for model in self.all:
            if model.token is None:
                continue
            passed = model.deadline is not None and self.now >= model.deadline
            cause = model.flag or (PASSED if passed else None)
            assert model.token.deadline == model.deadline
            assert model.token.cause == cause
            assert model.token.aborted() is (cause is not None)
            assert model.token.abort_reason() is (model.flag.reason if model.flag else None)
            raised = None
            try:
                model.token.heartbeat()
            except Aborted as aborted:
                raised = aborted.cause
            assert raised == cause

    @invariant()
    def listeners_heard_once_also_without_their_token(self) -> None:
        for model in self.all:
            assert model.heard == model.expected


Family.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestFamily = Family.TestCase
