"""Git: a Blueprint store of bare git repositories, one per id, that plain `git log` can read; it needs no git itself.

A write is done when the branch names its commit. Everything before that leaves the old head as it was, also after
kill -9 or a power cut: objects and branch are written atomically and synced, under a lock of this id.
Source: mlua-swarm 0.2.1; the file of a version is JSON there too since YAML reads it, and is named so here.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench import storage
from flowbench.blueprint.errors import (
    Archived,
    BlueprintError,
    BlueprintStoreError,
    HashMismatch,
    HeadEmpty,
    IdNotFound,
    InvalidLayout,
    LockBusy,
    VersionNotFound,
)
from flowbench.blueprint.hashes import content_hash
from flowbench.blueprint.model import Blueprint, Provenance, parse, to_json
from flowbench.blueprint.versions import commit_text
from flowbench.blueprint.versions.store import HISTORY, check_head, checked
from flowbench.blueprint.versions.traced import CommitMetadata, Entry, Git, Trace, Traced

if TYPE_CHECKING:
    from dulwich.objects import Commit, ObjectID, ShaFile
    from dulwich.repo import Repo

FILE = "blueprint.json"
BRANCH = "refs/heads/main"
AUTHOR = b"swarm-engine <engine@local>"
LOCK_SECONDS = 5.0


class _Metadata(msgspec.Struct):
    version_label: str | None = None


class _Labelled(msgspec.Struct):
    """Of a stored version, what a history shows."""

    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


class _Step(msgspec.Struct, frozen=True):
    """A commit of a version, as met on the way from the head back."""

    commit: Any
    written: commit_text.Written


class GitStore:
    """A BlueprintStore. root: the folder of the repositories, made if need be; that of the user by default.

    lock_seconds: how long a writer waits for another one. clock: unix seconds.
    """

    name = "git"

    def __init__(
        self, root: Path | None = None, *, lock_seconds: float = LOCK_SECONDS, clock: Callable[[], float] = time.time
    ) -> None:
        self.root = storage.blueprints() if root is None else Path(root)
        self._lock_seconds, self._clock = lock_seconds, clock

    def read_head(self, id: str) -> Traced[Blueprint]:
        with self._reading(id) as repo:
            if repo is None:
                raise HeadEmpty(id, self.list_ids())
            walk = _walk(id, repo)
            newest = next(walk, None)
            if isinstance(newest, commit_text.Marked):
                if newest.archived:
                    raise Archived(id)
                newest = next((each for each in walk if isinstance(each, _Step)), None)
            if newest is None:
                raise HeadEmpty(id, self.list_ids())
            return self._traced(id, repo, newest, next((s for s in walk if isinstance(s, _Step)), None))

    def write_new(
        self, id: str, blueprint: Blueprint, parents: Sequence[str] = (), metadata: CommitMetadata | None = None
    ) -> str:
        version, now = content_hash(blueprint), self._clock()
        told = metadata or CommitMetadata.seed(checked(id), int(now * 1000))
        message = commit_text.write(checked(id), version, told)
        text = json.dumps(to_json(blueprint), indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with self._writing(id) as repo:
            newest = next(_walk(id, repo), None)
            if isinstance(newest, commit_text.Marked) and newest.archived:
                raise Archived(id)
            head = next((s.written.version for s in _walk(id, repo) if isinstance(s, _Step)), None)
            check_head(id, parents, head)
            self._commit(repo, text, message, now)
        return version

    def read_version(self, id: str, version: str) -> Traced[Blueprint]:
        with self._reading(id) as repo:
            walk = _versions(id, repo)
            for step in walk:
                if step.written.version == version:
                    assert repo is not None
                    return self._traced(id, repo, step, next(walk, None))
        raise VersionNotFound(id, version)

    def history(self, id: str, limit: int = HISTORY) -> list[Entry]:
        found: list[Entry] = []
        with self._reading(id) as repo:
            walk = _versions(id, repo)
            step = next(walk, None)
            while step is not None and len(found) < limit:
                before = next(walk, None)
                trace = _trace(step, before)
                label = msgspec.json.decode(_text(repo, step.commit), type=_Labelled).metadata.version_label
                found.append(Entry(trace.version, label, step.written.metadata.rationale, trace))
                step = before
        return found

    def read_commit_rationale(self, id: str, version: str) -> str:
        with self._reading(id) as repo:
            for step in _versions(id, repo):
                if step.written.version == version:
                    return step.written.metadata.rationale
        raise VersionNotFound(id, version)

    def list_ids(self) -> list[str]:
        try:
            names = sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage.StorageError.of(self.root, error) from error
        return [name for name in names if not name.startswith(".") and self._is_live(name)]

    def archive(self, id: str) -> None:
        self._mark(id, archived=True)

    def unarchive(self, id: str) -> None:
        self._mark(id, archived=False)

    def is_archived(self, id: str) -> bool:
        newest = self._newest(id)
        return isinstance(newest, commit_text.Marked) and newest.archived

    def _newest(self, id: str) -> _Step | commit_text.Marked | None:
        with self._reading(id) as repo:
            return None if repo is None else next(_walk(id, repo), None)

    def _is_live(self, name: str) -> bool:
        """What is no repository of ours is not listed; it may be somebody else's folder."""
        try:
            newest = self._newest(name)
        except BlueprintStoreError:
            return False
        return newest is not None and not (isinstance(newest, commit_text.Marked) and newest.archived)

    def _mark(self, id: str, *, archived: bool) -> None:
        newest = self._newest(id)
        if newest is None:
            raise IdNotFound(id, self.list_ids())
        if (isinstance(newest, commit_text.Marked) and newest.archived) == archived:
            return
        now = self._clock()
        with self._writing(id) as repo:
            head = _head(repo)
            assert head is not None, "it had one before, and none is ever taken back"
            commit: Commit = repo[head]  # type: ignore[assignment]
            self._append(repo, commit.tree, commit_text.mark(id, commit_text.Marked(archived, int(now * 1000))), now)

    def _commit(self, repo: Repo, text: bytes, message: bytes, now: float) -> None:
        from dulwich.objects import Blob, Tree

        blob = Blob.from_string(text)
        tree = Tree()
        tree.add(FILE.encode(), 0o100644, blob.id)
        for each in (blob, tree):
            _keep(repo, each)
        self._append(repo, tree.id, message, now)

    def _append(self, repo: Repo, tree: ObjectID, message: bytes, now: float) -> None:
        """The commit that makes it true: written whole, then named by the branch."""
        from dulwich.objects import Commit

        commit = Commit()
        commit.tree, commit.message, commit.encoding = tree, message, b"UTF-8"
        commit.parents = [] if (head := _head(repo)) is None else [head]
        commit.author = commit.committer = AUTHOR
        commit.author_time = commit.commit_time = int(now)
        commit.author_timezone = commit.commit_timezone = 0
        _keep(repo, commit)
        storage.write(Path(repo.path) / BRANCH, commit.id + b"\n", mode=0o600)

    def _traced(self, id: str, repo: Repo, step: _Step, before: _Step | None) -> Traced[Blueprint]:
        plain = msgspec.json.decode(_text(repo, step.commit))
        where = f"Blueprint '{id}' in {self.root}"
        try:
            blueprint = msgspec.structs.replace(parse(plain), provenance=Provenance(store=where))
        except BlueprintError as error:
            raise InvalidLayout(id, f"{FILE} of commit {step.commit.id.decode()[:12]}: {error.brief}") from error
        if (found := content_hash(blueprint)) != step.written.version:
            raise HashMismatch(id, step.written.version, found)
        return Traced(blueprint, _trace(step, before))

    @contextmanager
    def _reading(self, id: str) -> Iterator[Repo | None]:
        """None where nothing was ever written."""
        path = self.root / checked(id)
        if not path.is_dir():
            yield None
            return
        with _explained(id), _opened(path) as repo:
            yield repo

    @contextmanager
    def _writing(self, id: str) -> Iterator[Repo]:
        path = self.root / checked(id)
        root = self.root if self.root.is_dir() else storage.private_dir(self.root)  # a folder of theirs stays as it is
        locks = storage.private_dir(root / ".locks")
        with storage.locked(locks / id, self._lock_seconds) as ours:
            if not ours:
                raise LockBusy(id, self._lock_seconds)
            with _explained(id):
                if not path.is_dir():
                    _begin(path)
                with _opened(path) as repo:
                    yield repo


