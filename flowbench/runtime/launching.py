"""Launching: from a Blueprint, or from the journal of an earlier run, to a Run that goes on by itself."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, get_args
from weakref import WeakValueDictionary

import msgspec

from flowbench import blueprint as bp
from flowbench import engine, flow, process
from flowbench.cancel import CancelToken, stopper
from flowbench.errors import nearest
from flowbench.events import Bus
from flowbench.runtime import checking, entries, kinds, persons, prints, replay, secrets, store
from flowbench.runtime.dispatch import Dispatch, Operated, Sitting
from flowbench.runtime.drive import Site, drive
from flowbench.runtime.errors import BlueprintChanged, RunError
from flowbench.runtime.history import History
from flowbench.runtime.journal import Journal
from flowbench.runtime.limits import turnstiles
from flowbench.runtime.listeners import launched
from flowbench.runtime.log import Log
from flowbench.runtime.loop import SETTLED_SECONDS
from flowbench.runtime.loop import engine as engine_thread
from flowbench.runtime.origins import origins_of
from flowbench.runtime.people import People
from flowbench.runtime.recorder import Durable, Memory
from flowbench.runtime.run import Run
from flowbench.runtime.stepping import Debugger
from flowbench.runtime.whence import Whence, recorded_whence, whence

if TYPE_CHECKING:
    from flowbench.runtime.answering import Answers

SETTLE_PAUSE = 0.005  # seconds between two looks at what a stopped run has left behind

_log = logging.getLogger("flowbench.runtime")

Durability = Literal["memory", "process", "power"]
DURABILITIES = get_args(Durability)
Check = Literal["off", "warn", "fail"]
Externs = Mapping[str, Callable[[list[Any]], Any]]


class Common(TypedDict, total=False):
    """timeout: seconds until the run is aborted with reason Timeout; by default what the Blueprint's metadata say as
    default_run_ttl_secs, else none. token: the run gets a child of it; by default, in a step, of that step's.

    functions: where agents are looked up (default: every @agent of this process). externs: pure functions that
    expressions may call. durability: what a recorded step survives: "process" (default) kill -9, "power" a power cut,
    "memory" nothing. limit: step bodies of the run at once, at most; branches that only wait are not counted, nor are
    inline functions, which never overlap. By default async functions have no limit, plain functions cores + 4, and
    steps that start a process have the number of cores. Bodies wait for a place in the order of the items;
    a loser of any or race on a thread keeps its place until it has ended, at most for its grace.
    secrets: what `$secret:NAME` stands for: values by name, or names of environment variables; by default any
    environment variable that the Blueprint or the ctx mentions. trust: hash of a Blueprint out of a file whose
    commands may run this once, and again only with it, a resume too; `flowbench trust FILE` allows it for good.
    operator: who stands behind the agents: Faces, one object that is hook, bridge or operator, or "people", which is
    the default where there are `answers`; a resume needs it anew. seat: instead of it the session of an operator, whose
    faces the steps meet. operators: who does the work of agents of kind operator, by `operator_ref`, before those that
    are registered with the engine. layers: names or layers that surround the steps, innermost first: outside the
    registered base layers, inside those that the Blueprint names. answers: a policy or a function that answers what the
    run would ask a person, see runtime.Answers; by default the file or JSON in FLOWBENCH_ANSWERS. store:
    where agents of kind flow find Blueprints by id; by default the user\'s own.
    """

    timeout: float | None
    token: CancelToken | None
    functions: bp.Functions
    externs: Externs | None
    durability: Durability
    limit: int | None
    secrets: secrets.Given
    trust: str | None
    operator: Operated | None
    seat: Sitting | None
    operators: Mapping[str, engine.Operator] | None
    layers: Sequence[str | engine.LayerFactory]
    answers: Answers | None
    store: bp.BlueprintStore | None


class Options(Common, total=False):
    """compat: "0.1.1" gives flows the meaning they had in the first version of the language.

    check: look at the Blueprint with lint before anything runs. "fail": an error refuses it, "warn": all that is no
    note is a Python warning, "off" (default): nobody looks.
    """

    compat: str | None
    check: Check


def launch(blueprint: bp.Source, ctx: Any = None, **options: Unpack[Options]) -> Run:
    """Start a Blueprint and return at once; abort raises RunCancelled in whoever waits for the run.

    When this returns the run is recorded: its id, Blueprint and ctx survive what `durability` says. ctx: any JSON
    value, {} by default. Step refs that no agent of the Blueprint answers are looked up among the functions.
    A Blueprint out of a file whose commands nobody has allowed is refused, and so is a seat that may start no task.
    Raises: blueprint.BlueprintError, blueprint.UntrustedBlueprint, engine.CompileError, engine.SecretError,
    engine.TokenError, flow.ParseError, flow.NotJson, storage.StorageError.
    """
    return _start(blueprint, ctx, None, options)


def launch_as(place: Whence, blueprint: bp.Source, ctx: Any = None, **options: Unpack[Options]) -> Run:
    """`launch` for the step of a run that has reserved an id. Raises: as `launch`."""
    return _start(blueprint, ctx, None, options, place)


def debug(blueprint: bp.Source, ctx: Any = None, **options: Unpack[Options]) -> Debugger:
    """Like `launch`, but the run pauses before each step; abort raises RunCancelled in whoever waits for the run.

    Returns at once, before the first pause.
    """
    debugger = Debugger()
    _start(blueprint, ctx, debugger, options)
    return debugger


def resume(
    run_id: str,
    *,
    blueprint: bp.Source | None = None,
    accept_changes: bool = False,
    despite_orphans: bool = False,
    **options: Unpack[Common],
) -> Run:
    """Go on with a run whose owner has died, or that failed or was cancelled; abort raises RunCancelled in whoever
    waits for it.

    Recorded steps are answered by the journal, the rest run; what made it fail is tried again. A run that is done is
    evaluated from its records alone and calls nothing. blueprint: a changed one, refused unless `accept_changes`;
    outcomes from before the first difference stay. An agent whose code has changed since runs again.
    Bodies of the run that go on in this process although it was stopped have their grace to end first; if they do
    not, it is refused unless `despite_orphans`, because their work might be done twice at once.
    Raises: RunNotFound, RunError, RunOwned, JournalDamaged, BlueprintChanged, blueprint.UntrustedBlueprint for a
    record that was not made here, engine.CompileError.
    """
    check(options, "resume", {*Common.__optional_keys__, "blueprint", "accept_changes", "despite_orphans"})
    folder = store.find(run_id)
    if not despite_orphans:
        _let_end(folder.name)
    recorded, journal = replay.take_over(folder, power=options.get("durability") == "power")
    try:
        if recorded.state != "done":
            process.kill_tagged(recorded.id)
        original = replay.blueprint_of(recorded)
        if blueprint is None and recorded.state != "done":
            bp.require_trust(original, options.get("trust"))
        chosen = original if blueprint is None else complete(blueprint, options)
        changed = _changes(recorded.blueprint, bp.to_json(chosen))
        if changed and not accept_changes:
            raise BlueprintChanged(recorded.id, changed, _staying(chosen, recorded, options), len(recorded.outcomes))
        dispatch = Dispatch(chosen, options, recorded.begun.standing if changed or recorded.state != "done" else None)
        linked = link(chosen, options, recorded.compat, dispatch, recorded_whence(recorded.begun))
        places = turnstiles(linked.uses, options.get("limit"))
        dispatch.enter()
        token, bus = token_for(options, chosen), Bus()
        recorder: Memory
        kept = engine.Secrets()
        if recorded.state == "done" and not changed:
            journal.close()
            recorder = Memory(bus, recorded, Log(folder))
        else:
            kept = secrets.gathered(options.get("secrets"), chosen, recorded.ctx)
            forget = recorded.causes if recorded.state == "failed" else _unended_failure(recorded, linked)
            bp.remember_trust(chosen)
            replay.go_on(recorded, journal, bp.to_json(chosen) if changed else None, linked.digests, forget)
            recorder = Durable(bus, journal, recorded)
        run = Run(recorded.id, chosen, recorded.ctx, token, bus, recorder, folder)
        return begin(run, linked, recorded.ctx, places, kept, dispatch, recorded=recorded)
    except BaseException:
        journal.close()
        raise


_recorders: WeakValueDictionary[str, Memory] = WeakValueDictionary()  # of runs of this process


def _let_end(run_id: str) -> None:
    """Wait for bodies of this run that its end has left behind; the reaper forces them after their grace.

    Raises: RunError, if some would not end.
    """
    until = time.monotonic() + SETTLED_SECONDS
    while left := _left(run_id):
        if time.monotonic() > until or engine_thread().is_here():
            raise RunError(
                f"run {run_id} cannot go on yet: {', '.join(left)} was asked to stop and still runs in this process, "
                f"so that its work might be done twice at once; wait until it ends, restart this process, "
                f"or pass despite_orphans=True",
                run_id,
            )
        time.sleep(SETTLE_PAUSE)


def _left(run_id: str) -> list[str]:
    recorder = _recorders.get(run_id)
    if recorder is None or not recorder.is_closed:  # one that is live is refused by its lock
        return []
    agents = {at: agent for at, (agent, _) in list(recorder.running.items())}
    threads = {body.at for body in engine_thread().threads.left(run_id)}
    agents |= {step.address: step.agent for step in recorder.steps if step.address in threads} if threads else {}
    return [f"agent '{agents[at]}' at step {at}" for at in sorted(agents, key=flow.key)]


def _unended_failure(recorded: replay.Recorded, linked: engine.Linked) -> Sequence[str]:
    """Causes of a failure that is recorded, but not its end: the owner died or was stopped in between."""
    unheard = Memory(Bus(limit=1), recorded)
    view = flow.Evaluation(linked.program, [], unheard, recorded=recorded, view=True)
    try:
        flow.evaluate_sync(view, recorded.ctx)
    except flow.FlowError as failure:
        return failure.causes
    except (flow.Frontier, flow.NotReproducible):
        pass  # it goes on from there, or says so when it runs
    return ()


def _staying(chosen: bp.Blueprint, recorded: replay.Recorded, options: Common) -> int:
    """How many recorded steps a changed Blueprint would answer with: those before its first difference, per scope."""
    recorded.changed = True
    program = flow.compile(chosen.flow, recorded.compat, options.get("externs"))
    return len(History(program, recorded, recorded.ctx).inputs)


def _start(
    source: bp.Source, ctx: Any, debugger: Debugger | None, options: Options, place: Whence | None = None
) -> Run:
    check(options, "launch" if debugger is None else "debug", Options.__optional_keys__)
    compat = options.get("compat")
    blueprint = complete(source, options)
    if (policy := options.get("check", "off")) != "off":
        checking.look(blueprint, policy, options.get("functions", bp.functions), compat)
    ctx, text = flow.take({} if ctx is None else ctx)
    blueprint, ctx, text = secrets.hidden(blueprint, ctx, text, compat)
    dispatch, place = Dispatch(blueprint, options), place or whence(blueprint)
    linked = link(blueprint, options, compat, dispatch, place)
    persons.require_somebody(blueprint, dispatch, options)
    places = turnstiles(linked.uses, options.get("limit"))
    dispatch.enter()
    kept = secrets.gathered(options.get("secrets"), blueprint, ctx, text)
    started = time.time()
    token, bus = token_for(options, blueprint), Bus()
    durability = options.get("durability", "process")
    if durability == "memory":
        run = Run(place.id or store.new_id(started), blueprint, ctx, token, bus, Memory(bus), None)
        return begin(run, linked, ctx, places, kept, dispatch, debugger=debugger)
    bp.remember_trust(blueprint)
    path = store.create(started, place.id)
    journal = Journal(path, power=durability == "power")
    try:
        begun = entries.Begun(
            path.name,
            started,
            _to_record(blueprint),
            msgspec.Raw(text),
            os.getpid(),
            dict(linked.digests),
            compat,
            sources=origins_of(blueprint, options.get("functions", bp.functions)),
            standing=dispatch.standing(),
            parent=place.parent,
            at=place.at,
            depth=place.depth,
            folder=place.folder,
        )
        journal.append(begun)
        if durability == "power":
            journal.sync()
        run = Run(path.name, blueprint, ctx, token, bus, Durable(bus, journal), path)
        return begin(run, linked, ctx, places, kept, dispatch, debugger=debugger)
    except BaseException:
        journal.close()
        raise


def check(options: Mapping[str, Any], name: str, known: Collection[str]) -> None:
    """Raises: TypeError for an option that nobody knows, RunError for a durability that nobody offers."""
    for key in options:
        if key not in known:
            near = nearest(key, known)
            hint = f"did you mean '{near}'?" if near else f"there are {', '.join(sorted(known))}"
            raise TypeError(f"{name}() knows no option '{key}'; {hint}")
    wanted = options.get("durability", "process")
    if wanted not in DURABILITIES:
        names = [f'"{each}"' for each in DURABILITIES]
        raise RunError(f"durability is {', '.join(names[:-1])} or {names[-1]}, not {wanted!r}")


def _to_record(blueprint: bp.Blueprint) -> dict[str, Any]:
    """What is written as `bp.to_json` would be. To make plain data of a flow takes longer than to write its nodes."""
    hollow = msgspec.structs.replace(blueprint, flow=flow.Seq(()))
    return {**bp.to_json(hollow), "flow": blueprint.flow}


def complete(source: bp.Source, options: Common) -> bp.Blueprint:
    """The Blueprint to run. Every way to run one passes here, or is a resume of what has passed."""
    blueprint = bp.load(source)
    bp.require_trust(blueprint, options.get("trust"))
    return bp.adopt(blueprint, options.get("functions", bp.functions))


def link(
    blueprint: bp.Blueprint, options: Common, compat: str | None, dispatch: Dispatch, place: Whence
) -> engine.Linked:
    functions, externs = options.get("functions", bp.functions), options.get("externs")
    factories = kinds.factories(blueprint, options, compat, place, dispatch.desk)
    compiled = engine.compile(blueprint, factories, compat=compat, externs=externs, meant=functions.ids())
    layers = engine.layer_registry.layers(blueprint, dispatch.desk, dispatch.layers)
    return engine.link(compiled, [*layers, *dispatch.guards()])


def token_for(options: Common, blueprint: bp.Blueprint) -> CancelToken:
    parent, timeout, outer = options.get("token"), options.get("timeout"), stopper.get()
    if parent is None and outer is not None:
        parent = outer()
    if timeout is None:
        timeout = blueprint.metadata.default_run_ttl_secs
    elif isinstance(timeout, bool) or not isinstance(timeout, int | float) or math.isnan(timeout):
        raise RunError(f"timeout is a number of seconds, not {timeout!r}")
    return CancelToken(timeout) if parent is None else parent.child(timeout)


def begin(
    run: Run,
    linked: engine.Linked,
    ctx: Any,
    places: Sequence[flow.Turnstile | None],
    kept: engine.Secrets,
    dispatch: Dispatch,
    *,
    recorded: replay.Recorded | None = None,
    debugger: Debugger | None = None,
) -> Run:
    run.log.hide, run.log.decide = kept.text, kept.decided
    site = Site(run, engine_thread().threads, kept, dispatch)
    evaluation = flow.Evaluation(
        linked.program,
        linked.bodies(site),
        run.recorder,
        token=run.token,
        quick=linked.quick,
        recorded=recorded,
        turnstiles=places,
        before=None if debugger is None else debugger.before,
    )
    site.evaluation, site.people = evaluation, People(run, site, dispatch.answers)
    if debugger is not None:
        debugger.attach(run, evaluation, ctx)
    prints.enter(kept.decided)
    _recorders[run.id] = run.recorder
    work = drive(evaluation, ctx, run.recorder, run.token, site)
    run.begin(evaluation, prints.heard(work, partial(site.say, "", ""), kept.decided))
    for hear in launched:
        try:
            hear(run)
        except Exception:  # a front end's fault must not cost its owner the run
            _log.exception("a listener of launches failed")
    return run


def _changes(before: Any, after: Any) -> str:
    """A unified diff of two Blueprints; empty when they are equal."""
    if replay.fingerprint(before) == replay.fingerprint(after):
        return ""
    import difflib

    old, new = (json.dumps(b, indent=1, sort_keys=True, ensure_ascii=False).splitlines() for b in (before, after))
    return "\n".join(difflib.unified_diff(old, new, "recorded", "now", lineterm="", n=2))
