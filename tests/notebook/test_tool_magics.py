"""Tools by word, in a real IPython shell: results, sessions, and a Stop that ends the tool alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowbench.notebook.errors import ToolStopped
from flowbench.notebook.links import NOTEBOOK
from flowbench.tools import Shell as Session
from tests.notebook.conftest import Ran, Shell


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "one.py").write_text("def first(a):\n    return isinstance(a, int)\n")
    (tmp_path / "src" / "two.py").write_text("print(first(2))  # <b>first</b>\n")
    (tmp_path / "notes.md").write_text("# first\n")
    return tmp_path


def shown(shell: Shell, value: Any) -> dict[str, str]:
    """What a notebook has of the value of a cell."""
    bundle: dict[str, str] = shell.ip.display_formatter.format(value)[0]
    return bundle


def interrupted(shell: Shell, line: str, begun: Path) -> Ran:
    """Run a line and press Stop as soon as `begun` is there."""

    def press() -> None:
        until = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    ran = shell(line)
    thread.join()
    return ran


def test_files_are_found_by_their_paths(shell: Shell, tree: Path) -> None:
    ran = shell(f"%fb glob *.py {tree} --out found")

    assert [match.path for match in ran.value.matches] == ["src/one.py", "src/two.py"]
    assert shell.names["found"] is ran.value
    assert "2 paths" in shown(shell, ran.value)["text/plain"]
    assert "<table>" in shown(shell, ran.value)["text/html"]


def test_a_path_may_be_in_a_variable(shell: Shell, tree: Path) -> None:
    shell.names["TREE"] = tree

    assert shell("%fb glob *.md TREE").value.total_matches == 1


def test_files_are_found_by_their_letters(shell: Shell, tree: Path) -> None:
    ran = shell(f"%fb fuzzy onepy {tree}")

    assert ran.value.matches[0].path == "src/one.py"


def test_lines_are_found_marked_and_linked(shell: Shell, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NOTEBOOK, str(tree / "one.ipynb"))

    ran = shell(f"%fb grep first( {tree} --type py")

    told = shown(shell, ran.value)
    assert [(match.path, match.line_number) for match in ran.value.matches] == [("src/one.py", 1), ("src/two.py", 1)]
    assert told["text/plain"].splitlines()[0] == "2 matches in 2 of 2 files"
    assert '<a href="src/one.py#line=0">' in told["text/html"]
    assert ">first(</mark>a):" in told["text/html"]
    assert "&lt;b&gt;first&lt;/b&gt;" in told["text/html"]


def test_code_is_found_by_its_shape(shell: Shell, tree: Path) -> None:
    ran = shell(f"%fb ast 'isinstance($A, $B)' {tree} --lang py --glob **/*.py")

    told = shown(shell, ran.value)
    assert [match.start_line for match in ran.value.matches] == [2]
    assert "$A = a\n$B = int" in told["text/html"]


def test_an_edit_is_shown_before_it_is_written(shell: Shell, tree: Path) -> None:
    one = tree / "src" / "one.py"
    before = one.read_text()
    line = f"%fb ast 'isinstance($A, $B)' {tree} --glob **/*.py --rewrite 'type($A) is $B'"

    dry = shell(line)
    unwritten = one.read_text()
    wet = shell(f"{line} --apply")

    assert unwritten == before
    assert "-    return isinstance(a, int)" in shown(shell, dry.value)["text/plain"]
    assert "a dry run" in shown(shell, dry.value)["text/html"]
    assert one.read_text() == before.replace("isinstance(a, int)", "type(a) is int")
    assert wet.value.applied


def test_what_cannot_be_searched_is_told_in_one_line(shell: Shell, tmp_path: Path) -> None:
    ran = shell(f"%fb grep x {tmp_path}/nowhere")

    assert "Path not found" in ran.out
    assert "Traceback" not in ran.out


WAITS = """
import time
from pathlib import Path
from flowbench.notebook.tool_magics import attended

def work(token):
    Path(MARK).touch()
    while True:
        token.heartbeat()
        time.sleep(0.002)
"""


def test_a_stop_ends_a_search_and_nothing_else(shell: Shell, tmp_path: Path) -> None:
    shell.names["MARK"] = str(tmp_path / "begun")
    shell(WAITS)

    ran = interrupted(shell, "attended('grep', None, work)", tmp_path / "begun")

    assert ran.out == "ToolStopped: grep was stopped: Aborted: Signal (by interrupt)\n"
    assert shell("1 + 1").value == 2


def test_a_search_has_its_time(shell: Shell, tmp_path: Path) -> None:
    shell.names["MARK"] = str(tmp_path / "begun")
    shell(WAITS)

    assert "Aborted: Timeout (by deadline)" in shell("attended('grep', 0.2, work)").out


@pytest.fixture
def session(shell: Shell) -> Iterator[Shell]:
    yield shell
    shell("%fb sh exit 0")


def test_commands_share_a_session(session: Shell, tmp_path: Path) -> None:
    session(f"%fb sh cd {tmp_path}; x=5; greet() {{ echo hello $1; }}")

    ran = session('%fb sh --out result greet "you $x"; pwd')

    assert ran.out.splitlines()[:2] == ["hello you 5", str(tmp_path)]
    assert session.names["result"].exit_code == 0


def test_a_new_session_knows_nothing(session: Shell) -> None:
    session("%fb sh x=5")

    ran = session("%fb sh --new echo [$x]")

    assert ran.out.splitlines()[0] == "[]"


def test_a_command_that_succeeds_shows_what_it_says_and_no_more(session: Shell) -> None:
    ran = session("%fb sh echo hi")

    assert ran.out.startswith("hi\n")
    assert (ran.value.exit_code, shown(session, ran.value)) == (0, {})


def test_how_a_command_failed_is_shown(session: Shell) -> None:
    ran = session("%fb sh echo before; no-such-command-here")

    assert ran.value.exit_code == 127
    assert "before\n" in ran.out
    assert shown(session, ran.value)["text/plain"] == "exit code 127"


def test_long_output_is_printed_whole_and_in_order(session: Shell) -> None:
    ran = session("%fb sh seq 1 20000")

    assert ran.out.split()[:20000] == [str(number) for number in range(1, 20001)]


def test_a_stop_ends_the_command_and_the_next_one_begins_anew(session: Shell, tmp_path: Path) -> None:
    session("%fb sh x=5")

    ran = interrupted(session, f"%fb sh touch {tmp_path}/begun; sleep 600", tmp_path / "begun")

    assert isinstance(ran.error, ToolStopped)
    assert "Traceback" not in ran.out
    assert "next one begins anew" in ran.out
    assert session("%fb sh echo [$x]").out.splitlines()[0] == "[]"


def test_a_command_has_its_time(session: Shell) -> None:
    ran = session("%fb sh --timeout 0.3 sleep 600")

    assert ran.value.timed_out
    assert shown(session, ran.value)["text/plain"] == "timed out"


def test_a_wrong_word_is_told(shell: Shell) -> None:
    assert "did you mean `grep`" in shell("%fb gerp x").out


def test_a_result_without_a_word_is_shown_alike(shell: Shell, tree: Path) -> None:
    shell("from flowbench import tools")

    ran = shell(f"tools.glob('*.md', {str(tree)!r})")

    assert "1 path\n" in shown(shell, ran.value)["text/plain"]


def test_a_session_of_python_is_shown_alike(shell: Shell) -> None:
    with Session() as session:
        shell.names["session"] = session

        ran = shell("session.run('echo hello; exit 3')")

    assert shown(shell, ran.value)["text/plain"] == "hello\nexit code 3"
