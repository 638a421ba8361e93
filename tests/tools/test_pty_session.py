"""PtySession, blocking: what the original does, measured, and what is better here on purpose."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken
from flowbench.cancel.ambient import stopper
from flowbench.tools import (
    PtyAlreadyRunning,
    PtyFailed,
    PtyGone,
    PtyNotRunning,
    PtyResult,
    PtySession,
)
from flowbench.tools.pty_session import shell_argv
from tests.process.trees import until


def seen(command: str, **terms: Any) -> str:
    """What a command shows."""
    texts: list[str] = []
    PtySession().start(command, on_chunk=texts.append, **terms)
    return "".join(texts)


def on_text(word: str, act: Callable[[], object]) -> Callable[[str], None]:
    """A listener that acts once, when the word has come."""
    heard: list[str] = []

    def hear(text: str) -> None:
        was = word in "".join(heard)
        heard.append(text)
        if not was and word in "".join(heard):
            act()

    return hear


def test_a_misspelt_argument_is_told() -> None:
    session = PtySession()

    with pytest.raises(TypeError, match="knows no 'timeout'; did you mean 'timeout_ms'"):
        session.start("sleep 600", timeout=1)  # type: ignore[call-arg]

    assert not session.is_running


def test_a_program_leads_a_session_on_a_terminal_of_its_own() -> None:
    shown = seen("tty; stty size; ps -o pid= -o sid= -o tty= -p $$").splitlines()

    assert shown[0].startswith("/dev/")
    assert shown[1] == "40 120"
    pid, leader, tty = shown[2].split()
    assert (pid, f"/dev/{tty}") == (leader, shown[0])


@pytest.mark.parametrize(
    ("command", "code"), [("true", 0), ("exit 3", 3), ("kill -9 $$", 137), ("kill $$", 143), ("no-such-program", 127)]
)
def test_the_end_of_a_program_is_its_exit_code(command: str, code: int) -> None:
    assert PtySession().start(command) == PtyResult(exit_code=code)


@pytest.mark.parametrize(
    ("asked", "given"), [((500, 3), "5 400"), ((1, 1000), "200 20"), ((80, 24), "24 80")], ids=["wide", "high", "plain"]
)
def test_sizes_are_clamped(asked: tuple[int, int], given: str) -> None:
    assert seen("stty size", cols=asked[0], rows=asked[1]) == f"{given}\r\n"


def test_resizing_is_told_to_the_program_and_clamped() -> None:
    session = PtySession()
    texts: list[str] = []
    ready = on_text("ready", lambda: session.resize(500, 3))

    def hear(text: str) -> None:
        texts.append(text)
        ready(text)

    session.start("trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.02; done", on_chunk=hear)

    assert "".join(texts) == "ready\r\n5 400\r\n"


@pytest.mark.parametrize(
    ("shell", "switch"),
    [
        ("sh", "-lc"),
        ("/bin/bash", "-lc"),
        ("cmd", "/c"),
        ("C:\\Windows\\System32\\cmd.exe", "/c"),
        ("powershell.exe", "-Command"),
        ("/usr/bin/pwsh", "-Command"),
    ],
)
def test_a_shell_is_handed_its_command_in_its_own_way(shell: str, switch: str) -> None:
    assert shell_argv(shell, "x") == [shell, switch, "x"]


def test_folder_environment_shell_and_arguments(tmp_path: Path) -> None:
    assert seen("echo $PWD $MINE ${BASH_VERSION:+bash}", shell="bash", cwd=tmp_path, env={"MINE": "ours"}) == (
        f"{tmp_path} ours bash\r\n"
    )

    texts: list[str] = []
    PtySession().start_argv("printf", ["%s|", "a b", "$HOME"], on_chunk=texts.append)
    assert "".join(texts) == "a b|$HOME|"


def test_what_is_written_is_typed() -> None:
    session = PtySession()
    texts: list[str] = []

    session.start(
        "read name; echo hello $name; stty -echo; cat",
        on_start=lambda _: [session.write("wörld\r"), session.write("\x04")],
        on_chunk=texts.append,
    )

    assert "".join(texts) == "wörld\r\nhello wörld\r\n"


def test_keys_reach_the_program_as_signals() -> None:
    session = PtySession()

    ended = session.start(
        "trap 'exit 7' INT; echo up; while :; do sleep 0.02; done",
        on_chunk=on_text("up", lambda: session.write("\x03")),
    )

    assert ended == PtyResult(exit_code=7)


def test_long_output_comes_whole_in_order_and_in_portions() -> None:
    texts: list[str] = []

    PtySession().start("seq 1 100000; printf 'é%.0s' $(seq 5000)", on_chunk=texts.append)

    expected = "".join(f"{number}\r\n" for number in range(1, 100_001)) + "é" * 5000
    assert "".join(texts) == expected
    assert max(len(text.encode()) for text in texts) <= 65_536


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert seen(r"printf 'a\377b\303'") == "a�b�"


def test_the_process_id_is_told_before_the_first_text() -> None:
    told: list[Any] = []

    PtySession().start("echo $$", on_start=told.append, on_chunk=told.append)

    assert "".join(told[1:]) == f"{told[0]}\r\n"


def test_callbacks_are_called_in_the_thread_that_has_started_it() -> None:
    threads: set[threading.Thread] = set()

    PtySession().start("echo x", on_chunk=lambda _: threads.add(threading.current_thread()))

    assert threads == {threading.current_thread()}


def test_killing_says_cancelled_without_an_exit_code() -> None:
    session = PtySession()

    assert session.start("echo up; sleep 600", on_chunk=on_text("up", session.kill)) == PtyResult(cancelled=True)
    assert session.last == PtyResult(cancelled=True)


@pytest.mark.parametrize("reason", [AbortReason.USER, AbortReason.SIGNAL, AbortReason.UNKNOWN], ids=str)
def test_an_abort_says_cancelled(reason: AbortReason) -> None:
    token = CancelToken()

    ended = PtySession().start("sleep 600", token=token, on_start=lambda _: token.abort(reason))

    assert ended == PtyResult(cancelled=True)


def test_its_time_says_timed_out() -> None:
    assert PtySession().start("sleep 600", timeout_ms=200) == PtyResult(timed_out=True)


def test_what_was_written_before_an_abort_is_delivered() -> None:
    token, texts = CancelToken(), [""]

    def hear(text: str) -> None:
        texts.append(text)
        if "last words" in "".join(texts):
            token.abort()

    ended = PtySession().start("seq 5000; echo last words; sleep 600", token=token, on_chunk=hear)

    assert ended.cancelled
    assert "".join(texts).endswith("5000\r\nlast words\r\n")


@pytest.mark.parametrize("reason", [AbortReason.TIMEOUT, AbortReason.USER], ids=str)
def test_cancelled_before_it_begins_nothing_runs(reason: AbortReason, tmp_path: Path) -> None:
    token = CancelToken()
    if reason is AbortReason.USER:
        token.abort(reason)
    session = PtySession()

    with pytest.raises(Aborted) as raised:
        session.start(f"touch {tmp_path}/ran", token=token, timeout_ms=0 if reason is AbortReason.TIMEOUT else None)

    assert str(raised.value) == f"Aborted: {reason}"
    assert raised.value.__notes__ == ["PTY setup cancelled before openpty"]
    assert list(tmp_path.iterdir()) == []
    assert session.start("true").exit_code == 0


def test_what_stops_the_step_that_calls_stops_it() -> None:
    step = CancelToken()
    held = stopper.set(lambda: step)
    try:
        assert PtySession().start("sleep 600", on_start=lambda _: step.abort()) == PtyResult(cancelled=True)
    finally:
        stopper.reset(held)


def test_a_session_that_does_not_run_takes_no_orders() -> None:
    session = PtySession()

    for order in (lambda: session.write("x"), lambda: session.resize(80, 24), session.kill):
        with pytest.raises(PtyNotRunning, match=r"^PTY session is not running$"):
            order()
    assert not session.is_running


def test_a_second_start_is_refused_and_the_first_goes_on() -> None:
    session = PtySession()

    def again(_: str) -> None:
        with pytest.raises(PtyAlreadyRunning, match=r"^PTY session already running$"):
            session.start("echo second")

    assert session.start("echo first; exit 4", on_chunk=again) == PtyResult(exit_code=4)


def test_a_session_whose_program_has_ended_is_no_longer_available() -> None:
    session = PtySession()
    refused: list[str] = []

    def wait_for_the_end(_: str) -> None:
        def is_gone() -> bool:
            try:
                session.write("x")
            except PtyGone as error:
                refused.append(str(error))
            return bool(refused)

        until(is_gone)

    session.start("echo x", on_chunk=wait_for_the_end)

    assert set(refused) == {"PTY session is no longer available"}
    assert session.start("true").exit_code == 0


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"shell": "/no/such/shell"}, "Failed to spawn PTY command: cannot start '/no/such/shell': there is no such"),
        ({"cwd": "/no/such/folder"}, "Failed to spawn PTY command: .* its cwd '/no/such/folder' is no folder"),
        ({"env": {"A": "\0"}}, "Failed to spawn PTY command: .* NUL"),
        ({"shell": ""}, "Failed to spawn PTY command: .* name of a program"),
    ],
    ids=["shell", "cwd", "env", "nothing"],
)
def test_what_cannot_start_says_why_and_leaves_it_idle(terms: dict[str, Any], said: str) -> None:
    session = PtySession()

    with pytest.raises(PtyFailed, match=said):
        session.start("true", **terms)

    assert session.start("true").exit_code == 0


def test_a_machine_without_terminals_left_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> tuple[int, int]:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("pty.openpty", none_left)

    with pytest.raises(PtyFailed, match=r"^Failed to open PTY: No space left on device$"):
        PtySession().start("true")


def test_a_system_without_terminals_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(*_: object) -> None:
        raise ImportError("No module named 'termios'")

    monkeypatch.setattr("flowbench.process.Terminal", without)

    with pytest.raises(PtyFailed, match=r"^Failed to open PTY: \w+ has none; run it with tools.Shell$"):
        PtySession().start("true")


def test_what_a_callback_raises_ends_the_program() -> None:
    session = PtySession()
    pids: list[int] = []

    def fail(_: str) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        session.start("yes", on_start=pids.append, on_chunk=fail)

    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert not session.is_running


def test_ctrl_c_ends_the_program() -> None:
    pids: list[int] = []

    def interrupt(pid: int) -> None:
        pids.append(pid)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        PtySession().start("sleep 600", on_start=interrupt)

    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_texts_can_be_looped_over_and_leaving_early_ends_the_program() -> None:
    session = PtySession()

    assert "".join(session.stream("echo a; exit 5")) == "a\r\n"
    assert session.last == PtyResult(exit_code=5)

    for text in session.stream("yes"):
        assert text.startswith("y\r\n")
        break
    until(lambda: not session.is_running)
    assert session.last == PtyResult(cancelled=True)


def test_a_daemon_that_holds_the_terminal_is_waited_for_while_it_speaks() -> None:
    daemon = "while kill -0 $0 2>/dev/null; do sleep 0.02; done; echo late; sleep 600"
    began = time.monotonic()

    shown = seen(f"trap '' HUP; setsid sh -c '{daemon}' $$ & echo done")

    assert shown == "done\r\nlate\r\n"
    assert time.monotonic() - began > 2.0
