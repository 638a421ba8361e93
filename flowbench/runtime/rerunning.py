"""Rerunning: a recorded run goes once more from one step on, as a new run that keeps what came before that step."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import msgspec

from flowbench import blueprint as bp
from flowbench import flow
from flowbench.errors import nearest
from flowbench.events import Bus
from flowbench.runtime import entries as e
from flowbench.runtime import journal, replay, secrets, store
from flowbench.runtime.behind import Behind, addresses
from flowbench.runtime.dispatch import Dispatch
from flowbench.runtime.errors import RunError
from flowbench.runtime.launching import Common, begin, check, complete, link, token_for
from flowbench.runtime.limits import turnstiles
from flowbench.runtime.recorder import Durable, Memory
from flowbench.runtime.run import Run
from flowbench.runtime.whence import Whence

SHOWN = 12  # addresses that a refusal lists


def rerun(
    run_id: str,
    at: str,
    *,
    blueprint: bp.Source | None = None,
    patch: Mapping[str, Any] | None = None,
    **options: Unpack[Common],
) -> Run:
    """Run a step of a recorded run again, and all that depends on it, as a new run; abort raises RunCancelled in
    whoever waits for it.

    The old run stays as it is. The new one begins with what was recorded before the step, and answers from that: in a
    fan-out the other branches, too; what follows the join runs again. Failures that ended the old run are tried again.
    run_id: as `resume` takes it. at: address of a node (`2`, `1.f3.0`), or name of an agent: each of its visits.
    blueprint: a changed one; what is recorded before its first difference stays. patch: path (`$.a.b`) -> value,
    written into the ctx that the step sees, and recorded. An agent whose code has changed since runs again.
    Raises: RunNotFound, RunError for a run that still goes on or a step that it never reached, JournalDamaged,
    flow.InvalidPath, flow.NotJson, and what `launch` raises.
    """
    check(options, "rerun", {*Common.__optional_keys__, "at", "blueprint", "patch"})
    folder = store.find(run_id)
    if journal.is_owned(folder):
        raise RunError(f"run {folder.name} still goes on; wait until it ends, or abort it first", folder.name)
    old = journal.read(folder)
    recorded = replay.Recorded(folder, old)
    again = addresses(recorded.visits, at)
    if not again:
        raise _never_reached(recorded, at)
    edits = [(flow.parse_path(path), flow.take(value)[0]) for path, value in (patch or {}).items()]
    original = replay.blueprint_of(recorded)
    if blueprint is None:
        bp.require_trust(original, options.get("trust"))
    chosen = original if blueprint is None else complete(blueprint, options)
    dispatch = Dispatch(chosen, options, recorded.begun.standing)
    linked = link(chosen, options, recorded.compat, dispatch, Whence(folder=recorded.begun.folder))
    places = turnstiles(linked.uses, options.get("limit"))
    given = secrets.gathered(options.get("secrets"), chosen, recorded.ctx)
    started, bus, token = time.time(), Bus(), token_for(options, chosen)
    changed = replay.changed_code(recorded, linked.digests)
    plain = bp.to_json(chosen)
    other = None if replay.fingerprint(plain) == replay.fingerprint(recorded.blueprint) else plain
    lines: list[e.AnyEntry] = [*_kept(old, recorded, again)]
    lines.append(e.Fork(recorded.id, list(again), started, os.getpid(), other, changed))
    lines += _patches(recorded, again, edits, started)

    if options.get("durability") == "memory":
        begun = _begun(recorded, store.new_id(started), started)
        known = replay.Recorded(folder, [begun, *lines])
        run = Run(known.id, chosen, known.ctx, token, bus, Memory(bus, known), None)
        return begin(run, linked, known.ctx, places, given, dispatch, recorded=known)
    bp.remember_trust(chosen)
    path = store.create(started)
    if (folder / journal.BLOBS).is_dir():  # before any line names one
        shutil.copytree(folder / journal.BLOBS, path / journal.BLOBS, copy_function=_linked)
    writer = journal.Journal(path, power=options.get("durability") == "power")
    try:
        written = [_begun(recorded, path.name, started), *lines]
        for line in written:
            writer.append(line)
        if options.get("durability") == "power":
            writer.sync()
        known = replay.Recorded(path, written)
        run = Run(path.name, chosen, known.ctx, token, bus, Durable(bus, writer, known), path)
        return begin(run, linked, known.ctx, places, given, dispatch, recorded=known)
    except BaseException:
        writer.close()
        raise


def _begun(recorded: replay.Recorded, id: str, now: float) -> e.Begun:
    """As if the new run had been started like the old one was."""
    begun = msgspec.structs.replace(recorded.begun, id=id, t=now, pid=os.getpid(), parent="", at="", depth=0)
    return msgspec.structs.replace(begun, blueprint=recorded.blueprint, agents=recorded.agents)


def _kept(lines: Sequence[e.AnyEntry], recorded: replay.Recorded, again: Sequence[str]) -> Iterator[e.AnyEntry]:
    """Lines of the old run that still count, in their order."""
    recorded.forget(recorded.causes)
    behind = Behind(again)
    for line in lines:
        match line:
            case e.Done() | e.Fail() | e.Skip():
                known = recorded.outcomes.get(line.at)
                if known is not None and known.value is line and not behind.holds(line.at):
                    yield line
            case e.Join():
                if recorded.joins.get(line.at) == (line.won, line.ok) and not behind.holds(line.at):
                    yield line
            case e.Answer():
                if not behind.holds(line.at):
                    yield line
            case e.Patch():  # one that was there before the step read is no doing of the step
                if (line.edge == "in" and behind.begins_at(line.at)) or not behind.holds(line.at):
                    yield line


def _patches(
    recorded: replay.Recorded, again: Sequence[str], edits: Sequence[tuple[flow.Keys, Any]], now: float
) -> Iterator[e.AnyEntry]:
    """The edits before the first step at or below each address: other nodes have no edge to write at."""
    for address in again if edits else ():
        below = [at for at in recorded.visits if at == address or at.startswith(f"{address}.")]
        first = min(below, key=flow.key)
        for keys, value in edits:
            yield e.Patch(first, "in", list(keys), value, "rerun", now)


def _never_reached(recorded: replay.Recorded, at: str) -> RunError:
    steps = sorted(recorded.visits, key=flow.key)
    agents = sorted({visit.ref for visit in recorded.visits.values()})
    near = nearest(at, [*agents, *steps[:1000]])
    guess = f"did you mean '{near}'? " if near else ""
    listed = ", ".join(steps[:SHOWN]) + (f" and {len(steps) - SHOWN:,} more" if len(steps) > SHOWN else "")
    known = f"recorded steps: {listed}; agents: {', '.join(agents[:SHOWN])}" if steps else "it has recorded no step"
    return RunError(f"run {recorded.id} has no step '{at}' to run again; {guess}{known}", recorded.id)


def _linked(source: str, target: str) -> str:
    """Blobs are never changed, so that two runs may share one."""
    try:
        os.link(source, target)
    except OSError:
        return str(shutil.copy2(source, target))
    return str(Path(target))
