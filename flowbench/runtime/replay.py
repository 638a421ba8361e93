"""Replay: what a journal answers when its run is evaluated again."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from flowbench import blueprint as bp
from flowbench import flow
from flowbench.runtime import entries as e
from flowbench.runtime.era import Era
from flowbench.runtime.errors import JournalDamaged
from flowbench.runtime.journal import FILE, Journal, read_blob

Visited = e.Done | e.Fail | e.Skip


class Recorded:
    """Answers by address; implements flow.Recorded.

    id, blueprint, ctx, compat: what the run was started with, or resumed with.
    state: done | failed | cancelled, or interrupted when no `end` was written. changed: the Blueprint was exchanged or
    code has changed, so that a step with another input runs again instead of being refused. origin: which run its
    first records were taken from; None if they are its own.
    """

    def __init__(self, folder: Path, lines: Sequence[e.AnyEntry]) -> None:
        if not lines or not isinstance(lines[0], e.Begun):
            raise JournalDamaged(folder / FILE, 0, "its first line does not begin a run")
        begun = lines[0]
        self.folder, self.id, self.begun = folder, begun.id, begun
        self.origin: e.Fork | None = None
        self.blueprint, self.ctx, self.compat, self.agents = begun.blueprint, begun.ctx, begun.compat, begun.agents
        self.outcomes: dict[str, flow.Outcome] = {}
        self.visits: dict[str, Visited] = {}
        self.joins: dict[str, tuple[int, bool]] = {}
        self.patches: dict[tuple[str, str], list[tuple[tuple[str, ...], Any]]] = {}
        self.attempts: dict[str, int] = {}
        self.answers: dict[tuple[str, str, int], e.Answer] = {}
        self.state = "interrupted"
        self.causes: list[str] = []
        self.changed = False
        self._era = Era()
        for line in lines:
            self.read(line)
        self._outdate()

    def read(self, line: e.AnyEntry) -> None:
        """Take in one more entry."""
        match line:
            case e.Done():
                self._outcome(line, None)
            case e.Fail():
                self._outcome(line, line.error)
            case e.Skip():
                self._outcome(line, None, line.why)
            case e.Start() | e.Cancel():
                self.attempts[line.at] = line.n
                self.outcomes.pop(line.at, None)  # it ran anew: what an earlier owner got from it no longer counts
                self._era.ran(line.at)
            case e.Answer():  # never out of date: it counts for as long as the step asks the same
                self.answers[line.at, line.face, line.n] = line
            case e.Join():
                self.joins[line.at] = (line.won, line.ok)
                self._era.wrote(line.at)
            case e.Patch():
                self.patches.setdefault((line.at, line.edge), []).append((tuple(line.keys), line.value))
            case e.End():
                self.state, self.causes = line.state, line.causes
            case e.Resume():
                self._outdate()
                self._era = Era()
                self.state, self.causes = "interrupted", []
                self.forget(line.forget)
                self.exchange(line.blueprint, line.agents)
            case e.Fork():
                self.origin = line
                self._era = Era()
                self.exchange(line.blueprint, line.agents)

    def _outcome(self, line: Visited, error: str | None, skipped: str | None = None) -> None:
        self.outcomes[line.at] = flow.Outcome(line.ref, line.input, line, error, skipped)
        self.visits[line.at] = line
        self.attempts[line.at] = line.n
        self._era.ran(line.at)
        self._era.wrote(line.at)

    def _outdate(self) -> None:
        """Drop what this era's owner found and did not use: a step that ran made its scope live from there on."""
        self.outcomes = {at: known for at, known in self.outcomes.items() if not self._era.outdates(at)}
        self.joins = {at: won for at, won in self.joins.items() if not self._era.outdates(at)}

    def value(self, outcome: flow.Outcome) -> Any:
        """The recorded output, fresh. Raises: JournalDamaged when its blob is gone."""
        return self._read(outcome.value)

    def answer(self, address: str, face: str, n: int, question: int) -> tuple[Any] | None:
        """What was answered to this very question, fresh; None if nothing was. Raises: JournalDamaged."""
        line = self.answers.get((address, face, n))
        return None if line is None or line.q != question else (self._read(line),)

    def said(self, line: e.Answer) -> Any:
        """What an answer says, fresh. Raises: JournalDamaged."""
        return self._read(line)

    def _read(self, line: e.Done | e.Answer) -> Any:
        return flow.decode(read_blob(self.folder, line.blob) if line.blob else line.out)

    def parts(self, at: str) -> Any:
        """The named parts of the answer there; None if it had none. Raises: JournalDamaged when a blob is gone."""
        return parts_of(self.folder, self.visits[at])

    def forget(self, addresses: Sequence[str]) -> None:
        """Drop these outcomes, and every join that was decided by what lies below it."""
        for address in addresses:
            self.outcomes.pop(address, None)
            for at in [a for a in self.joins if address == a or address.startswith(a + ".")]:
                del self.joins[at]

    def exchange(self, blueprint: Any, agents: Mapping[str, str]) -> None:
        """Go on with other code. Outcomes of agents whose digest differs count as unrecorded."""
        if blueprint is not None:
            self.blueprint, self.changed = blueprint, True
        stale = {name for name, digest in agents.items() if self.agents.get(name, digest) != digest}
        if stale:
            self.changed = True
            self.forget([at for at, outcome in self.outcomes.items() if outcome.ref in stale])
        self.agents = {**self.agents, **agents}


def parts_of(folder: Path, line: Visited) -> Any:
    """The named parts of an answer, fresh; None if it had none. Raises: JournalDamaged when their blob is gone."""
    if not isinstance(line, e.Done) or not (line.parts or line.parts_blob):
        return None
    return flow.decode(read_blob(folder, line.parts_blob) if line.parts_blob else line.parts)


def blueprint_of(recorded: Recorded) -> bp.Blueprint:
    """The Blueprint as it was last run. A run's folder may come from elsewhere: it is trusted no more than a file."""
    return msgspec.structs.replace(bp.parse(recorded.blueprint), provenance=bp.Provenance(run=recorded.id))


def take_over(folder: Path, *, power: bool) -> tuple[Recorded, Journal]:
    """Become the owner of a run. The caller checks what is recorded, then calls `go_on`.

    Raises: RunOwned, RunNotFound, JournalDamaged.
    """
    journal = Journal(folder, power=power)
    try:
        return Recorded(folder, journal.entries), journal
    except BaseException:
        journal.close()
        raise


def go_on(
    recorded: Recorded, journal: Journal, blueprint: Any, agents: Mapping[str, str], forget: Sequence[str]
) -> None:
    """Write `resume`: what made it fail is tried again, what was answered stays.

    blueprint: a changed one, accepted. forget: addresses of the outcomes that no longer count.
    """
    entry = e.Resume(time.time(), os.getpid(), list(forget), changed_code(recorded, agents), blueprint)
    journal.append(entry)
    recorded.read(entry)


def changed_code(recorded: Recorded, agents: Mapping[str, str]) -> dict[str, str]:
    """Digests of agents whose code is not the recorded one."""
    return {name: digest for name, digest in agents.items() if recorded.agents.get(name) != digest}


def fingerprint(blueprint: Any) -> str:
    """sha256 of a Blueprint's canonical JSON. blueprint: plain JSON data."""
    text = json.dumps(blueprint, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
