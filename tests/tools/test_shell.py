"""Shell: what a session keeps, when it is lost, and what its commands are given and answer with."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from flowbench import tools
from flowbench.cancel import CancelToken
from flowbench.tools import Shell, ShellFailed, execute_shell
from flowbench.tools.shells.speech import speech
from tests.need import need
from tests.process.trees import linux, until


@pytest.fixture
def shell() -> Iterator[Shell]:
    with Shell() as made:
        yield made


def said(shell: Shell, command: str, **more: object) -> str:
    return shell.run(command, **more).output  # type: ignore[arg-type]


def test_a_result_says_how_it_ended_where_the_session_is_and_what_was_written(shell: Shell) -> None:
    result = shell.run("echo out; echo err >&2; echo out again")

    assert msgspec.to_builtins(result) == {
        "exit_code": 0,
        "cancelled": False,
        "timed_out": False,
        "working_dir": os.getcwd(),
        "output": "out\nerr\nout again\n",
    }


def test_folder_variables_functions_options_and_files_are_kept(shell: Shell, tmp_path: Path) -> None:
    shell.run(f"cd {tmp_path}; plain=1; export EXPORTED=2; declare -A map=([k]=v); f() {{ echo f $1; }}")
    shell.run("set -o noglob; shopt -s extglob; exec 3>three; alias ll='ls -l'; false")

    told = said(shell, "echo $? $plain $EXPORTED ${map[k]} *; f x; shopt -q extglob && echo ext; echo three >&3; pwd")

    assert told == f"1 1 2 v *\nf x\next\n{tmp_path}\n"
    assert (tmp_path / "three").read_text() == "three\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("true", 0), ("false", 1), ("exit_with() { return 42; }; exit_with", 42), ("(exit 9)", 9), ("ls --nope", 2),
        ("no-such-command", 127), ("/", 126), ("/etc/passwd", 126), ("echo 'open", 2), ("if", 2), ("echo )", 2),
        ("sh -c 'kill -9 $$'", 137), ("sh -c 'kill -INT $$'", 130), ("sh -c 'kill -TERM $$'", 143),
        ("set -o pipefail; yes | head -1", 141), ("", 0), ("# only a comment", 0), ("false\n\n", 1), ("continue", 0),
        ("true &", 0),
    ],
)  # fmt: skip
def test_exit_codes_of_commands_that_leave_the_session_alive(shell: Shell, command: str, code: int) -> None:
    shell.run("kept=1")

    result = shell.run(command)

    assert result.exit_code == code
    assert (result.cancelled, result.timed_out) == (False, False)
    assert said(shell, "echo $kept") == "1\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("exit 4", 4), ("exit", 0), ("return 3", 3), ("break", 0), ("set -e; false; echo on", 1), ("exec true", 0),
        ("kill -9 $$", 137), ("kill $$", 143), ("trap 'exit 5' EXIT; exit 1", 5),
        ("exec no-such-command", 127), ("set -n", 0), ("set -o noexec; false", 0),
    ],
)  # fmt: skip
def test_exit_codes_of_commands_that_end_the_session(shell: Shell, command: str, code: int, tmp_path: Path) -> None:
    shell.run("lost=1", cwd=tmp_path)

    result = shell.run(command)

    assert result.exit_code == code
    assert result.working_dir is None
    assert said(shell, "echo [$lost]; pwd") == f"[]\n{os.getcwd()}\n"


def test_wrong_syntax_is_told_where_the_output_goes(shell: Shell) -> None:
    assert "unexpected EOF while looking for matching" in said(shell, "echo 'open")
    assert said(shell, "true\nno-such-command").startswith("bash: line 2: no-such-command: command not found")


def test_a_heredoc_without_its_end_is_what_bash_makes_of_it(shell: Shell) -> None:
    assert said(shell, "cat <<E\nwithin\n").endswith("within\n")
    assert said(shell, "echo after") == "after\n"


def test_env_is_for_one_command_and_session_env_for_all(tmp_path: Path) -> None:
    with Shell(session_env={"OURS": "é 'x'", "KEPT": "1"}) as shell:
        told = said(shell, "echo $A $OURS; env | grep ^A=; KEPT=2; A=9; export B=3; C=4", env={"A": "1  'q'\n$x"})

        assert told == "1 'q' $x é 'x'\nA=1  'q'\n"
        assert said(shell, "echo [${A-none}] $OURS $KEPT $B $C") == "[none] é 'x' 2 3 4\n"
        shell.run("A=own")
        assert said(shell, "echo $A", env={"A": "other"}) == "other\n"
        assert said(shell, "echo $A") == "own\n"
        assert said(shell, "ls", env={"PATH": "/nowhere"}).endswith("ls: command not found\n")


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"A-B": "1"}, "Failed to set env: 'A-B' is no name of a variable"),
        ({"A": "1\0"}, "Failed to set env: the value of A holds a NUL"),
    ],
)
def test_env_that_no_shell_can_have_is_refused(shell: Shell, env: dict[str, str], why: str) -> None:
    with pytest.raises(ShellFailed, match=why):
        shell.run("echo", env=env)


def test_a_shells_own_variables_and_those_of_gits_place_are_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = ("PS1", "BASH_ENV", "SHLVL", "IFS", "HISTFILE", "ENV", "TMOUT", "POSIXLY_CORRECT", "GIT_DIR")
    for name in (*theirs, "GIT_WORK_TREE", "GIT_INDEX_FILE", "BASH_FUNC_f%%"):
        monkeypatch.setenv(name, "theirs" if "FUNC" not in name else "() { echo theirs; }")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "kept")

    told = execute_shell("env; set | grep -c theirs; type f").output

    assert "GIT_AUTHOR_NAME=kept\n" in told
    assert "theirs" not in told.replace("grep -c theirs", "")


def test_cwd_changes_the_folder_for_good_and_is_relative_to_it(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a b" / "-c").mkdir(parents=True)

    assert shell.run("true", cwd=tmp_path / "a b").working_dir == str(tmp_path / "a b")
    assert shell.run("pwd", cwd="-c").output == f"{tmp_path}/a b/-c\n"
    assert said(shell, "pwd") == f"{tmp_path}/a b/-c\n"


@pytest.mark.parametrize(
    ("cwd", "why"), [("no such", "No such file or directory: no such"), ("file", "Not a directory: file")]
)
def test_a_bad_cwd_is_refused_and_the_session_lost(shell: Shell, cwd: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    shell.run("lost=1", cwd=tmp_path)

    with pytest.raises(ShellFailed, match=f"^Failed to set cwd: {why}$"):
        shell.run("touch ran", cwd=cwd)

    assert said(shell, "echo [$lost]") == "[]\n"
    assert not (tmp_path / "ran").exists()


def test_the_process_id_is_the_shells_own(shell: Shell) -> None:
    told = said(shell, "echo $$; sh -c 'echo $PPID'; echo $$; cat /proc/$$/comm")

    own, parent, again, name = told.split()
    assert own == parent == again != str(os.getpid())
    assert name == "bash"


def test_stdin_is_empty_and_no_file_of_ours_leaks_in(shell: Shell) -> None:
    assert said(shell, "cat; read x; echo [$x]") == "[]\n"
    assert said(shell, "ls /proc/self/fd").split() == ["0", "1", "2", "3"]  # 3 is what ls reads
    assert said(shell, "echo $# $0") == "0 bash\n"


def test_what_a_script_does_to_its_files_does_not_confuse_the_session(shell: Shell, tmp_path: Path) -> None:
    close = 'for f in 3 4 5 6 7 8 9 98 99; do eval "exec $f>&- $f<&-"; done'
    assert shell.run(f"{close}; echo fine").output == "fine\n"
    assert shell.run(f"exec >{tmp_path}/log 2>&1; echo hidden; pwd").output == ""
    assert shell.run("echo more; no-such").exit_code == 127
    assert (tmp_path / "log").read_text().startswith(f"hidden\n{os.getcwd()}\nmore\n")
    assert shell.run("exec >&- 2>&- 0<&-; false").exit_code == 1
    assert shell.run("true").exit_code == 0


def test_a_script_that_closes_every_file_it_can_find_still_has_its_exit_code(shell: Shell) -> None:
    every = 'for f in /proc/$$/fd/*; do f=${f##*/}; case $f in 0|1|2) ;; *) eval "exec $f>&-";; esac; done'

    assert shell.run(f"{every}; echo all; (exit 7)").exit_code == 7


def test_traps_options_and_names_of_the_user_do_not_reach_the_session(shell: Shell) -> None:
    noisy = "trap 'echo ERR' ERR; set -uf; IFS=x; TMOUT=1"
    shell.run(noisy + "".join(f"; {name}() {{ echo mine; }}" for name in ("read", "printf", "cd", "jobs")))

    assert shell.run("true; echo axb").output == "axb\n"
    assert set(shell.run("false").output.split()) == {"ERR"}
    assert shell.run("  echo '  x  '  \n\n", cwd="/").output == "  x  \n"
    assert shell.run("set -x; :").exit_code == 0
    assert "__flowbench_next" not in said(shell, "echo traced")


def test_output_cannot_pretend_that_the_command_has_ended(shell: Shell) -> None:
    forged = "printf '%s\\0000\\000/\\000\\000' \"$__flowbench_word\"; sleep 0.05; echo end"

    result = shell.run(f"({forged}); echo 1 2>/dev/null >&99; exit 3")

    assert result.exit_code == 3
    assert result.output.endswith("end\n")


def test_large_commands_and_any_characters(shell: Shell) -> None:
    text = "é€🎉\\n\\\\'\"$`\t%s" * 3_000

    assert said(shell, f"cat <<'EOF'\n{text}\nEOF\n") == text + "\n"


def test_a_command_with_a_nul_is_refused(shell: Shell) -> None:
    with pytest.raises(ShellFailed, match=r"^Shell execution failed: the command holds a NUL character$"):
        shell.run("echo \0")


def test_background_jobs_survive_their_command_and_end_with_the_shell() -> None:
    with Shell() as shell:
        assert shell.live_background_job_count() == 0
        pid = int(said(shell, "sleep 600 & echo $!"))
        assert shell.live_background_job_count() == 1
        assert said(shell, "sleep 600 | cat & jobs -p | wc -l").split() == ["2"]
        assert shell.live_background_job_count() == 2
        shell.run("kill %1; wait %1")
        assert shell.live_background_job_count() == 1
        assert not Path(f"/proc/{pid}").exists()
        left = int(said(shell, "jobs -p").split()[0])

    assert not Path(f"/proc/{left}").exists()
    assert shell.live_background_job_count() == 0


def test_what_jobs_write_while_a_command_ends_or_between_commands_is_heard(shell: Shell, tmp_path: Path) -> None:
    job = "echo begun; touch up; until [ -e go ]; do sleep 0.01; done; echo later; touch done"
    early = said(shell, f"({job}) & until [ -e up ]; do sleep 0.01; done", cwd=tmp_path)
    (tmp_path / "go").touch()
    until((tmp_path / "done").exists)

    assert early == "begun\n"
    assert said(shell, "echo now") == "later\nnow\n"


def test_a_job_that_writes_much_between_commands_does_not_wait_for_one(shell: Shell, tmp_path: Path) -> None:
    shell.run(f"(until [ -e {tmp_path}/go ]; do sleep 0.01; done; seq 200000; touch {tmp_path}/done) &")
    (tmp_path / "go").touch()
    until((tmp_path / "done").exists)

    told = said(shell, "echo now")

    assert told.startswith("[")
    assert "bytes of background jobs left out]\n" in told.splitlines(keepends=True)[0]
    assert told.endswith("199999\n200000\nnow\n")
    assert len(told) < 400_000


def test_each_session_begins_with_the_snapshot(tmp_path: Path) -> None:
    snapshot = tmp_path / "snap shot.sh"
    snapshot.write_text("greet() { echo hello $1; }\nexport MARK=1\necho not heard\n")

    with Shell(snapshot_path=snapshot) as shell:
        assert said(shell, "greet you; pwd") == f"hello you\n{os.getcwd()}\n"
        shell.run("exit")
        assert said(shell, "greet again $MARK") == "hello again\n"
    with (
        Shell(snapshot_path=tmp_path / "none") as shell,
        pytest.raises(ShellFailed, match=r"^Failed to source snapshot: "),
    ):
        shell.run("true")


def test_without_bash_it_is_sh(tmp_path: Path) -> None:
    need(Path("/bin/dash").exists(), "a POSIX shell that is no bash (Debian: dash)")
    for name in ("sh", "cat", "sleep", "env", "ls"):
        found = subprocess.run(["sh", "-c", f"command -v {name}"], capture_output=True, text=True).stdout.strip()
        (tmp_path / name).symlink_to("/bin/dash" if name == "sh" else found)

    with Shell(session_env={"PATH": str(tmp_path)}) as shell:
        told = said(
            shell,
            "cd /; x='a  b'; f() { echo f; }; echo \"$x\"\n echo 'back\\\\slash' $A >&2; sleep 600 &",
            env={"A": "é\n'"},
        )
        assert told == "a  b\nback\\slash é '\n"
        assert shell.live_background_job_count() == 1
        assert shell.run("f; echo $x ${A-none} $PWD; false").output == "f\na b none /\n"
        assert shell.run("echo $?; exit 3").exit_code == 3
        assert shell.run("echo 'open").exit_code == 2
        assert shell.run("no-such-command").exit_code == 127
        assert said(shell, "echo $0; ls /proc/self/fd").split() == ["sh", "0", "1", "2", "3"]
        assert shell.run("sleep 600", timeout_ms=50).timed_out


def test_without_any_shell_and_on_windows_it_says_so(tmp_path: Path) -> None:
    with Shell(session_env={"PATH": str(tmp_path)}) as shell, pytest.raises(ShellFailed) as raised:
        shell.run("true")
    assert str(raised.value) == "Failed to initialize shell: neither bash nor sh is on PATH"
    with pytest.raises(ShellFailed, match=r"^Failed to initialize shell: there is no shell for Windows"):
        speech("", "win32")


def test_a_closed_shell_takes_no_more_commands() -> None:
    shell = Shell()
    shell.close()
    shell.close()

    with pytest.raises(ShellFailed, match="this Shell is closed"):
        shell.run("true")


def test_execute_shell_has_a_session_of_its_own_for_each_command() -> None:
    assert execute_shell("x=1; cd /; echo $A", env={"A": "1"}).working_dir == "/"
    assert execute_shell("echo [$x]; sleep 600 & echo $OURS", session_env={"OURS": "o"}).output == "[]\no\n"


@linux
def test_children_of_this_process_keep_their_exit_codes(shell: Shell) -> None:
    own = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])

    shell.run("sleep 0.05; (setsid sleep 600 &)")
    shell.run("sleep 600", token=CancelToken(0.05))

    assert own.wait() == 7
    is_subreaper = ctypes.c_int(-1)
    assert ctypes.CDLL(None).prctl(37, ctypes.byref(is_subreaper)) == 0  # PR_GET_CHILD_SUBREAPER
    assert is_subreaper.value == 0


def test_all_names_are_at_the_front() -> None:
    assert {"Shell", "ShellFailed", "ShellResult", "ShellStream", "execute_shell"} <= set(tools.__all__)
