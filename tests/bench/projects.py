"""Projects: 10,000 tasks, and what a verb of flowctl takes from its start to its end, beside a look at every file."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flowbench.project import Project, sections
from flowbench.project.front_edit import written
from tests.bench.measure import Figure, beside

TASKS = 10_000
EPIC = "fn-1-large"
AGE = 60  # seconds: files as old as those of yesterday are not read again
LOOK = "import os\nfor entry in os.scandir('.flow/tasks'): entry.stat()"
CALL = "import sys; sys.argv = ['flowctl', *{}]; from flowbench.cli.flowctl import main; main()"


def made(root: Path) -> None:
    """A project whose every tenth task begins a chain."""
    project, _ = Project.init(root)
    with project.change("create") as change:
        change.put_record(EPIC, {"id": EPIC, "title": "Large", "status": "open"}, "")
    now = project.now()
    for n in range(1, TASKS + 1):
        fields = {"schema_version": 1, "id": f"{EPIC}.{n}", "epic": EPIC, "title": f"Task {n}", "status": "todo"}
        fields |= {
            "priority": n % 5,
            "depends_on": [f"{EPIC}.{n - 1}"] if (n - 1) % 10 else [],
            "files": [f"src/{n}.py"],
        }
        document = written(
            fields | {"created_at": now, "updated_at": now}, sections.task_body(f"{EPIC}.{n}", f"Task {n}")
        )
        path = project.layout.tasks / f"{EPIC}.{n}.md"
        path.write_bytes(document.data)
        old = path.stat().st_mtime - AGE
        os.utime(path, (old, old))
    assert len(project.tasks()) == TASKS
    project.close()


def verbs() -> Iterator[Figure]:
    root = Path(tempfile.mkdtemp())
    try:
        made(root)
        chains = itertools.count(1, 10)

        def python(code: str) -> None:
            subprocess.run([sys.executable, "-c", code], cwd=root, check=True, stdout=subprocess.DEVNULL)

        def verb(*words: str) -> None:
            python(CALL.format(words))

        for name, act in (
            ("project-list", lambda: verb("list", "--json")),
            ("project-ready", lambda: verb("ready", "--epic", EPIC, "--json")),
            ("project-show", lambda: verb("show", f"{EPIC}.5000", "--json")),
            ("project-start", lambda: verb("start", f"{EPIC}.{next(chains)}", "--json")),
        ):
            yield beside(name, act, lambda: python(LOOK), 1)
    finally:
        shutil.rmtree(root)
