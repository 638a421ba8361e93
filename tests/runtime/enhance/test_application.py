"""The Enhance loop: an issue becomes a run, the run a version or a reason why not; nothing is lost on the way."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowbench import blueprint as bp
from flowbench import runtime as rt
from flowbench.cancel import AbortReason, CancelToken
from tests.runtime.enhance.samples import PROMPT, brief, counted, functions, patch, replace, target

Spawner = Callable[[Any], Any]


def application(spawner: Spawner = brief, store: bp.BlueprintStore | None = None, **how: Any) -> rt.EnhanceApplication:
    store = store or bp.MemoryStore()
    if "main" not in store.list_ids():
        store.write_new("main", target())
    return rt.EnhanceApplication(store, functions=functions(spawner), **how)


def ask(app: rt.EnhanceApplication, *intents: str) -> list[str]:
    return [asyncio.run(app.handle(rt.NewIssue("main", intent))).issue_id for intent in intents]


def tick(app: rt.EnhanceApplication, token: CancelToken | None = None) -> rt.LogEntry | None:
    return asyncio.run(app.tick(token))


def test_an_issue_becomes_a_new_version_by_an_ordinary_run() -> None:
    app = application()
    before = app.blueprints.read_head("main").trace.version
    [id] = ask(app, "less text")

    entry = tick(app)

    head = app.blueprints.read_head("main")
    assert entry is not None
    assert head.value.agents[0].profile is not None
    assert head.value.agents[0].profile.system_prompt == "Be brief: less text"
    assert head.value.metadata.version_label == "0.0.1"
    assert app.blueprints.read_commit_rationale("main", head.trace.version) == "less text"
    assert app.issues.status(id) == rt.Applied(head.trace.version)
    assert (entry.prev_hash, entry.new_hash, entry.status) == (before, head.trace.version, "applied")
    assert [(v.axis, v.status) for v in entry.verdicts] == [
        ("des", "pass"), ("canonical", "pass"), ("noop", "pass"), ("agent-ref", "pass"),
    ]  # fmt: skip
    assert app.log.get(id) == entry
    past = rt.recall(entry.run_id)
    assert past.state == "done"
    assert past.ctx["issue"] == {"issue_id": id, "blueprint_id": "main", "intent": "less text"}
    assert [step.agent for step in past.steps][:2] == ["patch-spawner", "patch-applier"]
    assert tick(app) is None


def test_a_denied_change_is_rejected_with_its_reasons() -> None:
    app = application(lambda work: patch(replace("/flow/ref", "nobody")))
    [id] = ask(app, "break it")
    before = app.blueprints.read_head("main").trace.version

    entry = tick(app)

    assert entry is not None
    assert (entry.status, entry.new_hash) == ("rejected", "")
    assert entry.reasons == ("agent-ref: no agent is called 'nobody'",)
    assert app.issues.status(id) == rt.Rejected("verifier deny: agent-ref: no agent is called 'nobody'")
    assert app.blueprints.read_head("main").trace.version == before


def test_a_setting_without_axes_keeps_every_change_that_is_a_blueprint() -> None:
    app = application(lambda work: patch(replace("/flow/ref", "nobody")))
    app.settings.put(rt.EnhanceSetting("default", "enhance", verifier_axes=()))
    ask(app, "break it")

    entry = tick(app)

    assert entry is not None
    assert (entry.status, entry.verdicts) == ("applied", ())


def test_a_flow_that_fails_rejects_its_issue_and_is_raised() -> None:
    def fail(work: Any) -> Any:
        raise ValueError("the model is asleep")

    app = application(fail)
    [id] = ask(app, "anything")

    with pytest.raises(rt.RunFailed):
        tick(app)

    status = app.issues.status(id)
    assert isinstance(status, rt.Rejected)
    assert status.reason.startswith("dispatch failed: ")
    assert "the model is asleep" in status.reason
    with pytest.raises(rt.LogNotFound):
        app.log.get(id)


@pytest.mark.parametrize(
    ("commit", "message"),
    [
        ({}, r"^commit shape: \$\.commit has to be an object with committed true or false"),
        ({"committed": True, "new_version": "x"}, r"^commit shape: \$\.commit: Object missing required field"),
        ({"committed": False, "reasons": [1], "rationale": "", "verdicts_summary": []}, r"commit: Expected `str`"),
        (
            {"committed": True, "new_version": "ab", "new_bp_json": bp.to_json(target()), "bump": "minor",
             "rationale": "", "verdicts_summary": []},
            r"^commit shape: new_version mismatch: the flow says ab, its Blueprint hashes to ",
        ),
        (
            {"committed": True, "new_version": "ab", "new_bp_json": {"id": "x"}, "bump": "minor", "rationale": "",
             "verdicts_summary": []},
            r"^commit shape: \$\.commit\.new_bp_json is no Blueprint",
        ),
    ],
    ids=["nothing", "missing", "mistyped", "other hash", "no Blueprint"],
)  # fmt: skip
def test_a_commit_that_is_not_whole_is_an_error_and_never_guessed(commit: Any, message: str) -> None:
    app = application(lambda work: commit)
    flow = {"kind": "step", "ref": "patch-spawner", "in": "$", "out": "$.commit"}
    asyncio.run(app.put_setting(rt.EnhanceSetting("default", "mine"), {"id": "mine", "flow": flow}))
    [id] = ask(app, "anything")

    with pytest.raises(rt.BadCommit, match=message):
        tick(app)

    assert isinstance(app.issues.status(id), rt.Rejected)


def test_what_somebody_wrote_meanwhile_is_kept_and_the_change_is_made_again_on_it() -> None:
    store, calls = bp.MemoryStore(), []

    def once(work: Any) -> Any:
        calls.append(work["prev_hash"])
        if len(calls) == 1:
            store.write_new("main", target(metadata={"version_label": "5.0.0", "description": "theirs"}))
        return brief(work)

    app = application(once, store)
    [id] = ask(app, "less text")

    entry = tick(app)

    head = store.read_head("main")
    assert entry is not None
    assert app.issues.status(id) == rt.Applied(head.trace.version)
    assert (head.value.metadata.description, head.value.metadata.version_label) == ("theirs", "5.0.1")
    assert head.trace.parents == (calls[1],)
    assert app.issues.get(id).run_id == entry.run_id


def test_a_blueprint_that_somebody_writes_all_the_time_is_left_to_them() -> None:
    store, calls = bp.MemoryStore(), []

    def always(work: Any) -> Any:
        calls.append(1)
        store.write_new("main", target(metadata={"version_label": f"5.0.{len(calls)}"}))
        return brief(work)

    app = application(always, store)
    [id] = ask(app, "less text")

    entry = tick(app)

    status = app.issues.status(id)
    assert entry is not None
    assert (entry.status, entry.new_hash, len(calls)) == ("rejected", "", 3)
    assert store.read_head("main").value.metadata.version_label == "5.0.3"
    assert isinstance(status, rt.Rejected)
    assert status.reason.startswith("head moved: id=main")


def test_a_cancelled_caller_leaves_its_issue_to_the_next_one() -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def slow(work: Any) -> Any:
        begun.set()
        goes_on.wait()
        return brief(work)

    app = application(slow)
    [id] = ask(app, "less text")

    async def cancelled() -> None:
        tick = asyncio.ensure_future(app.tick())
        await asyncio.to_thread(begun.wait)
        tick.cancel()
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await tick

    asyncio.run(cancelled())
    assert app.issues.status(id) == rt.Pending()

    entry = tick(app)

    assert entry is not None
    assert (entry.issue_id, entry.status) == (id, "applied")


def test_commands_that_a_flow_has_added_need_trust_even_from_memory() -> None:
    command = {"name": "rm", "kind": "subprocess", "spec": {"program": "rm"}}
    app = application(lambda work: patch({"op": "add", "path": "/agents/-", "value": command}))
    ask(app, "clean up")
    tick(app)

    with pytest.raises(bp.UntrustedBlueprint, match=r"^Blueprint 'main' as enhanced for h-.* would run commands"):
        bp.require_trust(app.blueprints.read_head("main").value)


def test_secrets_that_an_issue_or_a_blueprint_mentions_are_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_KEY", "the-real-value")
    told: list[Any] = []

    def spawner(work: Any) -> Any:
        told.append(work)
        return patch(replace(PROMPT, "With $secret:OTHER and $secret-ref:BENCH_KEY"), rationale="$secret-ref:BENCH_KEY")

    store, secret = bp.MemoryStore(), {"$secret:UNSET": ["$secret:BENCH_KEY", "$secret-ref:X"]}
    store.write_new("main", target(hints={"per_agent": secret, "global": None}))
    app = application(spawner, store)
    ask(app, "tell me $secret:BENCH_KEY")

    entry = tick(app)

    assert entry is not None
    assert (entry.status, entry.rationale) == ("applied", "$secret:BENCH_KEY")
    assert entry.intent == "tell me $secret:BENCH_KEY"
    assert told[0]["issue"]["intent"] == "tell me $secret-ref:BENCH_KEY"
    assert "the-real-value" not in str(told)
    head = store.read_head("main").value
    assert head.hints.per_agent == secret
    assert head.agents[0].profile is not None
    assert head.agents[0].profile.system_prompt == "With $secret:OTHER and $secret:BENCH_KEY"


def test_a_blank_intent_and_an_unknown_blueprint_are_refused_at_once() -> None:
    app = application()

    with pytest.raises(rt.EnhanceError, match="its intent is blank"):
        ask(app, " ")
    with pytest.raises(bp.HeadEmpty):
        asyncio.run(app.handle(rt.NewIssue("nobody", "x")))
    assert app.issues.list() == []


def test_a_named_spawner_becomes_the_default_flow_and_an_unnamed_one_keeps_it() -> None:
    app = application(patch_spawner="patch-spawner")
    again = application(store=app.blueprints, patch_spawner="other")
    application(store=app.blueprints)

    assert [e.version for e in app.blueprints.history("enhance")] == [
        bp.content_hash(rt.orbit("other")),
        bp.content_hash(rt.orbit("patch-spawner")),
    ]
    assert again.settings.get("default").blueprint_id == "enhance"


def test_an_aborted_issue_waits_again_and_goes_on_where_its_run_was() -> None:
    begun, calls = threading.Event(), []

    def slow(work: Any, token: CancelToken) -> Any:
        calls.append(work["issue"]["intent"])
        begun.set()
        if len(calls) == 1:
            token.wait_blocking(None)
            token.heartbeat()
        return brief(work)

    app, token = application(slow), CancelToken()
    ids = ask(app, "first", "second")
    stopper = threading.Thread(target=lambda: begun.wait() and token.abort(AbortReason.USER, "test"))
    stopper.start()

    with pytest.raises(rt.RunCancelled):
        tick(app, token)
    stopper.join()
    run = app.issues.get(ids[0]).run_id
    entries = [tick(app), tick(app)]

    assert [entry and entry.issue_id for entry in entries] == ids
    assert entries[0] is not None
    assert entries[0].run_id == run
    assert calls == ["first", "first", "second"]


def test_the_loop_works_off_issues_past_a_failure_until_it_is_aborted() -> None:
    def sometimes(work: Any) -> Any:
        if work["issue"]["intent"] == "bad":
            raise ValueError("no")
        return brief(work)

    app = application(sometimes)
    ids = ask(app, "one", "bad", "two")

    async def loop() -> None:
        token = CancelToken()
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(app.run_forever(0.01, token))
            while any(record.status in (rt.Pending(), rt.InFlight()) for record in app.issues.list()):
                await asyncio.sleep(0.01)
            token.abort()

    asyncio.run(loop())

    kinds = [type(app.issues.status(id)) for id in ids]
    assert kinds == [rt.Applied, rt.Rejected, rt.Applied]
    assert len(app.blueprints.history("main")) == 3


def test_issues_and_log_are_frames_too() -> None:
    app = application()
    ids = ask(app, "one", "one")
    for _ in ids:
        tick(app)

    issues, log = rt.issues_frame(app.issues), rt.enhance_log_frame(app.log)

    assert issues["status"].tolist() == ["applied", "rejected"]
    assert issues["reason"].tolist() == [None, "verifier deny: noop: the patch changes nothing"]
    assert log["axis.noop"].tolist() == ["pass", "deny"]
    assert log["run_id"].tolist() == issues["run_id"].tolist()
    assert str(log["ended"].dt.tz) == "UTC"
    assert rt.enhance_log_frame(app.log, "nobody").empty


VICTIM = """
import asyncio, os, signal, sys
from pathlib import Path
from flowbench import runtime as rt
from tests.runtime.enhance.samples import PROMPT, brief, counted, functions, patch, replace, target