def _opened(path: Path) -> Repo:
    from dulwich.repo import Repo

    return Repo(str(path))


def _begin(path: Path) -> None:
    """A new repository, there as a whole or not at all."""
    from dulwich.repo import Repo

    young = path.with_name(f".new-{path.name}")
    shutil.rmtree(young, ignore_errors=True)  # of a writer that was killed right here: the lock is ours now
    Repo.init_bare(str(young), mkdir=True, default_branch=b"main").close()
    young.chmod(0o700)
    for folder, _, names in os.walk(young):
        for name in (*names, "."):
            _sync(Path(folder, name))
    young.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _keep(repo: Repo, each: ShaFile) -> None:
    """Write a loose object. Not by dulwich: its lock files outlive a killed writer and would refuse the next one."""
    name = each.id.decode()
    folder = Path(repo.path) / "objects" / name[:2]
    if not (folder / name[2:]).exists():
        if not folder.exists():
            folder.mkdir(0o700, exist_ok=True)
            _sync(folder.parent)
        storage.write(folder / name[2:], each.as_legacy_object(), mode=0o400)


def _head(repo: Repo) -> ObjectID | None:
    from dulwich.refs import Ref

    return repo.refs.as_dict().get(Ref(BRANCH.encode()))


def _walk(id: str, repo: Repo) -> Iterator[_Step | commit_text.Marked]:
    """From the head back."""
    at = _head(repo)
    while at is not None:
        commit: Commit = repo[at]  # type: ignore[assignment]
        found = commit_text.read(id, commit.message)
        yield found if isinstance(found, commit_text.Marked) else _Step(commit, found)
        at = next(iter(commit.parents), None)


def _versions(id: str, repo: Repo | None) -> Iterator[_Step]:
    return iter(()) if repo is None else (each for each in _walk(id, repo) if isinstance(each, _Step))


def _trace(step: _Step, before: _Step | None) -> Trace:
    parents = () if before is None else (before.written.version,)
    return Trace(Git(step.commit.id.decode()), step.written.version, step.commit.commit_time * 1000, parents)


def _text(repo: Any, commit: Any) -> bytes:
    data: bytes = repo[repo[commit.tree][FILE.encode()][1]].data
    return data


@contextmanager
def _explained(id: str) -> Iterator[None]:
    try:
        yield
    except BlueprintStoreError:
        raise
    except storage.StorageError:
        raise
    except OSError as error:
        raise storage.StorageError.of(Path(error.filename or id), error) from error
    except Exception as error:  # a damaged repository makes dulwich raise nearly anything
        raise InvalidLayout(id, f"{type(error).__name__}: {error}") from error
