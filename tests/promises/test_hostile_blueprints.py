"""Reading, drawing, linting and checking a hostile Blueprint file executes nothing and touches nothing else."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import flowbench as fb
from flowbench.blueprint import command_summary, draw, lint, load, to_json, trust_hash
from flowbench.cli import main
from flowbench.errors import FlowbenchError
from flowbench.graph import svg

RUN = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn")
TOUCH = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.link", "os.symlink", "os.truncate")
REACH = ("socket.connect", "socket.bind", "socket.getaddrinfo", "webbrowser.open", "ctypes.dlopen")

SH = {"program": "sh", "args": ["-c", "touch OWNED"]}
STEP = {"kind": "step", "ref": "go", "in": "$.x", "out": "$.y"}
YAML_TAGS = ["!!python/object/apply:os.system [touch OWNED]", "!!python/name:os.system", "!!python/module:antigravity"]


def agent(kind: str, spec: Any, **more: Any) -> dict[str, Any]:
    return {"id": "x", "flow": STEP, "agents": [{"name": "go", "kind": kind, "spec": spec, **more}]}


def literal(value: Any) -> dict[str, Any]:
    return {"id": "x", "flow": {"kind": "assign", "at": "$.x", "value": {"op": "lit", "value": value}}}


HOSTILE: dict[str, Any] = {
    "shell": agent("subprocess", SH),
    "program with arguments": agent("subprocess", {"program": "touch", "args": ["OWNED"]}),
    "own environment": agent("subprocess", {**SH, "env": {"LD_PRELOAD": "./evil.so", "PATH": "."}}),
    "other folder": agent("subprocess", {**SH, "cwd": "/"}),
    "lua": agent("lua", {"source": "os.execute('touch OWNED')"}),
    "lua as text": agent("lua", "os.execute('touch OWNED')"),
    "agent block": agent("agent_block", {"script": "touch OWNED"}),
    "function by import path": agent("python_fn", {"fn_id": "os:system"}),
    "function of os": agent("python_fn", {"fn_id": "os.system"}),
    "module that runs when imported": agent("python_fn", {"fn_id": "evil:main", "module": "evil", "path": "evil.py"}),
    "builtin": agent("python_fn", {"fn_id": "__import__"}),
    "rust function": agent("rust_fn", {"fn_id": "eval"}),
    "operator that calls back": {**agent("operator", {"operator_ref": "o"}), "operators": [{"name": "o", "spec": SH}]},
    "layers": {**agent("subprocess", SH), "spawner_hints": {"layers": ["evil", "os.system"]}},
    "hints": {**agent("subprocess", SH), "hints": {"per_agent": {"go": SH}, "global": SH}},
    "default kind": {"id": "x", "flow": STEP, "default_agent_kind": "subprocess", "agents": [{"$agent_md": "go.md"}]},
    "agent file above": agent("lua", {"$file": "../secret.txt"}),
    "system file": literal({"$file": "/etc/passwd"}),
    "file above": literal({"$file": "../secret.txt"}),
    "file through a link": literal({"$file": "link.txt"}),
    "folder through a link": literal({"$file": "up/secret.txt"}),
    "pipe": literal({"$file": "pipe"}),
    "device": literal({"$file": "zero"}),
    "process": literal({"$file": "/proc/self/environ"}),
    "home": literal({"$file": "~/.ssh/id_rsa"}),
    "address": literal({"$file": "http://127.0.0.1:1/x"}),
    "agent from above": {"id": "x", "flow": STEP, "agents": [{"$agent_md": "../go.md"}]},
    "extern": {"id": "x", "flow": {**STEP, "in": {"op": "call_extern", "ref": "os.system", "args": []}}},
    "template": literal(
        "{{ cycler.__init__.__globals__.os.system('touch OWNED') }} ${IFS} $(touch OWNED) `touch OWNED`"
    ),
    "terminal": agent("subprocess", {"program": "\x1b]0;x\x07", "args": ["\x1b[2J\u202e"]}),
    "graph": {"id": '"];x[shape=<', "flow": {**STEP, "ref": '<<TABLE HREF="javascript:x"><TR><TD>\\'}},
    "names of places": agent("subprocess", SH, meta={"tags": ["../../x"]}) | {"id": "../../../../tmp/OWNED\n"},
    **{f"tag {tag[:18]}": f"id: {tag}\nflow: {json.dumps(STEP)}\n" for tag in YAML_TAGS},
}


class Watch:
    """What the process does in one thread while it is on."""

    def __init__(self) -> None:
        self.thread: int | None = None
        self.desk = self.home = ""
        self.seen: list[str] = []
        sys.addaudithook(self.hear)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if threading.get_ident() != self.thread:
            return
        if event == "open" and isinstance(args[0], (str, bytes, os.PathLike)):
            path, flags = os.path.abspath(os.fsdecode(args[0])), args[2] or 0
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            inside = path.startswith((self.desk + os.sep, self.home + os.sep, "/dev/null"))
            if (writes and not inside) or os.path.basename(path) in ("secret.txt", "passwd", "environ", "zero", "pipe"):
                self.seen.append(f"open {path}")
        elif (
            event.startswith((*RUN, *REACH)) and not (event == RUN[0] and os.path.basename(str(args[0])) == "dot")
        ) or (event in TOUCH and not str(args[0]).startswith((self.home, *([self.desk] if self.desk else [])))):
            self.seen.append(f"{event} {args}"[:200])
        elif event == "import" and args[0] in ("evil", "antigravity"):
            self.seen.append(f"import {args[0]}")


watch = Watch()  # an audit hook stays for the life of the process, so there is one


@pytest.fixture
def desk(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with traps beside the Blueprint; what happens in this thread is watched."""
    folder = tmp_path / "desk"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("SECRET")
    (tmp_path / "go.md").write_text("---\nname: go\n---\nSECRET")
    (folder / "go.md").write_text("---\nname: go\nprogram: sh\n---\ntouch OWNED")
    (folder / "evil.py").write_text("open('OWNED', 'w').close()\n")
    (folder / "link.txt").symlink_to("../secret.txt")
    (folder / "up").symlink_to("..")
    (folder / "zero").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    svg(draw(load({"id": "warm", "flow": STEP})))  # whatever is loaded once is loaded now
    watch.desk, watch.home, watch.seen = str(folder), str(home), []
    yield folder
    watch.thread = None


