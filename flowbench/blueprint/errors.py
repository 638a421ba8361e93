"""Errors of the room: a Blueprint that cannot be read, with the line and column or the `$.` place."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flowbench.blueprint.words import did_you_mean
from flowbench.errors import FlowbenchError
from flowbench.excerpt import Spot

if TYPE_CHECKING:
    from flowbench.diagnostic import Diagnostics


LONGEST_MESSAGE = 400  # characters; what a person wrote and we quote may be a megabyte
LONGEST_PLACE = 120


class BlueprintError(FlowbenchError):
    """A Blueprint cannot be read; nothing has run.

    message: what is wrong, one line. source: the file's name, if there is one. place: `$.agents[2].kind`, or "".
    line, column: from 1, None when there was no text. excerpt: that line with a caret below, or "".
    """

    code, stage = "blueprint", "read"

    def __init__(self, message: str, *, source: str = "", place: str = "", spot: Spot | None = None) -> None:
        super().__init__(message)
        self.message = _cut(message, LONGEST_MESSAGE)
        self.source = source
        self.place = place
        self.spot = spot

    @property
    def line(self) -> int | None:
        return self.spot.line if self.spot else None

    @property
    def column(self) -> int | None:
        return self.spot.column if self.spot else None

    @property
    def excerpt(self) -> str:
        return self.spot.excerpt if self.spot else ""

    @property
    def brief(self) -> str:
        """All of it in one line, without the excerpt."""
        where = f"line {self.line}, column {self.column}" if self.spot else ""
        return ": ".join(part for part in (self.source, where, _cut(self.place, LONGEST_PLACE), self.message) if part)

    def __str__(self) -> str:
        return f"{self.brief}\n{self.excerpt}" if self.excerpt else self.brief


def _cut(text: str, room: int) -> str:
    """Both ends: the first names what is quoted, the last says why it is refused."""
    return text if len(text) <= room else f"{text[: room // 2]} … {text[-(room // 2) :]}"


class UnreadableText(BlueprintError):
    """The text is no JSON or YAML, or holds something that we refuse in both (duplicate keys, aliases, NaN ...)."""

    code = "unreadable_text"


class UnreadableFile(BlueprintError):
    """The file is not there, is no file, or may not be read."""

    code = "unreadable_file"


class InvalidBlueprint(BlueprintError):
    """The data is readable, but no Blueprint. place is always set."""

    code = "invalid_blueprint"

    def __init__(
        self, place: str, message: str, *, source: str = "", spot: Spot | None = None, names_key: bool = False
    ) -> None:
        super().__init__(message, source=source, place=place, spot=spot)
        self.names_key = names_key  # the caret belongs under the key, not under its value


class BadReference(InvalidBlueprint):
    """`$file` or `$agent_md` names a file that is not read. path: as it was written.

    Source: mlua-swarm 0.2.1 `FileRef`.
    """

    code = "bad_reference"

    def __init__(self, place: str, name: str, path: str, why: str) -> None:
        super().__init__(place, f"{name} ref expansion at {json.dumps(path, ensure_ascii=False)}: {why}")
        self.path = path


class InvalidAgentFile(BlueprintError):
    """A Markdown file that should hold an agent does not. source, line and column are that file's own.

    place: where the Blueprint refers to it, or "".
    """

    code = "invalid_agent_file"


class UnknownFormat(BlueprintError):
    """Neither JSON nor YAML was asked for, or the file's extension names neither."""

    code = "unknown_format"


class BadPatch(BlueprintError):
    """An operation of a JSON Patch cannot be carried out; nothing has changed. place: of the operation."""

    code = "bad_patch"

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message, place=place)


