"""Records: an epic and a task as data, read from the fields of a document whoever has written it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from flowbench.project import ids
from flowbench.project.errors import InvalidRecord, InvalidStatus
from flowbench.project.status import Status, parse

NO_PRIORITY = 999
DOMAINS = ("frontend", "backend", "architecture", "testing", "docs", "ops", "general")
REVIEWS = ("ship", "needs_work", "unknown")
SCHEMA = 1  # of a record
Form = Literal["markdown", "json", "plain"]
"""markdown: front matter and body. json: of the Python original. plain: Markdown without front matter."""


class Epic(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """file: relative to the flow dir. Times: ISO 8601 texts, "" if never. extra: keys that mean nothing to us."""

    id: str
    title: str
    status: Literal["open", "done"] = "open"
    branch_name: str = ""
    plan_review_status: str = "unknown"
    plan_reviewed_at: str | None = None
    completion_review_status: str = "unknown"
    completion_reviewed_at: str | None = None
    depends_on_epics: list[str] = []
    default_impl: str | None = None
    default_review: str | None = None
    default_sync: str | None = None
    auto_execute_pending: bool = False
    auto_execute_set_at: str | None = None
    created_at: str = ""
    updated_at: str = ""
    file: str = ""
    form: Form = "markdown"
    placeholder: bool = False
    extra: dict[str, Any] = {}


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """status: the effective one. written: the one in the file. claim: who works on it, if anybody does.

    blueprint, inputs: what runs it; None: it is a person's.
    """

    id: str
    epic: str
    title: str
    status: Status = Status.TODO
    written: Status = Status.TODO
    priority: int | None = None
    domain: str | None = None
    depends_on: list[str] = []
    files: list[str] = []
    impl: str | None = None
    review: str | None = None
    sync: str | None = None
    blueprint: Any = None
    inputs: Any = None
    split_from: str | None = None
    split_into: list[str] = []
    skipped_reason: str | None = None
    skipped_at: str | None = None
    created_at: str = ""
    updated_at: str = ""
    assignee: str | None = None
    claimed_at: str | None = None
    claim_note: str = ""
    file: str = ""
    form: Form = "markdown"
    extra: dict[str, Any] = {}

    @property
    def rank(self) -> tuple[int, int]:
        """Sort key everywhere: priority (none is 999), number."""
        return (NO_PRIORITY if self.priority is None else self.priority, int(self.id.rpartition(".")[2]))


ALIASES: dict[str, tuple[str, ...]] = {
    "depends_on": ("deps",),
    "branch_name": ("branch",),
    "plan_review_status": ("plan_review",),
    "completion_review_status": ("completion_review",),
}
"""Other names of a field, read where the field itself is absent, and kept when it is edited."""

_REVIEW_WORDS = {"passed": "ship", "failed": "needs_work"}
_REVIEW_BACK = {word: alias for alias, word in _REVIEW_WORDS.items()}
_HIDDEN = frozenset({"spec_path", "file_path", "schema_version", "next_task"})  # follow from the rest


def epic(values: Mapping[str, Any], id: str, file: str = "", form: Form = "markdown") -> Epic:
    """id: of the file's name. Raises: InvalidRecord, which knows the key."""
    told = _Reading(values, file)
    told.id(id)
    status = told.text("status", "open") or "open"
    if status.lower() not in {"open", "done"}:
        raise told.wrong("status", f"unknown status {status!r} (open or done)")
    return Epic(
        id=id,
        title=told.title(),
        status="done" if status.lower() == "done" else "open",
        branch_name=told.text("branch_name") or id,
        plan_review_status=told.review("plan_review_status"),
        plan_reviewed_at=told.text("plan_reviewed_at"),
        completion_review_status=told.review("completion_review_status"),
        completion_reviewed_at=told.text("completion_reviewed_at"),
        depends_on_epics=told.texts("depends_on_epics"),
        default_impl=told.text("default_impl"),
        default_review=told.text("default_review"),
        default_sync=told.text("default_sync"),
        auto_execute_pending=told.flag("auto_execute_pending"),
        auto_execute_set_at=told.text("auto_execute_set_at"),
        created_at=told.text("created_at") or "",
        updated_at=told.text("updated_at") or "",
        file=file,
        form=form,
        extra=told.rest(),
    )