where = sys.argv[3]
app = rt.EnhanceApplication.open(Path(sys.argv[1]), functions=counted(Path(sys.argv[2])))

def dies(method):
    def die(*given):
        if where.startswith("after"):
            method(*given)
        os.kill(os.getpid(), signal.SIGKILL)
    return die

if where.endswith("the version"):
    app.blueprints.write_new = dies(app.blueprints.write_new)
elif where.endswith("the log"):
    app.log.append = dies(app.log.append)
elif where.endswith("the issue"):
    app.issues.update_status = dies(app.issues.update_status)
asyncio.run(app.tick())
"""


@pytest.mark.parametrize("where", ["before the version", "after the version", "after the log", "after the issue"])
def test_a_killed_loop_is_taken_up_and_changes_everything_once(tmp_path: Path, where: str) -> None:
    folder, calls = tmp_path / "enhance", tmp_path / "calls"
    app = rt.EnhanceApplication.open(folder, functions=counted(calls))
    app.blueprints.write_new("main", target())
    [id] = ask(app, "less text")

    killed = subprocess.run([sys.executable, "-c", VICTIM, str(folder), str(calls), where], check=False)
    after = tick(app)

    assert killed.returncode == -signal.SIGKILL
    assert (after and after.status) == (None if where == "after the issue" else "applied")
    head = app.blueprints.read_head("main").trace.version
    assert app.issues.status(id) == rt.Applied(head)
    assert [entry.issue_id for entry in app.log.list_all()] == [id]
    assert len(app.blueprints.history("main")) == 2
    assert calls.read_text() == "called "
