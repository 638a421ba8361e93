"""A terminal in a notebook: what the page says reaches the program once, and plain text is left of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from flowbench.notebook import LiveTerminal, run_notebook, terminals
from flowbench.notebook.show import WIDGET
from flowbench.notebook.tap import ABORT
from flowbench.notebook.terminal_panel import VENDOR, TerminalPanel
from flowbench.tools import PtyFailed, PtyResult, PtySession, aio
from tests.notebook.conftest import Shell
from tests.notebook.papers import paper, read, text
from tests.notebook.test_show import Display, Watcher, eventually


class Live:
    """A command on a terminal that is shown to a page of ours."""

    def __init__(self, command: str, **terms: Any) -> None:
        self.session, self.display, self.watcher = PtySession(), Display(), Watcher()
        self.terminal = LiveTerminal(self.session, command)
        terminals._start_aside(lambda **hooks: self.session.start(command, **terms, **hooks), None)
        self.terminal.begin(self.display, self.watcher)  # type: ignore[arg-type]
        self.panel = self.terminal._panel
        self.sent: list[Any] = []
        self.panel.send = lambda message, buffers=None: self.sent.append((message, buffers))
        [self.say] = self.watcher.watched.values()
        self.number = 0

    def tell(self, do: str, *, view: str = "v", times: int = 2, **more: Any) -> None:
        """As a page does: the tap brings it, and then the comm brings it again."""
        self.number += 1
        for _ in range(times):
            self.say({"event": "terminal", "view": view, "n": self.number, "do": do, **more})

    @property
    def screen(self) -> str:
        return "".join(message["text"] for message, _ in self.sent if message["event"] == "data")


def test_keys_reach_the_program_once_however_often_they_are_delivered() -> None:
    live = Live("read a; read b; echo $a-$b")

    for key in "one\rtwo\r":
        live.tell("keys", text=key)
    live.tell("keys", text="", view="another")

    assert live.terminal.wait(20) == PtyResult(exit_code=0)
    assert live.terminal.lines()[-1] == "one-two"


def test_a_page_gets_the_library_and_the_screen_when_it_asks() -> None:
    live = Live("echo ready; read x")
    eventually(lambda: live.terminal.lines() == ["ready"])

    live.tell("library")
    live.tell("greet")
    eventually(lambda: "ready" in live.screen)
    live.tell("drawn", at=7)
    live.tell("size", columns=1000, rows=9)
    eventually(lambda: live.session.tail.columns == 400)
    live.say(ABORT)
    live.terminal.wait(20)

    libraries = [buffers for message, buffers in live.sent if message == {"event": "library"}]
    assert [[len(each) for each in buffers] for buffers in libraries] == [
        [(VENDOR / name).stat().st_size for name in ("xterm.mjs", "addon-fit.mjs")]
    ]
    assert live.session.last == PtyResult(cancelled=True)


def test_the_end_leaves_plain_text_and_the_state_keeps_no_stream() -> None:
    live = Live("seq 3000; printf '\\033[31m<b>red</b>\\033[0m\\n'; read x; exit 3")
    kind, first, _ = live.display.shown[0]
    assert (kind, first[WIDGET]["model_id"]) == ("display", live.panel.model_id)

    live.tell("keys", text="\r")
    live.terminal.wait(20)
    eventually(lambda: live.watcher.watched == {})

    kind, left, _ = live.display.shown[-1]
    assert kind == "update"
    assert sorted(left) == ["text/html", "text/plain"]
    assert "&lt;b&gt;red&lt;/b&gt;" in left["text/html"]
    assert "ended with exit code 3" in left["text/html"]
    assert left["text/html"].count("\n") < 500
    assert len(left["text/html"]) < 10_000
    assert "<b>red</b>\n" in left["text/plain"]
    state = live.panel.get_state()
    assert state["view"]["over"]
    assert "2999" not in json.dumps({name: state[name] for name in ("about", "view")})
    assert len(TerminalPanel._esm) < 20_000
    live.tell("greet")  # a page that was loaded anew meanwhile
    assert "2999" in live.screen


def test_words_that_mean_nothing_change_nothing() -> None:
    live = Live("read x")

    live.say({"event": "terminal", "do": "keys", "text": "x"})
    live.say({"event": "terminal", "view": "v", "n": "1", "do": "keys"})
    live.tell("size", columns=None, rows="x")
    live.tell("dance")
    live.tell("keys", text="\r")

    assert live.terminal.wait(20) == PtyResult(exit_code=0)


def test_who_waits_is_heard_by_the_stop_button() -> None:
    live = Live("sleep 600")
    before = signal.getsignal(signal.SIGINT)

    def press() -> None:
        eventually(lambda: signal.getsignal(signal.SIGINT) is not before)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()

    assert live.terminal.wait(20) == PtyResult(cancelled=True)


def test_waiting_for_a_while_leaves_it_running() -> None:
    live = Live("sleep 600")

    assert live.terminal.wait(0.05) is None
    assert live.terminal.is_running

    live.terminal.kill()
    assert live.terminal.wait(20) == PtyResult(cancelled=True)
    live.terminal.kill()
    live.terminal.write("x")


def test_an_awaited_session_is_shown_while_it_runs() -> None:
    async def case() -> tuple[str, Any]:
        session, display, watcher = aio.PtySession(), Display(), Watcher()
        up = asyncio.Event()
        running = asyncio.ensure_future(session.start("echo up; read x", on_chunk=lambda _: up.set()))
        await up.wait()
        shown = LiveTerminal(session)
        shown.begin(display, watcher)  # type: ignore[arg-type]
        session.write("\r")
        await running
        return repr(shown), display.shown[-1][1]["text/plain"]

    words, left = asyncio.run(case())

    assert words == "<terminal \"sh -lc 'echo up; read x'\": ended with exit code 0>"
    assert left.startswith("up\n")


def test_where_nobody_can_type_keys_are_at_their_end(shell: Shell, capsys: Any) -> None:
    ran = shell("%fb terminal echo a; read x || echo nobody; cat; tty >/dev/null && echo on a terminal")

    assert ran.out.replace("\r\n", "\n") == "a\nnobody\non a terminal\n"
    assert not shell.names["terminal"].is_running


def test_what_cannot_start_is_told_by_the_cell(shell: Shell) -> None:
    ran = shell("import flowbench as fb\nfb.notebook.terminal('true', cwd='/no/such/folder')")

    assert isinstance(ran.error, PtyFailed)
    assert "is no folder" in ran.out


def test_a_session_is_displayed(shell: Shell) -> None:
    ran = shell("from flowbench.tools import PtySession\nPtySession()")
    assert "nothing has run in it" in ran.out

    shell("s = PtySession(); _ = s.start('echo from before')")
    ran = shell("s")

    assert ran.shown[0]["text/plain"].startswith("from before\n<terminal")


def test_a_headless_notebook_shows_the_text_at_the_end(tmp_path: Path) -> None:
    source = paper(
        tmp_path / "in.ipynb",
        "%load_ext flowbench\nimport flowbench as fb",
        "t = fb.notebook.terminal('echo one; read x; echo two; exit 4')",
        "%fb terminal",
        "print(t.session.last)",
    )

    run_notebook(source, tmp_path / "out.ipynb")

    cells = read(tmp_path / "out.ipynb").cells
    assert text(cells[1]).startswith("one\ntwo\n<terminal")
    assert "exit code 4" in text(cells[1])
    assert all(WIDGET not in output.get("data", {}) for cell in cells for output in cell.outputs)
    assert "exit_code=4" in text(cells[3])


@pytest.mark.parametrize("package", ["@xterm/xterm", "@xterm/addon-fit"])
def test_what_is_bundled_is_unmodified_and_licensed(package: str) -> None:
    told = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
    named = {name for each in told.values() for name in each["files"]}

    for name, facts in told[package]["files"].items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == facts["sha256"]
    [licence] = [name for name in told[package]["files"] if name.startswith("LICENSE")]
    assert "Permission is hereby granted, free of charge" in (VENDOR / licence).read_text(encoding="utf-8")
    assert {path.name for path in VENDOR.iterdir()} == named | {"manifest.json"}
