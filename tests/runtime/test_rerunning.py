"""Rerunning: one step and what depends on it run again, as a new run; all else is answered from the old one."""

from __future__ import annotations

from typing import Any

import pytest

import flowbench as fb
from flowbench import blueprint as bp
from flowbench.flow import Output, Skip
from flowbench.runtime import Run, RunError, RunNotFound, launch, recall, rerun, resume


class Shop:
    """Agents that count their calls."""

    def __init__(self) -> None:
        self.functions = bp.Functions()
        self.calls: list[str] = []
        self.factor = 1

    def add(self, name: str, fn: Any) -> None:
        def body(value: Any) -> Any:
            self.calls.append(name)
            return fn(value)

        self.functions.register(body, id=name)

    def run(self, flow: Any, ctx: Any = None, **options: Any) -> Run:
        return ended(launch(bp.load(flow), ctx or {}, functions=self.functions, **options))

    def rerun(self, run: Run, at: str, **options: Any) -> Run:
        self.calls.clear()
        return ended(rerun(run.id, at, functions=self.functions, **options))


def ended(run: Run) -> Run:
    run.wait()
    return run


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    for name in ("a", "b", "c"):
        shop.add(name, lambda value: (value or 0) + shop.factor)
    return shop


def line() -> Any:
    return fb.seq(fb.step("a", fb.lit(1), fb.ctx.a), fb.step("b", fb.ctx.a, fb.ctx.b), fb.step("c", fb.ctx.b, fb.ctx.c))


def fan() -> Any:
    body = fb.seq(fb.step("a", fb.ctx.n, fb.ctx.x), fb.step("b", fb.ctx.x, fb.ctx.y))
    return fb.seq(fb.fanout(fb.ctx.ns, fb.ctx.n, body, out=fb.ctx.all), fb.step("c", fb.lit(0), fb.ctx.c))


@pytest.mark.parametrize("at", ["1", "b"], ids=["address", "agent"])
def test_the_step_and_what_follows_run_again_as_a_new_run(shop: Shop, at: str) -> None:
    old = shop.run(line())
    before = (old.path / "journal.jsonl").read_bytes() if old.path else b""
    shop.factor = 10

    new = shop.rerun(old, at)

    assert new.result() == {"a": 2, "b": 12, "c": 22}
    assert shop.calls == ["b", "c"]
    assert new.id != old.id
    assert old.path is not None
    assert (old.path / "journal.jsonl").read_bytes() == before
    past = recall(new.id)
    assert past.origin is not None
    assert (past.origin.parent, past.origin.at) == (old.id, ["1"])
    assert (past.ctx, past.state) == (new.ctx, "done")
    assert [step.recorded for step in new.steps] == [True, False, False]


def test_a_new_run_is_a_run_like_any_other(shop: Shop) -> None:
    new = shop.rerun(shop.run(line()), "1")

    again = shop.rerun(new, "2")
    answered = ended(resume(again.id, functions=shop.functions))

    assert shop.calls == ["c"]
    assert answered.result() == again.result() == new.result()
    assert recall(again.id).origin.parent == new.id  # type: ignore[union-attr]


def test_in_a_fan_out_other_branches_stay_and_what_follows_the_join_runs_again(shop: Shop) -> None:
    old = shop.run(fan(), {"ns": [0, 10, 20]})
    shop.factor = 5

    new = shop.rerun(old, "0.f1.1")

    assert sorted(shop.calls) == ["b", "c"]
    assert [branch["y"] for branch in new.result()["all"]] == [2, 16, 22]
    assert recall(new.id).ctx == new.ctx


def test_an_agent_runs_again_wherever_it_ran(shop: Shop) -> None:
    old = shop.run(fan(), {"ns": [0, 10]})

    new = shop.rerun(old, "b")

    assert sorted(shop.calls) == ["b", "b", "c"]
    assert new.result() == old.result()


def test_a_loop_runs_again_from_one_of_its_turns(shop: Shop) -> None:
    body = fb.step("a", fb.ctx.x, fb.ctx.x)
    old = shop.run(fb.loop(fb.ctx.x < 5, body, max=9), {"x": 0})

    new = shop.rerun(old, "0.i3")

    assert (shop.calls, new.result()) == (["a", "a"], old.result())


def test_the_ctx_that_the_step_sees_can_be_written(shop: Shop) -> None:
    old = shop.run(line())

    new = shop.rerun(old, "1", patch={"$.a": 40, "$.note.by": "me"})

    assert new.result() == {"a": 40, "note": {"by": "me"}, "b": 41, "c": 42}
    assert recall(new.id).ctx_at("1", before=True) == {"a": 40, "note": {"by": "me"}}


def test_another_blueprint_keeps_what_was_recorded_before_its_first_difference(shop: Shop) -> None:
    old = shop.run(line())
    other = fb.seq(*line().children[:2], fb.step("a", fb.ctx.b, fb.ctx.c))

    new = shop.rerun(old, "2", blueprint=bp.load(other))

    assert (shop.calls, new.result()["c"]) == (["a"], 4)
    assert recall(new.id).blueprint.flow == other


def test_a_failed_run_tries_again_what_made_it_fail(shop: Shop) -> None:
    def fussy(value: Any) -> Any:
        if shop.factor == 1:
            raise ValueError("not yet")
        return value

    shop.add("b", fussy)
    old = shop.run(line())
    shop.factor = 2

    new = shop.rerun(old, "a")

    assert (old.state, new.state, shop.calls) == ("failed", "done", ["a", "b", "c"])


def test_skips_parts_and_large_values_are_taken_over(shop: Shop) -> None:
    def skips(value: Any) -> Any:
        raise Skip("no")

    shop.add("a", lambda value: Output("x" * 100_000, {"report": "y" * 100_000}))
    shop.add("b", skips)
    old = shop.run(fb.seq(*line().children[:2], fb.step("c", fb.lit(0), fb.ctx.c)))

    new = shop.rerun(old, "2", durability="power")

    first, second, _ = recall(new.id).steps
    assert (len(first.output), len(first.parts["report"])) == (100_000, 100_000)
    assert (second.status, second.error) == ("skipped", "no")
    assert shop.calls == ["c"]


def test_a_run_of_memory_can_come_out_of_a_recorded_one(shop: Shop) -> None:
    new = shop.rerun(shop.run(line()), "c", durability="memory")

    assert (new.path, new.result()["c"], shop.calls) == (None, 4, ["c"])


def test_a_run_and_a_recorded_one_offer_it(shop: Shop) -> None:
    old = shop.run(line())

    by_step = ended(old.rerun(old.steps[1], functions=shop.functions))
    by_name = ended(recall(old.id).rerun("c", functions=shop.functions))

    assert by_step.result() == by_name.result() == old.result()


def test_a_step_that_was_never_reached_is_refused_with_what_there_is(shop: Shop) -> None:
    old = shop.run(line())

    with pytest.raises(RunError, match=r"no step '7' to run again; .*recorded steps: 0, 1, 2; agents: a, b, c"):
        rerun(old.id, "7", functions=shop.functions)
    with pytest.raises(RunNotFound):
        rerun("r-nowhere", "0")


def test_a_live_run_is_refused(shop: Shop) -> None:
    live = fb.debug(bp.load(line()), {}, functions=shop.functions)
    live.wait()

    with pytest.raises(RunError, match="still goes on"):
        rerun(live.run.id, "0", functions=shop.functions)

    live.abort()
    live.run.wait()
