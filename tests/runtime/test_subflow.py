"""Flows as agents: what goes in and comes out, what stops them, and that a resume goes on with the child it had."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import Functions, GitStore, MemoryStore, UntrustedBlueprint, load, parse, trust_hash
from flowbench.runtime import rerun
from tests.flows import Json, attempt, blueprint, fan, lit, seq, step
from tests.runtime.families import children, dies


def calling(sub: Any, out: str | None = None, flow: Json | None = None, **more: Any) -> Json:
    agent = {"name": "work", "kind": "flow", "spec": {"blueprint": sub, "out": out}}
    return blueprint(flow or step("work"), agents=[agent], **more)


def sub(*refs: str) -> Json:
    return {"id": "sub", "flow": seq(*(step(ref, "$.n", "$.n") for ref in refs))}


@pytest.fixture
def known() -> Functions:
    functions = Functions()
    functions.register(lambda n: n + 1, id="inc")
    return functions


@pytest.mark.parametrize(
    ("given", "out", "answer"),
    [
        (sub("inc", "inc"), None, {"n": 3}),
        (sub("inc"), "$.n", 2),
        (json.dumps(sub("inc")), "$.n", 2),
        (sub("inc")["flow"], "$.n", 2),
    ],
    ids=["whole ctx", "a path", "text", "a flow alone"],
)
def test_its_ctx_is_the_input_and_its_answer_what_it_leaves(
    known: Functions, given: Any, out: str | None, answer: Any
) -> None:
    run = fb.launch(calling(given, out), {"x": {"n": 1}}, functions=known)

    assert run.result(30) == {"x": answer}
    [child] = children(run)
    assert (child.at, child.state, child.parent) == (run.steps[0].address, "done", run.id)
    assert f"run {child.id}" in [line.text for line in run.log.lines()]
    assert (fb.recall(child.id).parent, fb.recall(child.id).at) == (run.id, child.at)


def test_a_stored_one_is_found_by_id_and_version(known: Functions) -> None:
    store = MemoryStore()
    first = store.write_new("sub", load(sub("inc")))
    store.write_new("sub", load(sub("inc", "inc")))

    def answer(**version: str) -> Any:
        run = fb.launch(calling({"id": "sub", **version}, "$.n"), {"x": {"n": 1}}, functions=known, store=store)
        return run.result(30)["x"]

    assert (answer(), answer(version="latest"), answer(version=first)) == (3, 3, 2)


def test_its_failure_is_the_steps_and_names_the_child(known: Functions) -> None:
    known.register(lambda n: 1 / 0, id="boom")

    run = fb.launch(calling(sub("boom"), flow=attempt(step("work"))), {"x": {"n": 1}}, functions=known)

    err = run.result(30)["err"]
    [child] = children(run)
    assert err.startswith(f"dispatcher error for ref 'work': run {child.id} failed at step 0:")
    assert "division by zero" in err


def test_what_its_ctx_lacks_is_a_failure(known: Functions) -> None:
    run = fb.launch(calling(sub("inc"), "$.m.n"), {"x": {"n": 1}}, functions=known)
    run.wait(30)

    assert "left nothing at $.m.n, which spec.out names" in str(run.error)


def test_a_resume_goes_on_with_the_child_that_failed(known: Functions) -> None:
    called: list[str] = []
    fails = [True]

    def second(n: int) -> int:
        called.append("second")
        return 1 // 0 if fails[0] else n * 10

    known.register(lambda n: called.append("first") or n + 1, id="first")
    known.register(second, id="second")
    run = fb.launch(calling(sub("first", "second"), "$.n"), {"x": {"n": 1}}, functions=known)
    run.wait(30)
    [child] = children(run)
    fails[0] = False

    again = fb.resume(run.id, functions=known)

    assert again.result(30) == {"x": 20}
    assert called == ["first", "second", "second"]
    assert [each.id for each in children(run)] == [child.id]


def test_a_rerun_has_children_of_its_own(known: Functions) -> None:
    run = fb.launch(calling(sub("inc"), "$.n"), {"x": {"n": 1}}, functions=known)
    run.wait(30)

    again = rerun(run.id, "work", functions=known)

    assert again.result(30) == {"x": 2}
    assert len(children(run)) == len(children(again)) == 1


def test_a_child_whose_owner_was_killed_goes_on_with_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLED", str(tmp_path / "called"))
    victim = subprocess.run(
        [sys.executable, "-m", "tests.runtime.families"], env={**os.environ, "DIES": "1"}, timeout=120
    )
    assert victim.returncode == -signal.SIGKILL
    [parent] = fb.runs(parent="")

    run = fb.resume(parent.id, functions=dies())

    assert run.result(60) == {"x": 4}
    assert (tmp_path / "called").read_text().split() == ["first", "second", "second"]
    assert [child.state for child in children(run)] == ["done"]


def test_what_stops_the_parent_stops_the_child(known: Functions) -> None:
    began, stopped = threading.Event(), threading.Event()

    def waits(n: int, token: fb.CancelToken) -> int:
        began.set()
        while not token.aborted():
            time.sleep(0.005)
        stopped.set()
        token.heartbeat()
        return n

    known.register(waits, id="waits")
    run = fb.launch(calling(sub("waits")), {"x": {"n": 1}}, functions=known)
    assert began.wait(30)

    run.abort()

    assert run.wait(30)
    assert run.state == "cancelled"
    assert stopped.wait(30)
    assert [child.state for child in children(run)] == ["cancelled"]


def test_its_deadline_is_at_most_its_parents(known: Functions) -> None:
    known.register(lambda n, token: token.deadline, id="deadline")

    run = fb.launch(calling(sub("deadline"), "$.n"), {"x": {"n": 1}}, functions=known, timeout=600)

    assert run.result(30) == {"x": run.token.deadline}


def test_a_loser_takes_its_child_along(known: Functions) -> None:
    began = threading.Event()

    async def races(n: int) -> int:
        if n == 1:
            began.set()
            await asyncio.sleep(600)
        while not began.is_set():
            await asyncio.sleep(0.005)
        return n

    known.register(races, id="races")
    flow = fan(step("work", "$.i", "$.o"), items=[{"n": 1}, {"n": 2}], join="race")
    run = fb.launch(calling(sub("races"), "$.n", flow=flow), {}, functions=known)

    assert run.result(30)["r"]["o"] == 2
    assert sorted(child.state for child in children(run)) == ["cancelled", "done"]


def test_a_child_that_is_aborted_by_itself_is_a_failure_of_its_step(known: Functions) -> None:
    short = {**sub("slow"), "metadata": {"default_run_ttl_secs": 0}}
    known.register(lambda n: n, id="slow")

    run = fb.launch(calling(short, flow=attempt(step("work"))), {"x": {"n": 1}}, functions=known)

    assert "Aborted: Timeout" in run.result(30)["err"]


def test_flows_that_call_each_other_end_at_a_depth(known: Functions) -> None:
    store = MemoryStore()
    store.write_new("sub", load({**calling({"id": "sub"}), "id": "sub"}))

    run = fb.launch(calling({"id": "sub"}), {"x": {"x": {"x": {"x": 1}}}}, functions=known, store=store)
    run.wait(30)

    assert "spawn depth exceeded: 4 >= max 4" in str(run.error)
    assert len(fb.runs()) == 4


def test_a_memory_run_has_memory_children(known: Functions) -> None:
    run = fb.launch(calling(sub("inc"), "$.n"), {"x": {"n": 1}}, functions=known, durability="memory")

    assert run.result(30) == {"x": 2}
    assert fb.runs() == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "flow spec: 'blueprint' required"),
        ({"blueprint": "sub.yaml"}, 'no object with id and flow; write {"$file": "sub.yaml"} for a file'),
        ({"blueprint": {"id": "a", "version": ">"}}, "flow spec: "),
        ({"blueprint": sub("inc"), "out": "n"}, "flow spec: out: invalid path syntax"),
        ({"blueprint": sub("ink")}, "the Blueprint 'sub' inside of it: flow references agent 'ink'"),
        ({"blueprint": {"id": "a", "flow": {"kind": "stp"}}}, "the Blueprint inside of it: "),
        ({"blueprint": {"id": "a", "flow": step("b"), "agents": [{"$agent_md": "b.md"}]}}, "names no files"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_runs(known: Functions, spec: Json, said: str) -> None:
    source = blueprint(step("work"), agents=[{"name": "work", "kind": "flow", "spec": spec}])

    with pytest.raises(engine.InvalidSpec) as refused:
        fb.launch(parse(source), functions=known)

    assert said in str(refused.value)


def command(path: Path) -> Json:
    return {
        "name": "touch",
        "kind": "subprocess",
        "spec": {"program": "touch", "args": [str(path)], "use_stdin": False},
    }


def test_a_file_needs_trust_for_the_commands_of_its_flows_and_for_nothing_else(
    known: Functions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the program touches its input, too, by that name
    harmless, harmful = tmp_path / "a.json", tmp_path / "b.json"
    harmless.write_text(json.dumps(calling(sub("inc"), "$.n")))
    inner = {**sub("touch"), "agents": [command(tmp_path / "touched")]}
    harmful.write_text(json.dumps(calling(calling(inner))))

    assert fb.launch(harmless, {"x": {"n": 1}}, functions=known).result(30) == {"x": 2}
    with pytest.raises(UntrustedBlueprint):
        fb.launch(harmful, {"x": {"x": {"n": 1}}}, functions=known)
    allowed = trust_hash(load(harmful))
    assert fb.launch(harmful, {"x": {"x": {"n": 1}}}, functions=known, trust=allowed).result(30)
    with pytest.raises(UntrustedBlueprint):
        fb.launch(harmful, {"x": {"x": {"n": 1}}}, functions=known)
    assert (tmp_path / "touched").exists()


def test_a_stored_one_with_commands_needs_its_own_trust(known: Functions, tmp_path: Path) -> None:
    store = GitStore(tmp_path / "store")
    store.write_new("sub", load({**sub("touch"), "agents": [command(tmp_path / "touched")]}))

    run = fb.launch(calling({"id": "sub"}), {"x": {"n": lit(1)}}, functions=known, store=store)
    run.wait(30)

    assert run.state == "failed"
    assert "trust" in str(run.error)
    assert not (tmp_path / "touched").exists()