def task(values: Mapping[str, Any], id: str, file: str = "", form: Form = "markdown") -> Task:
    """id: of the file's name. Raises: InvalidRecord, which knows the key."""
    told = _Reading(values, file)
    told.id(id)
    status = told.status()
    epic_id = told.text("epic") or ids.epic_of(id)
    if epic_id != ids.epic_of(id):
        raise told.wrong("epic", f"epic is {epic_id!r}, but the id of the task says {ids.epic_of(id)!r}")
    return Task(
        id=id,
        epic=epic_id,
        title=told.title(),
        status=status,
        written=status,
        priority=told.priority(),
        domain=told.text("domain"),
        depends_on=told.texts("depends_on"),
        files=told.texts("files"),
        impl=told.text("impl"),
        review=told.text("review"),
        sync=told.text("sync"),
        blueprint=told.any("blueprint"),
        inputs=told.any("inputs"),
        split_from=told.text("split_from"),
        split_into=told.texts("split_into"),
        skipped_reason=told.text("skipped_reason"),
        skipped_at=told.text("skipped_at"),
        created_at=told.text("created_at") or "",
        updated_at=told.text("updated_at") or "",
        file=file,
        form=form,
        extra=told.rest(),
    )


def spelled(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of fields as changes of the keys that a document uses for them."""
    made = {}
    for key, value in changes.items():
        alias = next((each for each in ALIASES.get(key, ()) if each in values and key not in values), None)
        if alias is None:
            made[key] = value
        else:
            made[alias] = _REVIEW_BACK.get(value, value) if alias.endswith("_review") else value
    return made


class _Reading:
    """The fields of one document, each asked for once; what nobody has asked for is `rest`."""

    def __init__(self, values: Mapping[str, Any], file: str) -> None:
        self.values, self.file = values, file
        self.asked = {"id"}

    def any(self, key: str) -> Any:
        values = self.values
        if key in values or key not in ALIASES:
            self.asked.add(key)
            return values.get(key)
        for alias in ALIASES[key]:
            if alias in values:
                self.asked.add(alias)
                return values[alias]
        return None

    def wrong(self, key: str, message: str) -> InvalidRecord:
        return InvalidRecord(self.file, message, key)

    def id(self, wanted: str) -> None:
        found = self.values.get("id", wanted)
        if found != wanted:
            raise self.wrong("id", f"id is {found!r}, but the file is named {wanted!r}")

    def title(self) -> str:
        found = self.any("title")
        if isinstance(found, int | float) and not isinstance(found, bool):
            return str(found)
        if not isinstance(found, str) or not found.strip():
            raise self.wrong("title", "title is missing" if found in (None, "") else "title has to be a text")
        return found

    def text(self, key: str, default: str | None = None) -> str | None:
        found = self.any(key)
        if found is None or found == "":
            return default
        if isinstance(found, bool | list | dict):
            raise self.wrong(key, f"{key} has to be a text")
        return str(found)

    def texts(self, key: str) -> list[str]:
        found = self.any(key)
        if found is None or found == "":
            return []
        if isinstance(found, str):
            return [found]
        if not isinstance(found, list):
            raise self.wrong(key, f"{key} has to be a list of texts")
        for each in found:
            if type(each) is not str:
                raise self.wrong(key, f"{key} has to be a list of texts, and {each!r} is none")
        return found

    def flag(self, key: str) -> bool:
        found = self.any(key)
        if found not in (None, True, False):
            raise self.wrong(key, f"{key} has to be true or false")
        return bool(found)

    def review(self, key: str) -> str:
        found = self.text(key, "unknown") or "unknown"
        word = _REVIEW_WORDS.get(found, found)
        if word not in REVIEWS:
            raise self.wrong(key, f"{key} is {found!r} (one of {', '.join(REVIEWS)})")
        return word

    def status(self) -> Status:
        found = self.text("status", "todo") or "todo"
        try:
            return parse(found)
        except InvalidStatus as error:
            raise self.wrong("status", str(error)) from None

    def priority(self) -> int | None:
        found = self.any("priority")
        if isinstance(found, str) and found.strip().lstrip("-").isdecimal():
            found = int(found)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def rest(self) -> dict[str, Any]:
        asked = self.asked
        if len(asked) > len(self.values) and asked.issuperset(self.values):
            return {}
        return {key: value for key, value in self.values.items() if key not in asked and key not in _HIDDEN}


Reader = Callable[[Mapping[str, Any], str, str, Form], Any]


def reader(id: str) -> Reader:
    """`task` for the id of a task, `epic` for one of an epic."""
    return task if "." in id else epic


def shown_path(path: Path, root: Path) -> str:
    """A path for people: below the project root as it is there, else whole."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return str(path)