class UntrustedBlueprint(FlowbenchError):
    """A Blueprint that was read from a file or a record would run commands that its person has not allowed.

    file, run: where it was read, one of them "". hash: what to allow. commands: one line each.
    """

    code, stage = "untrusted", "launch"

    def __init__(self, file: str, run: str, hash: str, commands: Sequence[str]) -> None:
        self.file, self.run, self.hash, self.commands = file, run, hash, tuple(commands)
        told = "; ".join(commands[:3]) + (f"; and {len(commands) - 3} more" if len(commands) > 3 else "")
        look = f"look at all of it and allow it with `flowbench trust {shlex.quote(file)}`, or " if file else ""
        super().__init__(
            f"{file or run} would run commands that you have not allowed: {told}. If you know what they do: "
            f'{look}let it run this once with --trust {hash} (in Python trust="...")'
        )


class LintRefused(FlowbenchError):
    """A launch with check="fail": lint found errors, nothing has run. found: all that it found, as Diagnostics."""

    code, stage = "lint_refused", "launch"

    def __init__(self, id: str, found: Diagnostics) -> None:
        self.found = found
        errors = found.at("error")
        more = f"; and {len(errors) - 1} more" if len(errors) > 1 else ""
        self.place, self.fix, self.agent = errors[0].place, errors[0].fix, errors[0].agent
        super().__init__(f"{id} is not run, because its check found: {errors[0]}{more}")


class UnknownRule(FlowbenchError, ValueError):
    """Lint has no such rule, or a rule no such level. known: those that there are."""

    code, stage = "unknown_rule", "lint"

    def __init__(self, name: str, known: Iterable[str], what: str = "rule") -> None:
        self.known = sorted(known)
        guess = did_you_mean(name, self.known)
        super().__init__(f"lint knows no {what} '{name}'{guess}; there are {', '.join(self.known)}")


class UnknownFunction(FlowbenchError):
    """No Python function is registered under that id."""

    code, stage = "unknown_function", "launch"

    def __init__(self, id: str, known: Iterable[str]) -> None:
        self.id = id
        self.known = sorted(known)
        have = f"; registered: {', '.join(self.known[:20])}" if self.known else "; none is registered yet"
        guess = did_you_mean(id, self.known)
        super().__init__(
            f'no Python function is registered as "{id}"{guess}{have}. '
            f'Register one with @agent above its def, or @agent(id="{id}")'
        )


class UnfitFunction(FlowbenchError, TypeError):
    """A function that cannot be an agent: said when it is registered."""

    code = "unfit_function"


class UnfitInput(FlowbenchError, TypeError):
    """The step's input does not fit the function's parameters: said when the step runs."""

    code = "unfit_input"


class BlueprintStoreError(FlowbenchError):
    """A Blueprint store did not do what was asked. id: of the Blueprint.

    Source: mlua-swarm 0.2.1; what to do is added to its words.
    """

    code = "blueprint_store"

    def __init__(self, id: str, message: str) -> None:
        super().__init__(message)
        self.id = id


class UnfitId(BlueprintStoreError):
    """No store takes this id: it would be the name of a folder."""

    code = "unfit_blueprint_id"

    def __init__(self, id: object) -> None:
        told = shown_id(id)
        super().__init__(
            told,
            f"blueprint id {told} cannot be stored: up to 128 letters, digits and . _ -, not beginning with . or -",
        )


class VersionNotFound(BlueprintStoreError):
    code = "blueprint_version_not_found"

    def __init__(self, id: str, version: str) -> None:
        super().__init__(
            id, f"blueprint not found: id={id} version={version[:80]}; look at the versions in its history"
        )
        self.version = version


class AmbiguousVersion(BlueprintStoreError):
    """Several versions begin with what was written. found: they."""

    code = "blueprint_version_ambiguous"

    def __init__(self, id: str, version: str, found: Sequence[str]) -> None:
        super().__init__(id, f"several versions of {id} begin with {version}: {', '.join(found)}; write more of it")
        self.found = tuple(found)


class IdNotFound(BlueprintStoreError):
    code = "blueprint_id_not_found"

    def __init__(self, id: str, known: Sequence[str]) -> None:
        super().__init__(id, f"blueprint id not found: id={id}{did_you_mean(id, known)}{_stored(known)}")


