"""Many writers on one git store, in threads and in processes, lose nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from flowbench import blueprint as bp
from tests.blueprint.versions.samples import sample

EACH = 12

WRITER = """
import sys
from pathlib import Path
from flowbench import blueprint as bp
from tests.blueprint.versions.samples import sample

store = bp.GitStore(Path(sys.argv[1]), lock_seconds=60)
for n in range(int(sys.argv[3])):
    print(store.write_new("main", sample(f"{sys.argv[2]}.{n}.0")), flush=True)
"""

ADDER = """
import sys
from pathlib import Path
from flowbench import blueprint as bp
from tests.blueprint.versions.samples import sample

store, added = bp.GitStore(Path(sys.argv[1]), lock_seconds=60), 0
while added < int(sys.argv[3]):
    head = store.read_head("main")
    tags = [*head.value.metadata.tags, f"{sys.argv[2]}.{added}"]
    try:
        store.write_new("main", sample(metadata={"tags": tags}), [head.trace.version])
    except bp.HeadMoved:
        continue
    added += 1
"""


def started(program: str, root: Path, name: int, times: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, str(root), str(name), str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_that_make_and_write_one_id_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [started(WRITER, tmp_path / "store", name, EACH) for name in range(3)]

    written = [writer.communicate()[0].split() for writer in writers]

    assert [writer.returncode for writer in writers] == [0, 0, 0]
    kept = [e.version for e in bp.GitStore(tmp_path / "store").history("main", 100)][::-1]
    assert sorted(kept) == sorted(version for mine in written for version in mine)
    for mine in written:
        assert [version for version in kept if version in mine] == mine


def test_processes_that_change_the_same_head_keep_each_others_changes(tmp_path: Path) -> None:
    store = bp.GitStore(tmp_path / "store")
    store.write_new("main", sample())
    writers = [started(ADDER, store.root, name, 6) for name in range(2)]

    for writer in writers:
        writer.communicate()

    assert [writer.returncode for writer in writers] == [0, 0]
    assert sorted(store.read_head("main").value.metadata.tags) == sorted(f"{w}.{n}" for w in range(2) for n in range(6))


def test_threads_of_one_store_lose_nothing(tmp_path: Path) -> None:
    store = bp.GitStore(tmp_path / "store", lock_seconds=60)
    written: list[str] = []

    def write(name: int) -> None:
        written.extend(store.write_new("main", sample(f"{name}.{n}.0")) for n in range(EACH))

    threads = [threading.Thread(target=write, args=[name]) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(e.version for e in store.history("main", 100)) == sorted(written)
    assert len(written) == 4 * EACH


def test_a_writer_that_is_killed_in_the_middle_takes_nothing_of_anybodys_along(tmp_path: Path) -> None:
    root = tmp_path / "store"
    victims = [started(WRITER, root, name, 10_000) for name in (1, 2)]
    other = started(WRITER, root, 3, EACH)

    said = [[victim.stdout.readline().strip() for _ in range(3)] for victim in victims if victim.stdout]
    for victim, mine in zip(victims, said, strict=True):
        victim.kill()
        mine += victim.communicate()[0].split()
    written = other.communicate()[0].split()

    store = bp.GitStore(root, lock_seconds=60)
    kept = [entry.version for entry in store.history("main", 100_000)]
    told = {version for mine in (*said, written) for version in mine}
    assert (other.returncode, len(written)) == (0, EACH)
    assert told <= set(kept)
    assert len(kept) - len(told) <= 2  # one write each, that was done and not yet told
    assert all(store.read_version("main", version).trace.version == version for version in kept[:3])
    assert store.write_new("main", sample("9.9.9")) == store.read_head("main").trace.version
