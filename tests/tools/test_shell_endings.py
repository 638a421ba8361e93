"""Shell endings: aborts, deadlines and deaths; whatever a command has started, nothing of it is left."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowbench.cancel import AbortReason, CancelToken, stopper, work_profile
from flowbench.process import TooManyProcesses
from flowbench.process.tagged import RUN
from flowbench.tools import Shell, ShellFailed, ShellResult, execute_shell
from tests.process.trees import HOSTILE, WAIT, linux, survivors, tag, until

CANCELLED = ShellResult(cancelled=True, timed_out=False)
TIMED_OUT = ShellResult(cancelled=False, timed_out=True)


@pytest.fixture
def shell() -> Iterator[Shell]:
    with Shell() as made:
        yield made


def aborted_when_up(shell: Shell, command: str, abort: Callable[[], object], **more: object) -> ShellResult:
    """The command's result; `abort` is called as soon as it says that it is up."""
    heard: list[str] = []

    def listen(text: str) -> None:
        heard.append(text)
        if "up\n" in "".join(heard) and len(heard) < 1_000:
            heard.extend([""] * 1_000)
            abort()

    return shell.run(command, on_chunk=listen, **more)  # type: ignore[arg-type]


def quoted(argv: list[str]) -> str:
    import shlex

    return shlex.join(argv)


@linux
@pytest.mark.parametrize("how", ["token", "abort", "deadline", "close"])
def test_nothing_survives_however_it_is_stopped(how: str) -> None:
    word, token = tag(), CancelToken()
    shell = Shell(session_env={RUN: word})
    trees = " & ".join(quoted([*argv, word]) for argv in HOSTILE.values())
    ends = {"token": token.abort, "abort": shell.abort, "deadline": lambda: None, "close": lambda: None}
    command = f"{trees} & {WAIT}"

    if how == "close":
        shell.run(f"{trees} & sleep 0.05")
        assert shell.live_background_job_count() >= 4
    else:
        limit = 400 if how == "deadline" else None
        result = aborted_when_up(shell, command, ends[how], token=token, timeout_ms=limit)
        assert result == (TIMED_OUT if how == "deadline" else CANCELLED)
        assert survivors(word) == set()
        assert shell.live_background_job_count() == 0
    shell.close()

    assert survivors(word) == set()


def test_after_an_abort_the_session_is_new_and_the_shell_goes_on(shell: Shell) -> None:
    shell.run("lost=1; sleep 600 &")

    assert aborted_when_up(shell, "echo up; sleep 600", shell.abort) == CANCELLED

    assert shell.run("echo [$lost]; jobs").output == "[]\n"


def test_a_timeout_is_no_cancel_and_loses_the_session_too(shell: Shell) -> None:
    shell.run("lost=1")

    assert shell.run("sleep 600", timeout_ms=30) == TIMED_OUT

    assert shell.run("echo [$lost]").output == "[]\n"


@pytest.mark.parametrize(
    ("token", "result"), [(CancelToken(0), TIMED_OUT), (None, TIMED_OUT), (CancelToken(), CANCELLED)]
)
def test_what_is_aborted_already_runs_nothing(
    shell: Shell, token: CancelToken | None, result: ShellResult, tmp_path: Path
) -> None:
    shell.run("kept=1")
    if token is not None and token.deadline is None:
        token.abort()

    assert shell.run(f"touch {tmp_path}/ran", token=token, timeout_ms=0 if token is None else None) == result

    assert not (tmp_path / "ran").exists()
    assert shell.run("echo $kept").output == "1\n"  # nothing has happened to the session


def test_the_first_cause_counts(shell: Shell) -> None:
    token = CancelToken()

    def both() -> None:
        token.abort(AbortReason.TIMEOUT, "test")
        token.abort(AbortReason.SIGNAL, "late")

    assert aborted_when_up(shell, "echo up; sleep 600", both, token=token) == TIMED_OUT


def test_a_shell_in_a_step_is_stopped_with_the_step(shell: Shell) -> None:
    step = CancelToken()
    context = stopper.set(lambda: step)

    try:
        result = aborted_when_up(shell, "echo up; sleep 600", step.abort)
    finally:
        stopper.reset(context)

    assert result == CANCELLED


