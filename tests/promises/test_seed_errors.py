"""Every error that the seed has words for is raised by something public, and begins with these words.

Sections: of the specification of mlua-swarm 0.2.1. Its lock errors (`lock busy (x)`) have no place here: nobody waits
for a lock for longer than a dict takes. What to do is added behind the seed's words.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import blueprint as bp
from flowbench import engine, runtime, storage
from flowbench.blueprint import errors as blueprint_errors
from flowbench.engine import errors as engine_errors
from flowbench.errors import FlowbenchError
from tests.blueprint.versions.samples import sample
from tests.flows import blueprint, seq, step
from tests.promises.seed_engine import ENGINE, RUNS, Case, agent


def file(text: str, name: str = "a.yaml") -> Callable[[Path], Any]:
    """Load a file with this text."""

    def load(folder: Path) -> Any:
        (folder / name).write_text(text)
        return bp.load(folder / name)

    return load


def agent_file(text: str) -> Callable[[Path], Any]:
    return lambda folder: bp.read_agent(text, bp.AgentKind.LUA, "a.md")


def memory(use: Callable[[bp.MemoryStore], Any]) -> Callable[[Path], Any]:
    """Use a store in memory that holds `main`."""

    def used(folder: Path) -> Any:
        store = bp.MemoryStore()
        store.write_new("main", sample("1.0.0"))
        return use(store)

    return used


def archived(store: bp.MemoryStore) -> Any:
    store.archive("main")
    return store.read_head("main")


def busy(folder: Path) -> Any:
    store = bp.GitStore(folder, lock_seconds=0.01)
    store.write_new("main", sample())
    with storage.locked(folder / ".locks" / "main", 0):
        store.write_new("main", sample())


def strange(folder: Path) -> Any:
    (folder / "main").mkdir()
    return bp.GitStore(folder).read_head("main")


odd = bp.Blueprint(id="main", flow=sample().flow, agents=(bp.AgentDef("a", bp.AgentKind.LUA, {1j}),))


def mislabelled(store: bp.MemoryStore) -> Any:
    store.write_new("main", sample("one"))
    return bp.resolve(store, "main", bp.SemverReq("^1"))


STORES: dict[str, Case] = {
    "3.1 extension": (bp.UnknownFormat, "unsupported extension: .txt", file("", "a.txt")),
    "3.1 file": (bp.UnreadableFile, "No such file", lambda folder: bp.load(folder / "a.json")),
    "3.1 json": (bp.UnreadableText, "", file("{", "a.json")),
    "3.1 yaml": (bp.UnreadableText, "", file("a: [")),
    "3.1 shape": (bp.InvalidBlueprint, "", file("id: a")),
    "3.1 absolute": (
        bp.BadReference,
        '$file ref expansion at "/a.md": absolute path not allowed (must be relative to Blueprint dir)',
        file("id: a\nflow: {kind: assign, at: $.x, value: {op: lit, value: {$file: /a.md}}}"),
    ),
    "3.1 escape": (
        bp.BadReference,
        "$agent_md ref expansion at \"../a.md\": '..' parent-dir escape not allowed",
        file("id: a\nflow: {kind: seq, children: []}\nagents: [{$agent_md: ../a.md}]"),
    ),
    "3.2 front matter": (bp.InvalidAgentFile, "no front matter", agent_file("Be fair.")),
    "3.2 yaml": (bp.InvalidAgentFile, "", agent_file("---\na: [\n---\n")),
    "3.2 name": (bp.InvalidAgentFile, 'the front matter has no "name"', agent_file("---\nmodel: x\n---\n")),
    "3.4 version": (
        bp.VersionNotFound,
        f"blueprint not found: id=main version={bp.ZERO_HASH}",
        memory(lambda store: store.read_version("main", bp.ZERO_HASH)),
    ),
    "3.4 id": (bp.IdNotFound, "blueprint id not found: id=nobody", memory(lambda store: store.archive("nobody"))),
    "3.4 head": (bp.HeadEmpty, "head ref empty: id=nobody", memory(lambda store: store.read_head("nobody"))),
    "3.4 archived": (bp.Archived, "blueprint is archived: id=main", memory(archived)),
    "3.4 lock": (bp.LockBusy, "blueprint store: per-id write lock busy", busy),
    "3.4 layout": (bp.InvalidLayout, "invalid store layout: id=main", strange),
    "3.4 canonical": (
        bp.NotCanonical,
        "blueprint 'main' has no canonical form",
        memory(lambda store: store.write_new("main", odd)),
    ),
    "9.3 label": (bp.InvalidVersionLabel, 'invalid semver version_label "one": ', memory(mislabelled)),
    "9.3 requirement": (
        bp.NoVersionMatches,
        "no version matches semver req: ^3",
        memory(lambda store: bp.resolve(store, "main", bp.SemverReq("^3"))),
    ),
}


def launched(flow: Any = None, **more: Any) -> Callable[[Path], Any]:
    """Launch it, with nothing registered."""
    return lambda folder: fb.launch(blueprint(flow or seq(), **more), functions=bp.Functions())


class Bound:
    requires_worker_binding = True

    def execute(self, *told: Any) -> Any:
        raise AssertionError("nobody is asked")


def unbound(folder: Path) -> Any:
    made = blueprint(seq(), agents=[agent("operator", {"operator_ref": "o"})], operators=[{"name": "o"}])
    return fb.launch(made, operators={"o": Bound()}, functions=bp.Functions())


SPEC = "agent 'a' spec invalid: "
COMPILE: dict[str, Case] = {
    "4.1 kind": (
        engine.UnknownKind,
        "unknown agent kind in SpawnerRegistry: lua",
        lambda folder: engine.compile(bp.load(blueprint(seq(), agents=[agent("lua", {})])), {}),
    ),
    "4.1 ref": (engine.UnresolvedRef, "flow references agent 'a' but no AgentDef matches", launched(step("a"))),
    "4.1 twice": (
        engine.DuplicateAgent,
        "duplicate AgentDef name: a",
        launched(agents=[agent("subprocess", {"program": "x"})] * 2),
    ),
    "4.1 operator": (
        engine.UnresolvedOperatorRef,
        "agent 'a' operator_ref 'r' does not match any OperatorDef.name in Blueprint.operators (defined: [",
        launched(agents=[agent("operator", {"operator_ref": "r"})], operators=[{"name": "b"}, {"name": "c"}]),
    ),
    **{
        f"4.2 {kind} {number}": (engine.InvalidSpec, SPEC + why, launched(agents=[agent(kind, spec)]))
        for number, (kind, spec, why) in enumerate(
            [
                ("rust_fn", {}, "rust_fn spec: 'fn_id' (string) required"),
                ("rust_fn", {"fn_id": "x"}, "fn_id 'x' not registered in factory"),
                ("lua", {}, "lua spec: 'fn_id' (string) required"),
                ("lua", {"fn_id": "x"}, "lua spec: fn_id 'x' not registered in factory"),
                ("subprocess", {}, "shell spec: 'program' (string) required"),
                ("subprocess", {"program": "x", "stream_mode": "x"}, "unknown stream_mode: x"),
                ("operator", {}, "operator spec: 'operator_ref' (string) required"),
            ]
        )
    },
    "4.2 nobody": (
        engine.InvalidSpec,
        "agent 'a' spec invalid: operator_ref 'o' not registered in factory. Registered sids: [",
        launched(agents=[agent("operator", {"operator_ref": "o"})], operators=[{"name": "o"}]),
    ),
    "4.2 binding": (
        engine.InvalidSpec,
        "agent 'a' spec invalid: profile.worker_binding is required for this operator backend; declare it in the agent",
        unbound,
    ),
}  # fmt: skip


def application(ref: Any) -> Callable[[Path], Any]:
    app = runtime.TaskApplication(store=bp.MemoryStore() if isinstance(ref, runtime.IdRef) and ref.id == "x" else None)
    return lambda folder: asyncio.run(app.handle(runtime.TaskApplicationInput(blueprint=ref, operator_id="o")))


def service(made: Any, **input: Any) -> Callable[[Path], Any]:
    launch = runtime.TaskLaunchService(functions=bp.Functions(), durability="memory").launch
    given = runtime.TaskLaunchInput(blueprint=made, operator_id="o", init_ctx={"x": 1}, **input)
    return lambda folder: launch(given).result(60)


LAUNCHES: dict[str, Case] = {
    "9.2 compile": (runtime.LaunchFailed, "compile: flow references agent 'a'", service(blueprint(step("a")))),
    "9.2 flow": (
        runtime.LaunchFailed,
        "flow eval: dispatcher error for ref 'a': ",
        service(blueprint(step("a"), strategy={"strict_refs": False, "strict_kind": True})),
    ),
    "9.3 no store": (
        runtime.ApplicationFailed,
        "store not configured (BlueprintRef::Id requires store)",
        application(runtime.IdRef("main")),
    ),
    "9.3 store": (runtime.ApplicationFailed, "store: head ref empty: id=x", application(runtime.IdRef("x"))),
    "9.3 launch": (
        runtime.ApplicationFailed,
        "launch: compile: flow references agent 'a'",
        application(runtime.InlineRef(blueprint(step("a")))),
    ),
}

CASES = STORES | COMPILE | ENGINE | RUNS | LAUNCHES


@pytest.mark.parametrize(("error", "begins", "raising"), CASES.values(), ids=CASES)
def test_it_is_raised_in_the_seeds_words(
    error: type[FlowbenchError], begins: str, raising: Callable[[Path], Any], tmp_path: Path
) -> None:
    with pytest.raises(error) as raised:
        raising(tmp_path)

    told = raised.value.message if isinstance(raised.value, bp.BlueprintError) else str(raised.value)
    assert told.startswith(begins)
    assert "\n" not in told


OURS = {  # of flowbench alone, or with tests of their own that look at every word
    "blueprint": {
        *("AmbiguousVersion", "BadPatch", "BadRequirement", "HashMismatch", "HeadMoved", "LintRefused"),
        *("UnfitFunction", "UnfitId", "UnfitInput", "UnknownFunction", "UnknownRule", "UntrustedBlueprint"),
    },
    "engine": {
        *("AgentBlockFailed", "LuaFailed", "McpFailed", "NotFolded", "NotebookFailed"),
        *("SecretNotAllowed", "SecretNotGiven", "TemplateFailed", "ToolTimedOut", "UnknownLayer", "UnknownVerdict"),
        "VerdictNotAllowed",
        *("ResourceNotFound", "SpawnDepthExceeded", "TokenTaskMismatch"),  # above as what a dispatch failed of
    },
}  # fmt: skip


@pytest.mark.parametrize(("room", "module"), [("blueprint", blueprint_errors), ("engine", engine_errors)])
def test_no_error_of_these_rooms_is_forgotten(room: str, module: Any) -> None:
    known = {each for _, each in inspect.getmembers(module, inspect.isclass) if each.__module__ == module.__name__}
    leaves = {each.__name__ for each in known if not any(each in other.__mro__[1:] for other in known)}
    raised = {error.__name__ for error, _, _ in CASES.values()}

    assert leaves - raised == OURS[room]