class HeadEmpty(BlueprintStoreError):
    """Nothing was ever written under this id."""

    code = "blueprint_head_empty"

    def __init__(self, id: str, known: Sequence[str]) -> None:
        super().__init__(id, f"head ref empty: id={id}{did_you_mean(id, known)}{_stored(known)}")


class HeadMoved(BlueprintStoreError):
    """Somebody else has written meanwhile. head: the version that is there now, None if none."""

    code = "blueprint_head_moved"

    def __init__(self, id: str, parents: Sequence[str], head: str | None) -> None:
        super().__init__(
            id,
            f"head moved: id={id}: made from version {parents[0][:12]}, but the head is {(head or 'empty')[:12]}; "
            f"read the head, make the change again, write that",
        )
        self.parents, self.head = tuple(parents), head


class Archived(BlueprintStoreError):
    code = "blueprint_archived"

    def __init__(self, id: str) -> None:
        super().__init__(id, f"blueprint is archived: id={id}; unarchive it to read its head or write to it")


class LockBusy(BlueprintStoreError):
    """Another writer of this id has held its lock for too long."""

    code = "blueprint_lock_busy"

    def __init__(self, id: str, seconds: float) -> None:
        super().__init__(
            id,
            f"blueprint store: per-id write lock busy: id={id}, for {seconds:g} s; try again when it is done",
        )


class HashMismatch(BlueprintStoreError):
    """What is stored is not what its writer has named."""

    code = "blueprint_hash_mismatch"

    def __init__(self, id: str, named: str, found: str) -> None:
        super().__init__(
            id, f"content hash mismatch: id={id}: named {named[:12]}, found {found[:12]}; the stored file was changed"
        )
        self.named, self.found = named, found


class InvalidLayout(BlueprintStoreError):
    """A repository, or what should be written into one, is not as this store makes them."""

    code = "blueprint_invalid_layout"

    def __init__(self, id: str, why: str) -> None:
        super().__init__(id, f"invalid store layout: id={id}: {why}")


class NotCanonical(BlueprintStoreError):
    """It has no canonical form: something in it is no JSON."""

    code = "blueprint_not_canonical"

    def __init__(self, id: str, why: str) -> None:
        super().__init__(id, f"blueprint '{id}' has no canonical form: {why}")


class BadRequirement(FlowbenchError, ValueError):
    """A version requirement that Cargo's syntax does not have. req: as it was written."""

    code = "bad_version_requirement"

    def __init__(self, req: str, why: str) -> None:
        super().__init__(f"no version requirement: {json.dumps(req[:80])}: {why}; write one like ^1.2 or >=1.2, <2")
        self.req = req


class InvalidVersionLabel(FlowbenchError):
    """A stored version has a label that is no version. version: its hash."""

    code = "invalid_version_label"

    def __init__(self, label: str, version: str, why: str) -> None:
        super().__init__(f"invalid semver version_label {json.dumps(label[:80])}: {why} (version {version[:12]})")
        self.label, self.version = label, version


class NoVersionMatches(FlowbenchError):
    """labels: those that there are, the newest first."""

    code = "no_version_matches"

    def __init__(self, req: str, labels: Sequence[str]) -> None:
        have = ", ".join(labels[:10]) + (f" and {len(labels) - 10} more" if len(labels) > 10 else "")
        super().__init__(f"no version matches semver req: {req}; {f'labelled: {have}' if have else 'none has a label'}")
        self.req, self.labels = req, tuple(labels)


def shown_id(id: object) -> str:
    return json.dumps(id if len(id) <= 80 else id[:80] + "…") if isinstance(id, str) else f"of type {type(id).__name__}"


def _stored(known: Sequence[str]) -> str:
    return f"; stored: {', '.join(known[:10])}" if known else "; nothing is stored here yet"