def test_an_idle_shell_can_be_aborted_and_nothing_happens(shell: Shell) -> None:
    assert shell.abort() is False
    shell.run("kept=1")

    assert shell.abort() is False

    assert shell.run("echo $kept").output == "1\n"


def test_commands_of_one_shell_wait_for_each_other_and_those_of_two_do_not(shell: Shell, tmp_path: Path) -> None:
    results: list[str] = []
    first = threading.Thread(
        target=lambda: shell.run(f"touch {tmp_path}/a; until [ -e {tmp_path}/go ]; do sleep 0.01; done; x=first")
    )
    second = threading.Thread(target=lambda: results.append(shell.run("echo $x").output))
    first.start()
    until((tmp_path / "a").exists)
    second.start()

    assert shell.run("echo never", timeout_ms=30) == TIMED_OUT  # waiting counts, and the session is not lost by it
    assert execute_shell(f"touch {tmp_path}/go").exit_code == 0

    for each in (first, second):
        each.join(30)
    assert results == ["first\n"]


def test_an_abort_ends_the_command_that_has_the_session_alone(shell: Shell) -> None:
    results: list[ShellResult] = []
    begun = threading.Event()
    first = threading.Thread(
        target=lambda: results.append(shell.run("echo up; sleep 600", on_chunk=lambda _: begun.set()))
    )
    first.start()
    begun.wait(30)
    second = threading.Thread(target=lambda: results.append(shell.run("echo second")))
    second.start()

    shell.abort()
    first.join(30)
    second.join(30)

    assert results[0] == CANCELLED
    assert (results[1].exit_code, results[1].output) == (0, "second\n")


def test_what_asks_is_obeyed_before_it_is_killed(shell: Shell, tmp_path: Path) -> None:
    command = f"sh -c 'trap \"echo bye > {tmp_path}/trace; exit\" TERM; echo up; while :; do sleep 0.01; done'"

    assert aborted_when_up(shell, command, shell.abort) == CANCELLED

    assert (tmp_path / "trace").read_text() == "bye\n"


def test_a_listener_that_raises_ends_the_command(shell: Shell) -> None:
    word = tag()
    heard = ZeroDivisionError("mine")

    def raises(_: str) -> None:
        raise heard

    with pytest.raises(ZeroDivisionError) as raised:
        shell.run(f"echo up; {WAIT}", env={RUN: word}, on_chunk=raises)

    assert raised.value is heard
    assert survivors(word) == set()
    assert shell.run("echo on").output == "on\n"


def test_who_leaves_a_stream_early_stops_the_command(shell: Shell) -> None:
    word = tag()

    for text in shell.stream(f"echo up; {WAIT}", env={RUN: word}):
        assert text == "up\n"
        break

    assert shell.run("echo next").output == "next\n"
    assert survivors(word) == set()


def test_a_tree_that_grows_without_bound_is_ended() -> None:
    word = tag()

    with Shell(session_env={RUN: word}, limit=30) as shell:
        with pytest.raises(TooManyProcesses, match="30 are allowed"):
            shell.run("n=0; while [ $n -lt 60 ]; do sleep 600 & n=$((n+1)); done; wait")
        assert survivors(word) == set()
        assert shell.run("echo on").output == "on\n"


def test_a_session_whose_shell_dies_between_commands_is_a_new_one(shell: Shell, tmp_path: Path) -> None:
    pid = int(shell.run("lost=1; echo $$").output)
    shell.run(f"(until [ -e {tmp_path}/go ]; do sleep 0.01; done; kill -9 $$) &")
    (tmp_path / "go").touch()
    until(lambda: not Path(f"/proc/{pid}").exists())

    assert shell.run("echo [$lost]").output == "[]\n"


