"""Project: what a person, the command line, a notebook or a program calls: epics and tasks, read and changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.project import config as configs
from flowbench.project import ids, index, legacy, meta
from flowbench.project.cache import Cache
from flowbench.project.commit import Hook, carry_out, finish_all, pending, silent
from flowbench.project.documents import Stored, load
from flowbench.project.errors import AmbiguousId, InvalidConfig, NotFound, ProjectBusy
from flowbench.project.files import read, scan
from flowbench.project.layout import Layout, find, new
from flowbench.project.records import Epic, Task
from flowbench.project.state import FILE as STATE_FILE
from flowbench.project.state import Runtime, State, place
from flowbench.project.status import Status, parse
from flowbench.storage import StorageError, locked, queued

if TYPE_CHECKING:
    from flowbench.project.approvals import Approvals
    from flowbench.project.change import Change
    from flowbench.project.dag import Dag
    from flowbench.project.events import Event
    from flowbench.project.index import Catalogue, Problem
    from flowbench.project.locks import Locks
    from flowbench.project.metrics import Metrics
    from flowbench.project.validate import Report

WAIT_SECONDS = 10.0  # for other writers
CACHE_FILE, LOCK_FILE = "cache.db", "write.lock"


class Project:
    """One `.flow` folder and its state. Reading takes no lock and sees what others have written.

    clock: unix seconds. hook: told of each point of a commit, for tests.
    """

    def __init__(self, layout: Layout, *, clock: Callable[[], float] = time.time, hook: Hook = silent) -> None:
        self.layout, self.clock, self.hook = layout, clock, hook
        self.state = State(place(layout))
        self.problems: list[Problem] = []

    @classmethod
    def find(cls, start: Path | None = None, **more: Any) -> Project:
        """The project of a folder, found by walking up. Raises: NoProject, SchemaUnknown."""
        layout = find(start)
        meta.check(layout.flow)
        return cls(layout, **more)

    @classmethod
    def init(cls, start: Path | None = None, *, dry_run: bool = False, **more: Any) -> tuple[Project, list[str]]:
        """(project, what had to be made: `created epics/`, ...). Run again, it makes what is missing."""
        from flowbench.project.starting import start as begin

        layout = new(start)
        return cls(layout, **more), begin(layout, dry_run=dry_run)

    # Reading

    def now(self) -> str:
        """ISO 8601, UTC, microseconds."""
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    @cached_property
    def actor(self) -> str:
        """FLOW_ACTOR, else who git says you are, else $USER, else `unknown`."""
        from flowbench.project.actor import actor

        return actor(self.layout.root)

    @property
    def config(self) -> configs.Config:
        """Raises: InvalidConfig, DocumentError."""
        return configs.load(self.layout.flow)

    @property
    def locks(self) -> Locks:
        """Which task edits which file."""
        from flowbench.project.locks import Locks

        return Locks(self.state, self.told, self.clock)

    @property
    def approvals(self) -> Approvals:
        """What persons were asked, and have decided."""
        from flowbench.project.approvals import Approvals

        return Approvals(self)

    @property
    def metrics(self) -> Metrics:
        """How the work goes."""
        from flowbench.project.metrics import Metrics

        return Metrics(self)

    def catalogue(self) -> Catalogue:
        """All records as their files have them; `problems` says what had to be left out. Raises: DuplicateRecord."""
        self._finish_quietly()
        found = index.load(self.layout, self.cache)
        self.problems = found.problems
        return found

    @property
    def cache(self) -> Cache:
        """Of what was read before."""
        return Cache(self.layout.state / CACHE_FILE, self.layout.flow)

    def epics(self) -> list[Epic]:
        """In natural order."""
        return list(self.catalogue().epics.values())

    def tasks(self, epic: str | None = None) -> list[Task]:
        """In natural order, with effective statuses. epic: only those of one."""
        return self.listed(self.catalogue(), epic)

    def listed(self, catalogue: Catalogue, epic: str | None = None) -> list[Task]:
        """The tasks of a catalogue, with effective statuses."""
        tasks = catalogue.tasks
        claims = self.state.claims()
        statuses = self._told_elsewhere([task.id for task in tasks.values() if task.form != "markdown"])
        changed = {
            id: _merged(tasks[id], statuses.get(id), claims.get(id)) for id in {*claims, *statuses} if id in tasks
        }
        found = [changed.get(id, task) for id, task in tasks.items()] if changed else list(tasks.values())
        return found if epic is None else [task for task in found if task.epic == epic]

    def unread(self, epic: str) -> list[Problem]:
        """Files of an epic and of its tasks that the last listing had to leave out: what they say is not known."""
        return [
            each
            for each in self.problems
            if each.id.partition(".")[0] == epic and each.code not in ("duplicate_record", "not_found")
        ]

    def resolve(self, text: str) -> str:
        """The full id: `fn-3` is the one epic with that number. Raises: InvalidId, AmbiguousId."""
        told = ids.parse(text)
        epic = ids.epic_of(text) if isinstance(told, ids.TaskId) else text
        if ids.epic_id(epic).slug or self._is_there(epic):
            return text
        number = ids.epic_id(epic).number
        known = {name.partition(".")[0] for name in scan(self.layout.epics) if ids.is_id(name.partition(".")[0])}
        found = [each for each in known if ids.key(each)[0] == number]
        if len(found) > 1:
            raise AmbiguousId(text, sorted(found, key=ids.key))
        return found[0] + text[len(epic) :] if found else text

    def stored(self, id: str) -> Stored:
        """The files of one record. Raises: InvalidId, NotFound, DocumentError."""
        self._finish_quietly()
        return load(self.layout, self.resolve(id))

    def epic(self, id: str) -> Epic:
        """Straight from its file. Raises: InvalidId, NotFound, DocumentError."""
        ids.epic_id(id)
        return self.stored(id).epic

    def task(self, id: str) -> Task:
        """Straight from its file, with its effective status. Raises: InvalidId, NotFound, DocumentError."""
        ids.task_id(id)
        return self.effective(self.stored(id).task)

    def effective(self, task: Task) -> Task:
        """A task with the status that counts: a live claim goes over what its file says."""
        claim = self.state.read(
            "SELECT assignee, claimed_at, claim_note FROM runtime"
            " WHERE task_id=? AND assignee IS NOT NULL AND status='in_progress'",
            task.id,
        )
        elsewhere = self._told_elsewhere([task.id]) if task.form != "markdown" else {}
        return _merged(task, elsewhere.get(task.id), claim[0] if claim else None)

    def body(self, id: str) -> str:
        """Markdown of a task, or of an epic below its fields. Raises: InvalidId, NotFound, DocumentError."""
        return self.stored(id).body

    def spec(self, epic: str) -> str:
        """`specs/<epic>.md`, else what stands below the epic's fields. Raises: InvalidId, NotFound, DocumentError."""
        ids.epic_id(epic)
        epic = self.resolve(epic)
        path = self.layout.specs / f"{epic}.md"
        try:
            return read(path)[0].decode(errors="replace")
        except FileNotFoundError:
            body = self.stored(epic).body
            if body.strip():
                return body
            raise NotFound(epic, path) from None

    def gaps(self, epic: str) -> list[dict[str, Any]]:
        """Of one epic, wherever they are kept. Raises: InvalidId, NotFound, DocumentError, InvalidConfig."""
        import json

        stored = self.stored(epic)
        path = self.layout.epics / f"{stored.id}.gaps.json"
        try:
            found = json.loads(read(path)[0])
        except FileNotFoundError:
            found = stored.values.get("gaps") or []
        except ValueError as error:
            raise InvalidConfig(f"{path}: no JSON: {error}") from None
        return [gap for gap in found if isinstance(gap, dict)] if isinstance(found, list) else []

    def runtime(self, task_id: str) -> Runtime:
        """What is known of a task beside its file."""
        found = self.state.runtime(task_id)
        if found is not None:
            return found
        told = legacy.state_of(self.layout, task_id) or {}
        evidence = told.get("evidence")
        return Runtime(
            task_id=task_id,
            **(legacy.columns(told) if told else {}),
            evidence=evidence if isinstance(evidence, dict) else None,
        )

    def facts(self, id: str) -> dict[str, Any]:
        """A record as `show` has it, with the names of the original. Raises: InvalidId, NotFound, DocumentError."""
        from flowbench.project.showing import facts

        return facts(self, id)

    def phases(self, task_id: str) -> dict[str, str]:
        """{phase: when it was completed}, in no order."""
        found = self.state.phases(task_id)
        if found or self.state.read("SELECT 1 FROM runtime WHERE task_id=?", task_id):
            return found
        progress = (legacy.state_of(self.layout, task_id) or {}).get("phase_progress")
        done = progress.get("completed_phases") if isinstance(progress, dict) else None
        return {str(phase): "" for phase in done} if isinstance(done, list) else {}

    def events(self, **asked: Any) -> list[Event]:
        """Oldest first. epic, task, type, since (ISO 8601), limit (the last so many): see events.read."""
        from flowbench.project.events import read as told

        return told(self.state, **asked)

    def dag(self, epic: str | None = None) -> Dag:
        """The graph of all tasks, or of an epic's; what points outside of it is left out. Raises: Cycle."""
        from flowbench.project.dag import Dag

        tasks = self.tasks(epic)
        known = {task.id for task in tasks}
        return Dag(
            [(task.id, [each for each in task.depends_on if each in known]) for task in tasks],
            {task.id: task.priority for task in tasks if task.priority is not None},
        )

    def statuses(self, epic: str | None = None) -> dict[str, Status]:
        """{task: effective status}."""
        return {task.id: task.status for task in self.tasks(epic)}

    def told(self, type: str, task: str | None, payload: dict[str, Any], epic: str | None = None) -> Event:
        """An event of now, by the actor, for who writes it. epic: that of the task unless given."""
        from flowbench.project.events import Event

        epic = ids.epic_of(task or "") if epic is None else epic
        return Event(type=type, timestamp=self.now(), epic=epic, task=task, actor=self.actor, payload=payload)

    # Writing

    @contextmanager
    def change(self, verb: str, *, dry_run: bool = False, seconds: float = WAIT_SECONDS) -> Iterator[Change]:
        """Stage edits in the block; at its end all of them happen, or none. See Change.

        dry_run: nothing is touched and no lock is taken; `change.plan` says what would happen. seconds: waited for
        others. Raises: ProjectBusy, ConcurrentChange, AlreadyThere, StorageError, Unfinished.
        """
        from flowbench.project.change import Change

        if dry_run:
            yield Change(self, verb, dry_run=True)
            return
        with self.writing(seconds):
            change = Change(self, verb)
            yield change
            wanted = change.wanted()
            if wanted is not None:
                carry_out(wanted, self.layout, self.state, self.hook)

    @contextmanager
    def writing(self, seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """Nobody else changes the project meanwhile; what others have left unfinished is finished first."""
        state = self.layout.state
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            if state.parent == self.layout.flow and not (state / ".gitignore").exists():
                (state / ".gitignore").write_text("*\n")  # no repository yet; there may be one later
        except OSError as error:
            raise StorageError.of(state, error) from error
        path = state / LOCK_FILE
        with queued(path, seconds) as ours:
            if not ours:
                raise ProjectBusy(path, seconds)
            self.state.settle(state / STATE_FILE)
            finish_all(self.layout, self.state, self.hook)
            yield

    def heartbeat(self, task_id: str, pid: int | None = None) -> bool:
        """A sign of life of the actor on a task, and of its file locks; False: the task is not the actor's any more.

        pid: of the process that does the work. Takes no lock and tells no event.
        """
        if not self.state.exists:
            return False
        with self.state.write() as connection:
            sql = "UPDATE runtime SET heartbeat_at=?, worker_pid=? WHERE task_id=? AND status='in_progress'"
            many = connection.execute(f"{sql} AND assignee=?", (self.now(), pid, task_id, self.actor)).rowcount
        if many:
            self.locks.extend(task_id)
        return many > 0

    def run(self, task_id: str, **options: Any) -> dict[str, Any]:
        """Run the Blueprint that a task carries, to its end; see running.run. Raises: TaskRefused, and what it says."""
        from flowbench.project.running import run

        return run(self, task_id, **options)

    def validate(self, epic: str | None = None) -> Report:
        """What is wrong with the project, or with one epic. Raises: InvalidId, NotFound."""
        from flowbench.project.validate import validate

        return validate(self, epic)

    def reindex(self, *, dry_run: bool = False) -> dict[str, Any]:
        """Read all files anew; see reindexing.reindex. Raises: DuplicateRecord."""
        from flowbench.project.reindexing import reindex

        return reindex(self, dry_run=dry_run)

    def export(self) -> dict[str, Any]:
        """All of it as plain data, see exporting.export. Raises: DuplicateRecord."""
        from flowbench.project.exporting import export

        return export(self)

    def import_(self, source: Path | Mapping[str, Any] | None = None, *, dry_run: bool = False) -> dict[str, Any]:
        """Take in another project or an export, see exporting.import_. Raises: AlreadyThere, ProjectError."""
        from flowbench.project.exporting import import_

        return import_(self, source, dry_run=dry_run)

    def close(self) -> None:
        """Idempotent."""
        self.state.close()

    def _is_there(self, id: str) -> bool:
        return any((self.layout.epics / f"{id}{ending}").is_file() for ending in (".md", ".json"))

    def _told_elsewhere(self, wanted: list[str]) -> dict[str, Status]:
        """Statuses of tasks whose file does not hold one: those of the Python original."""
        if not wanted:
            return {}
        known = dict(self.state.read("SELECT task_id, status FROM runtime WHERE status IS NOT NULL"))
        files = legacy.states(self.layout)
        found = {}
        for id in wanted:
            if id in known:
                found[id] = parse(known[id])
            elif id in files:
                told = legacy.look(files[id])
                if told is not None:
                    found[id] = parse(legacy.columns(told).get("status", "todo"))
        return found

    def _finish_quietly(self) -> None:
        """A reader finishes what a killed writer has decided, unless somebody else is about to."""
        if not self.state.exists or not pending(self.state):
            return
        with suppress(StorageError), locked(self.layout.state / LOCK_FILE, 0.0) as ours:  # who may only read, reads
            if ours:
                finish_all(self.layout, self.state, self.hook)


def _merged(task: Task, elsewhere: Status | None, claim: tuple[str, str | None, str] | None) -> Task:
    import msgspec

    if elsewhere is not None:
        task = msgspec.structs.replace(task, status=elsewhere)
    if claim is None:
        return task
    assignee, claimed_at, note = claim
    return msgspec.structs.replace(
        task, status=Status.IN_PROGRESS, assignee=assignee, claimed_at=claimed_at, claim_note=note
    )
