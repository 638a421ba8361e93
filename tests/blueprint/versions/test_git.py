"""The git store: what plain git sees, what a crash leaves, what damage is told, and who may run what it holds."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flowbench import blueprint as bp
from flowbench import storage
from tests.blueprint.versions.samples import sample
from tests.need import need


def git(store: bp.GitStore, *words: str) -> str:
    need(shutil.which("git"), "git itself, as a second opinion")
    command = ["git", "-C", str(store.root / "main"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def store(tmp_path: Path) -> bp.GitStore:
    return bp.GitStore(tmp_path / "store")


def test_git_log_reads_well(store: bp.GitStore) -> None:
    start = store.write_new("main", sample("1.0.0"))
    metadata = bp.CommitMetadata(bp.EpochId("main", start, 1_700_000_000_123), "shorter prompts", "ab" * 32)
    version = store.write_new("main", sample("1.1.0"), [start], metadata)

    assert git(store, "log", "-1", "--format=%an <%ae>%n%B").rstrip("\n").splitlines() == [
        "swarm-engine <engine@local>",
        "blueprint update [main]",
        "",
        f"blueprint_content_hash: {version}",
        f"patch_content_hash: {'ab' * 32}",
        "epoch_blueprint_id: main",
        f"epoch_start_version: {start}",
        "epoch_started_at_ms: 1700000000123",
        "rationale: shorter prompts",
    ]
    assert '"version_label": "1.1.0"' in git(store, "show", "main:blueprint.json")


def test_git_finds_no_fault_in_it_and_may_pack_it(store: bp.GitStore) -> None:
    versions = [store.write_new("main", sample(f"1.{n}.0")) for n in range(5)]
    store.archive("main")
    store.unarchive("main")

    git(store, "fsck", "--strict")
    git(store, "gc", "--quiet")

    assert [e.version for e in store.history("main")] == versions[::-1]
    later = store.write_new("main", sample("2.0.0"))
    assert store.read_head("main").trace.version == later
    git(store, "fsck", "--strict")


def test_folders_of_a_store_are_private(store: bp.GitStore) -> None:
    store.write_new("main", sample())

    assert {oct(path.stat().st_mode & 0o777) for path in (store.root, store.root / "main")} == {"0o700"}


def test_the_store_of_a_user_lies_in_their_home(home: Path) -> None:
    bp.GitStore().write_new("main", sample())

    assert (home / "blueprints" / "main" / "HEAD").is_file()


KILLED = """
import os, signal, sys
from pathlib import Path
from flowbench import blueprint as bp, storage
from tests.blueprint.versions.samples import sample

real, where = storage.write, sys.argv[2]
def write(path, data, **how):
    if where in str(path):
        os.kill(os.getpid(), signal.SIGKILL)
    real(path, data, **how)
storage.write = write
bp.GitStore(Path(sys.argv[1])).write_new("main", sample("9.0.0"))
"""


@pytest.mark.parametrize("where", ["refs/heads/main", "objects/"], ids=["before the branch", "before an object"])
@pytest.mark.parametrize("is_first", [True, False], ids=["first write", "later write"])
def test_a_writer_killed_on_its_way_leaves_the_old_head(store: bp.GitStore, where: str, is_first: bool) -> None:
    before = [] if is_first else [store.write_new("main", sample("1.0.0"))]

    killed = subprocess.run([sys.executable, "-c", KILLED, str(store.root), where], check=False)

    assert killed.returncode == -signal.SIGKILL
    assert [e.version for e in store.history("main")] == before
    again = store.write_new("main", sample("9.0.0"))
    assert [e.version for e in store.history("main")] == [again, *before]


def test_a_repository_whose_making_was_killed_is_made_again(store: bp.GitStore) -> None:
    (store.root / ".new-main" / "objects").mkdir(parents=True)

    version = store.write_new("main", sample())

    assert store.read_head("main").trace.version == version
    assert store.list_ids() == ["main"]


def test_a_file_that_was_changed_behind_its_hash_is_told(store: bp.GitStore) -> None:
    store.write_new("main", sample("1.0.0"))
    subprocess.run(
        ["git", "-C", str(store.root / "main"), "-c", "user.name=x", "-c", "user.email=x", "fast-import", "--quiet"],
        input=_forged(git(store, "log", "-1", "--format=%B"), git(store, "show", "main:blueprint.json")),
        check=True,
    )

    with pytest.raises(bp.HashMismatch, match=r"^content hash mismatch: id=main: named .* the stored file was changed"):
        store.read_head("main")


def _forged(message: str, text: str) -> bytes:
    said, file = message.strip("\n").encode() + b"\n", text.replace("1.0.0", "6.6.6").encode()
    head = b"commit refs/heads/main\ncommitter x <x> 1700000000 +0000\ndata %d\n%s\nfrom refs/heads/main^0\n"
    return head % (len(said), said) + b"M 100644 inline blueprint.json\ndata %d\n%s\n" % (len(file), file)


def test_a_repository_of_somebody_else_is_told_and_not_listed(store: bp.GitStore) -> None:
    store.write_new("good", sample())
    (store.root / "main").mkdir()

    with pytest.raises(bp.InvalidLayout, match=r"^invalid store layout: id=main: "):
        store.read_head("main")
    assert store.list_ids() == ["good"]


def test_a_busy_lock_is_told_after_a_short_wait(store: bp.GitStore) -> None:
    store.write_new("main", sample())
    other = bp.GitStore(store.root, lock_seconds=0.05)

    with storage.locked(store.root / ".locks" / "main", 0) as ours:
        assert ours
        with pytest.raises(bp.LockBusy, match=r"^blueprint store: per-id write lock busy: id=main, for 0.05 s; try"):
            other.write_new("main", sample("2.0.0"))
        other.write_new("free", sample())

    assert other.write_new("main", sample("2.0.0")) == other.read_head("main").trace.version


def test_metadata_that_could_not_be_read_back_is_refused(store: bp.GitStore) -> None:
    wrong = [
        bp.CommitMetadata(bp.EpochId("a\narchive: true"), "x"),
        bp.CommitMetadata(bp.EpochId("main"), "x", patch_hash="zz"),
        bp.CommitMetadata(bp.EpochId("main"), "nul \0"),
        bp.CommitMetadata(bp.EpochId("main"), "half \ud800"),
    ]

    for metadata in wrong:
        with pytest.raises(bp.InvalidLayout):
            store.write_new("main", sample(), metadata=metadata)

    assert store.list_ids() == []


def test_commands_out_of_a_store_need_trust_like_those_of_a_file(store: bp.GitStore) -> None:
    agents = [{"name": "work", "kind": "subprocess", "spec": {"program": "true"}}]
    store.write_new("main", sample(agents=agents))
    stored = store.read_head("main").value

    with pytest.raises(bp.UntrustedBlueprint, match=r"^Blueprint 'main' in .* would run commands"):
        bp.require_trust(stored)
    bp.require_trust(stored, bp.trust_hash(stored))


def test_a_branch_that_cannot_be_written_is_told_with_its_place(store: bp.GitStore) -> None:
    store.write_new("main", sample())
    branch = store.root / "main" / "refs" / "heads" / "main"
    branch.unlink()
    branch.mkdir()

    with pytest.raises(storage.StorageError, match=r"refs/heads/main: Is a directory"):
        store.write_new("main", sample("2.0.0"))
