"""Change: one verb's edits of a project, staged one by one and committed together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.project import ids, legacy, records
from flowbench.project.adopting import fields
from flowbench.project.commit import Wanted
from flowbench.project.config import FILE as CONFIG
from flowbench.project.config import Config, json_bytes
from flowbench.project.documents import Stored, folder, load
from flowbench.project.errors import AlreadyThere, NotFound, ProjectError
from flowbench.project.events import Event
from flowbench.project.files import Sign, read, sign
from flowbench.project.front_edit import written
from flowbench.project.front_matter import LARGEST, Document
from flowbench.project.layout import inside
from flowbench.project.records import Epic, Task
from flowbench.project.state import Statement, cleared, noted, phased, proven, renamed
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.project import Project


class Change:
    """Made by `Project.change`. Nothing is written before its block ends; an exception in it drops everything.

    Reading through it sees what it has staged; a file that it has read must not be changed by others until the end.
    """

    def __init__(self, project: Project, verb: str, *, dry_run: bool = False) -> None:
        self.project, self.verb, self.dry_run = project, verb, dry_run
        self.now = project.now()
        self.events: list[Event] = []
        self._stored: dict[str, Stored] = {}
        self._seen: dict[Path, Sign | None] = {}
        self._writes: dict[Path, bytes] = {}
        self._removes: dict[Path, None] = {}
        self._moves: list[tuple[Path, Path]] = []
        self._statements: list[Statement] = []
        self._imported: set[str] = set()
        self._moved_on: set[str] = set()  # tasks that have been given a status

    # Reading

    def stored(self, id: str) -> Stored:
        """The files of a record as this change leaves them. Raises: InvalidId, NotFound, DocumentError."""
        found = self._stored.get(id)
        if found is None:
            found = load(self.project.layout, id)
            if any(path in self._removes for path in found.signs):
                raise NotFound(id, next(iter(found.signs)))
            for path, seen in found.signs.items():
                self._seen.setdefault(path, seen)
            self._stored[id] = found
        return found

    def task(self, id: str) -> Task:
        """With its effective status. Raises: InvalidId, NotFound, DocumentError."""
        ids.task_id(id)
        task = self.stored(id).task
        return task if id in self._moved_on else self.project.effective(task)

    def epic(self, id: str) -> Epic:
        """Raises: InvalidId, NotFound, DocumentError."""
        ids.epic_id(id)
        return self.stored(id).epic

    def tasks(self, epic: str | None = None) -> list[Task]:
        """As Project.tasks, with what this change has staged."""
        found = {task.id: task for task in self.project.tasks(epic)}
        for id, stored in self._stored.items():
            if "." in id and (epic is None or ids.epic_of(id) == epic):
                if any(path in self._removes for path in stored.signs):
                    found.pop(id, None)
                else:
                    found[id] = self.task(id)
        return sorted(found.values(), key=lambda task: ids.key(task.id))

    def epics(self) -> list[Epic]:
        """As Project.epics, with what this change has staged."""
        found = {epic.id: epic for epic in self.project.epics()}
        for id, stored in self._stored.items():
            if "." not in id:
                if any(path in self._removes for path in stored.signs):
                    found.pop(id, None)
                else:
                    found[id] = stored.epic
        return sorted(found.values(), key=lambda epic: ids.key(epic.id))

    def read(self, name: str, largest: int = LARGEST) -> bytes | None:
        """A file below the flow dir, e.g. `memory/index.jsonl`; None: there is none. Raises: DocumentError."""
        path = self._path(name)
        if path in self._writes:
            return self._writes[path]
        if path in self._removes:
            return None
        try:
            data, seen = read(path, largest)
        except FileNotFoundError:
            self._seen.setdefault(path, None)
            return None
        self._seen.setdefault(path, seen)
        return data

    # Files

    def set(self, id: str, **given: Any) -> None:
        """Set fields of a record; REMOVE takes one away. Its `updated_at` follows.

        A record of the Python original becomes Markdown with front matter. Raises: DocumentError.
        """
        stored = self.stored(id)
        changes = {"updated_at": self.now, **{key: _plain(value) for key, value in given.items()}}
        self._put(stored, changes, stored.body)
        if "status" in given and "." in id:
            self._moved_on.add(id)
            status = str(given["status"])
            self.note(id, status=status, root=str(self.project.layout.flow), updated_at=self.now)

    def body(self, id: str, body: str | Callable[[str], str]) -> None:
        """Give a record another body, or what a function makes of the one it has. Raises: DocumentError."""
        stored = self.stored(id)
        made = body if isinstance(body, str) else body(stored.body)
        self._put(stored, {"updated_at": self.now}, made)

    def adopt(self, id: str) -> None:
        """A record of an earlier flowctl becomes Markdown with front matter; nothing else of it changes."""
        stored = self.stored(id)
        if stored.document is None:
            self._put(stored, {}, stored.body)

    def write(self, name: str, data: bytes | str) -> None:
        """A file below the flow dir, made or replaced."""
        path = self._path(name)
        self._seen.setdefault(path, sign(path))
        self._removes.pop(path, None)
        self._writes[path] = data.encode() if isinstance(data, str) else data

    def create(self, name: str, data: bytes | str) -> None:
        """A new file below the flow dir. Raises: AlreadyThere."""
        path = self._path(name)
        if path in self._writes or (path not in self._removes and sign(path) is not None):
            raise AlreadyThere(path)
        self._seen.setdefault(path, None)
        self.write(name, data)

    def remove(self, name: str) -> bool:
        """A file below the flow dir goes; False: it was not there."""
        path = self._path(name)
        self._writes.pop(path, None)
        found = sign(path)
        if found is None:
            return False
        self._seen.setdefault(path, found)
        self._removes[path] = None
        return True

    def move(self, name: str, to: str) -> None:
        """A file below the flow dir gets another name. Raises: AlreadyThere, ProjectError."""
        source, target = self._path(name), self._path(to)
        if sign(target) is not None or target in self._writes:
            raise AlreadyThere(target)
        found = sign(source)
        if found is None or source in self._writes:
            raise ProjectError(
                f"{name} cannot be moved: {'it changes at the same time' if found else 'it is not there'}"
            )
        self._seen.setdefault(source, found)
        self._seen.setdefault(target, None)
        self._moves.append((source, target))

    def set_config(self, key: str, value: Any) -> Config:
        """One key of config.json; the new config. Raises: InvalidConfig."""
        config = self.project.config.with_value(key, value)
        self.write(CONFIG, json_bytes(config.written))
        return config

    def set_gaps(self, epic: str, gaps: Sequence[Mapping[str, Any]]) -> None:
        """All gaps of an epic."""
        self.epic(epic)
        self.write(f"epics/{epic}.gaps.json", json_bytes([dict(gap) for gap in gaps]))

    # State

    def claim(self, task_id: str, note: str = "", assignee: str | None = None) -> None:
        """The actor works on a task from now on."""
        self.note(
            task_id,
            assignee=assignee or self.project.actor,
            claimed_at=self.now,
            claim_note=note,
            status=Status.IN_PROGRESS.value,
            root=str(self.project.layout.flow),
            updated_at=self.now,
        )

    def release(self, task_id: str) -> None:
        """Nobody works on a task any more; what it has achieved stays."""
        self.note(task_id, assignee=None, claimed_at=None, claim_note="", heartbeat_at=None, worker_pid=None)

    def note(self, task_id: str, **columns: Any) -> None:
        """Columns of the runtime row of a task, see Runtime."""
        self.import_state(task_id)
        self._statements.append(noted(task_id, **columns))

    def evidence(self, task_id: str, evidence: dict[str, Any] | None) -> None:
        """None takes it away."""
        self.import_state(task_id)
        self._statements.append(proven(task_id, evidence, self.now))

    def phase(self, task_id: str, phase: str, at: str = "") -> None:
        """A phase is completed. at: when; now, unless it is said."""
        self.import_state(task_id)
        self._statements.append(phased(task_id, phase, at or self.now))

    def clear(self, task_id: str) -> None:
        """Forget claim, evidence and phases of a task, and its file locks."""
        self._imported.add(task_id)
        self._statements += cleared(task_id)
        status = self.stored(task_id).task.status if task_id in self._stored else None
        # A row stays, so that what the Python original knew does not come back.
        self.note(task_id, status=status and str(status), root=str(self.project.layout.flow), updated_at=self.now)

    def forget(self, task_id: str) -> None:
        """Nothing is known of a task any more, not even that it was there."""
        self._imported.add(task_id)
        self._statements += cleared(task_id)

    def rename_state(self, old: str, new: str) -> None:
        """What is known of one task is known of another."""
        self.import_state(old)
        self._statements += renamed(old, new)

    def sql(self, statement: str, *given: Any) -> None:
        """Rows of `state.db` of the caller's own, in the same transaction."""
        self._statements.append((statement, given))

    def event(
        self, type: str, *, task: str | None = None, epic: str | None = None, payload: Mapping[str, Any] | None = None
    ) -> None:
        """One line of the log. epic: that of the task unless given."""
        self.events.append(
            Event(
                type=type,
                timestamp=self.now,
                epic=epic if epic is not None else ids.epic_of(task or ""),
                task=task,
                actor=self.project.actor,
                payload=dict(payload or {}),
            )
        )

    # Epics and tasks

    def create_epic(self, title: str, branch: str | None = None) -> Epic:
        """A new open epic with its spec. Raises: ProjectError, AlreadyThere."""
        from flowbench.project.creating import create_epic

        return create_epic(self, title, branch)

    def create_task(self, epic: str, title: str, **fields: Any) -> Task:
        """A new task; depends_on, acceptance, priority, domain, files and other fields. See creating.create_task."""
        from flowbench.project.creating import create_task

        return create_task(self, epic, title, **fields)

    def rename_epic(self, epic: str, title: str) -> dict[str, Any]:
        """Another title, and with it another id. See renaming.rename_epic."""
        from flowbench.project.renaming import rename_epic

        return rename_epic(self, epic, title)

    def archive(self, epic: str) -> list[str]:
        """Its files go to `.archive/<epic>/`. See archiving.archive."""
        from flowbench.project.archiving import archive

        return archive(self, epic)

    def put_record(self, id: str, values: Mapping[str, Any], body: str) -> None:
        """A new record with these fields and this body. Raises: AlreadyThere, DocumentError."""
        name = f"{folder(id)}/{id}.md"
        document = written(values, body, self._path(name))
        self.create(name, document.data)
        self._keep(id, name, document)

    def known(self) -> list[str]:
        """Ids of the records that this change has read or made."""
        return list(self._stored)

    def drop_record(self, id: str) -> None:
        """The files of a record go; not its spec."""
        stored = self.stored(id)
        for path in stored.signs:
            self.remove(path.relative_to(self.project.layout.flow).as_posix())
        del self._stored[id]

    def rename_record(self, old: str, new: str, fields: Mapping[str, Any], body: str) -> None:
        """The same record under another id, its other bytes as they were. Raises: AlreadyThere."""
        stored = self.stored(old)
        document = self._document(stored, {"id": new, "updated_at": self.now, **fields}, body)
        name = f"{folder(new)}/{new}.md"
        self.drop_record(old)
        self.create(name, document.data)
        self._keep(new, name, document)

    # The end

    @property
    def plan(self) -> dict[str, Any]:
        """What is (dry run: would be) written, by names relative to the project root."""
        root = self.project.layout.root

        def shown(path: Path) -> str:
            return records.shown_path(path, root)

        return {
            "verb": self.verb,
            "written": sorted(map(shown, self._writes)),
            "removed": sorted(map(shown, self._removes)),
            "moved": [[shown(source), shown(to)] for source, to in self._moves],
            "events": [
                {"type": event.type, "epic": event.epic, "task": event.task, **event.payload} for event in self.events
            ],
        }

    def wanted(self) -> Wanted | None:
        """For the commit; None: nothing is to be done."""
        if not (self._writes or self._removes or self._moves or self._statements or self.events):
            return None
        return Wanted(
            self.verb,
            self._writes,
            list(self._removes),
            self._moves,
            self._seen,
            self._statements,
            self.events,
            self.now,
        )

    def _path(self, name: str) -> Path:
        return inside(self.project.layout.flow, name)

    def _put(self, stored: Stored, changes: Mapping[str, Any], body: str) -> None:
        name = f"{folder(stored.id)}/{stored.id}.md"
        document = self._document(stored, changes, body)
        path = self._path(name)
        for other in stored.signs:
            if other != path:
                self.remove(other.relative_to(self.project.layout.flow).as_posix())
        if stored.document is None and stored.values.get("gaps"):
            self.write(f"epics/{stored.id}.gaps.json", json_bytes(stored.values["gaps"]))
        self.write(name, document.data)
        self._keep(stored.id, name, document)

    def _document(self, stored: Stored, changes: Mapping[str, Any], body: str) -> Document:
        if stored.document is not None:
            made: Document = stored.document.edited(records.spelled(stored.values, changes), body)
            return made
        return written(
            fields(stored, self._record(stored), changes), body, self.project.layout.flow / stored.record.file
        )

    def _record(self, stored: Stored) -> Epic | Task:
        return stored.epic if isinstance(stored.record, Epic) else self.task(stored.id)

    def _keep(self, id: str, name: str, document: Document) -> None:
        """What is staged is what is read from now on."""
        record = records.reader(id)(document.values, id, name, "markdown")
        signs = {self._path(name): Sign(0, 0, 0)}
        self._stored[id] = Stored(id, "markdown", record, document.values, document.body, document, signs)

    def import_state(self, task_id: str) -> None:
        """What an earlier flowctl knew of a task becomes rows, before the first of ours."""
        if task_id in self._imported:
            return
        self._imported.add(task_id)
        if self.project.state.read("SELECT 1 FROM runtime WHERE task_id=?", task_id):
            return
        self._statements += legacy.taken_over(self.project.layout, task_id, self.now)


def _plain(value: Any) -> Any:
    if isinstance(value, Status):
        return value.value
    return list(value) if isinstance(value, tuple) else value