def look(file: str) -> None:
    """All that a person may do with a file before deciding to run it, and then the attempt to run it."""
    for arguments in (["check", file], ["check", file, "--json"], ["graph", file], ["trust", file], ["run", file]):
        told = CliRunner().invoke(main, arguments)
        assert "Traceback" not in told.output
        assert told.exit_code != 0 or arguments[0] != "run"
    try:
        blueprint = load(Path(file))
    except FlowbenchError:
        return
    to_json(blueprint), repr(blueprint), lint(blueprint), command_summary(blueprint), trust_hash(blueprint)
    with pytest.raises(FlowbenchError):
        fb.launch(blueprint, {"x": 1}).result()


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_executes_nothing(desk: Path, data: Any) -> None:
    file = "hostile.yaml" if isinstance(data, str) else "hostile.json"
    (desk / file).write_text(data if isinstance(data, str) else json.dumps(data))

    watch.thread = threading.get_ident()
    try:
        if data == HOSTILE["template"]:
            load(file)
        else:
            look(file)
    finally:
        watch.thread = None

    assert watch.seen == []
    assert not (desk / "OWNED").exists()


def test_there_are_thirty_of_them_and_the_watch_hears(desk: Path) -> None:
    watch.thread = threading.get_ident()
    os.system("true")
    (desk.parent / "secret.txt").read_text()
    watch.thread = None

    assert len(HOSTILE) >= 30
    assert [each.split()[0] for each in watch.seen] == ["os.system", "open"]