@linux
def test_a_session_whose_keeper_was_killed_leaves_nothing_and_says_so() -> None:
    word = tag()

    with Shell(session_env={RUN: word}) as shell:
        with pytest.raises(ShellFailed, match=r"^Shell execution failed: its keeper was killed"):
            shell.run(f"setsid sh -c '{WAIT}' & kill -9 $PPID; {WAIT}")
        assert survivors(word) == set()
        assert shell.run("echo on").output == "on\n"


@linux
def test_a_keeper_that_was_stopped_holds_no_abort_up() -> None:
    word = tag()

    with Shell(session_env={RUN: word}) as shell:
        command = f"setsid sh -c '{WAIT}' & kill -STOP $PPID; echo up; {WAIT}"
        assert aborted_when_up(shell, command, shell.abort) == CANCELLED
        assert survivors(word) == set()


@linux
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
def test_nothing_is_left_when_the_owner_dies_while_a_shell_runs(blow: signal.Signals) -> None:
    word = tag()
    script = f"(setsid sh -c \"trap '' TERM; {WAIT}\" &); sh -c '{WAIT}' & echo up; {WAIT}"
    code = (
        "from flowbench import tools; tell = lambda text: print(text, end='', flush=True); "
        f"tools.Shell(session_env={{{RUN!r}: {word!r}}}).run({script!r}, on_chunk=tell)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        until(lambda: len(survivors(word)) >= 4)

        owner.send_signal(blow)
        owner.wait()

        until(lambda: not survivors(word))


def test_a_shell_that_nobody_closes_ends_with_its_last_reference_or_with_the_interpreter() -> None:
    word = tag()
    shell = Shell(session_env={RUN: word})
    shell.run("sleep 600 &")
    assert survivors(word)

    del shell
    until(lambda: not survivors(word))

    code = f"from flowbench import tools; s = tools.Shell(session_env={{{RUN!r}: {word!r}}}); s.run('sleep 600 &')"
    told = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")
    until(lambda: not survivors(word))


@linux
def test_a_forked_child_of_this_process_has_a_session_of_its_own() -> None:
    code = """
import os
from flowbench import tools
shell = tools.Shell()
shell.run("x=1")
if os.fork() == 0:
    print(shell.run("echo '['$x']'; exit").output + tools.execute_shell("echo own").output, end="", flush=True)
    raise SystemExit(0)
os.wait()
print(shell.run("echo '['$x']'").output, end="")
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert (told.stdout, told.stderr) == ("[]\nown\n[1]\n", "")


def test_an_interrupt_of_the_caller_ends_the_command() -> None:
    word = tag()
    code = f"""
from flowbench import tools
try:
    shell = tools.Shell(session_env={{{RUN!r}: {word!r}}})
    shell.run("echo up; {WAIT}", on_chunk=lambda text: print(text, end="", flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        owner.send_signal(signal.SIGINT)
        assert owner.stdout.read().split()[-1] == "interrupted"

    until(lambda: not survivors(word))


def test_who_hears_a_command_cannot_wait_for_another_one_in_the_same_session(shell: Shell) -> None:
    with pytest.raises(ShellFailed, match="its caller waits here; read its stream to the end, or use another Shell"):
        shell.run("echo up; sleep 600", on_chunk=lambda _: shell.run("echo never"))
    stream = shell.stream("echo up; sleep 600")
    assert next(stream) == "up\n"
    with pytest.raises(ShellFailed, match="use another Shell"):
        list(shell.stream("echo never"))
    stream.close()

    assert shell.run("echo on").output == "on\n"


def test_an_interpreter_ends_in_silence_while_a_thread_waits_for_a_command() -> None:
    code = """
import threading
from flowbench import tools
up = threading.Event()
wait = lambda: tools.execute_shell("echo up; sleep 600", on_chunk=lambda _: up.set())
threading.Thread(target=wait, daemon=True).start()
up.wait()
"""
    told = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)

    assert (told.returncode, told.stderr) == (0, "")


def test_a_command_is_one_sample_of_the_work_profile(shell: Shell) -> None:
    began = time.monotonic()

    shell.run("true")
    execute_shell("true")

    summary = work_profile(time.monotonic() - began + 1).summary
    assert "| shell.run |" in summary
    assert "| shell.execute |" in summary
