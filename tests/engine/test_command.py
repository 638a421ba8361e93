"""Programs as agents: what they are fed, how their answer is read, and how they fail."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from flowbench import engine
from flowbench.blueprint import Functions, load
from flowbench.engine.ids import visit_id
from flowbench.engine.workers.command import HEARD
from flowbench.process.tagged import RUN, bearing
from tests.engine.programs import answer, failure, launched, program, until
from tests.flows import attempt, blueprint, fan, seq, step

READ = "import sys; text = sys.stdin.read(); "


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain é", "plain é"), ({"b": 1, "a": [1.0]}, '{"a":[1.0],"b":1}'), (None, "null")],
    ids=["text", "object", "null"],
)
def test_the_prompt_comes_on_stdin_or_as_the_last_argument(value: Any, text: str) -> None:
    assert answer(program(READ + "print(repr(text))"), value)["raw"] == repr(text)
    told = answer(program("import sys; print(sys.argv[1:], sys.stdin.read())", use_stdin=False), value)
    assert told["raw"] == str([text])


@pytest.mark.parametrize(
    ("stdout", "value"),
    [
        ("'  {\"a\": [1, 2.0]} \\n'", {"a": [1, 2.0]}),
        ("'7'", 7),
        ("'\"text\"'", "text"),
        ("''", {"raw": "", "stderr": ""}),
        ("' two words \\n\\n'", {"raw": " two words", "stderr": ""}),
        ("'NaN'", {"raw": "NaN", "stderr": ""}),
        ("'1' * 30", {"raw": "1" * 30, "stderr": ""}),
    ],
)
def test_stdout_is_json_or_raw_text(stdout: str, value: Any) -> None:
    assert answer(program(f"import sys; sys.stdout.write({stdout})")) == value


def test_raw_text_has_stderr_beside_it() -> None:
    assert answer(program("import sys; print('out'); print('err', file=sys.stderr)")) == {
        "raw": "out",
        "stderr": "err\n",
    }


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("print('x'); sys.exit(5)", 'blocked: {"raw":"x","stderr":""} - it ended with exit code 5'),
        ('print(\'{"status": "bad"}\'); sys.exit(1)', 'blocked: {"status":"bad"} - it ended with exit code 1'),
        ("os.kill(os.getpid(), 9)", 'blocked: {"raw":"","stderr":""} - it was killed by SIGKILL'),
        ("sys.stderr.write('e' * 9000 + 'why'); sys.exit(2)", None),
    ],
    ids=["text", "json", "signal", "long"],
)
def test_an_exit_code_is_a_failure_of_the_step(code: str, text: str | None) -> None:
    said = failure(program(f"import os, sys; {code}"))

    if text is not None:
        assert said == text
    else:
        assert len(said) < 4200
        assert 'eeewhy"}' in said


def test_a_failure_can_be_caught() -> None:
    flow = attempt(step("work", "$.x", "$.y"))

    ctx = launched(program("raise SystemExit(3)"), flow=flow).result(60)

    assert "exit code 3" in ctx["err"]


def test_a_program_that_reads_nothing_is_no_failure() -> None:
    assert answer(program("import os; os.close(0); print(1)"), "x" * 1_000_000) == 1


def test_what_it_is_told_in_its_environment() -> None:
    code = (
        "import os, json; print(json.dumps({k: v for k, v in os.environ.items() if k[:4] in ('MSE_', 'FLOW', 'MINE')}))"
    )

    minted = len(engine.default().tokens)
    run = launched(program(code, env={"MINE": "1"}), flow=seq(step("work")))
    told = run.result(60)["x"]

    assert told["MSE_TASK_ID"] == visit_id(run.id, run.steps[0].address)
    assert (told["MSE_ATTEMPT"], told["MSE_CTX_AGENT"], told["MINE"]) == ("1", "work", "1")
    assert told[RUN] == run.id
    assert told["MSE_TOKEN_AGENT_ID"] == f"worker-of-{told['MSE_TASK_ID']}"
    assert len(told["MSE_TOKEN_NONCE"]) == 32
    assert len(engine.default().tokens) == minted  # only reserved


def test_cwd_and_secrets(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), len(os.environ['KEY']), os.environ['KEY'])"

    run = launched(program(code, cwd=str(tmp_path), env={"KEY": "$secret:KEY"}), secrets={"KEY": "s3cret-value"})

    assert run.result(60)["x"]["raw"] == f"{tmp_path} 12 $secret:KEY"
    assert run.path is not None
    assert not [file for file in run.path.rglob("*") if file.is_file() and b"s3cret" in file.read_bytes()]


def test_a_long_output_with_a_secret_is_spilled_without_it() -> None:
    code = "import os; print(os.environ['KEY']); print('x' * 2_000_000); print(os.environ['KEY'])"

    run = launched(program(code, env={"KEY": "$secret:KEY"}), secrets={"KEY": "s3cret-value"})

    raw = run.result(60)["x"]["raw"]
    assert raw.startswith("$secret:KEY\nxxx")
    assert run.path is not None
    (spilled,) = (run.path / "output").iterdir()
    assert spilled.read_text() == "$secret:KEY\n" + "x" * 2_000_000 + "\n$secret:KEY\n"


def test_no_part_of_a_secret_is_left_where_output_is_cut() -> None:
    key = "s3cret-value"
    code = "import os, sys; sys.stdout.write('xyz' + os.environ['KEY'] * 300_000); sys.exit({})"
    agent = program(code.format(0), env={"KEY": "$secret:KEY"})

    done = launched(agent, secrets={"KEY": key})
    failed = launched(program(code.format(1), env={"KEY": "$secret:KEY"}), secrets={"KEY": key})

    raw = done.result(60)["x"]["raw"]
    failed.wait(60)
    assert done.path is not None
    assert failed.path is not None
    files = [file.read_text() for run in (done.path, failed.path) for file in run.rglob("*") if file.is_file()]
    assert not [part for part in ("s3cr", "alue") for text in (raw, str(failed.error), *files) if part in text]


def test_json_longer_than_memory_is_still_json() -> None:
    assert answer(program("print([0] * 1_000_000)")) == [0] * 1_000_000


def test_what_it_prints_is_in_the_log() -> None:
    run = launched(program("import sys; print('one'); print('two', file=sys.stderr)"))
    run.result(60)

    assert {(line.stream, line.agent, line.text) for line in run.log.lines()} >= {
        ("stdout", "work", "one"),
        ("stderr", "work", "two"),
    }


def test_of_a_long_answer_only_the_beginning_is_in_the_log() -> None:
    run = launched(program("print('x' * 200_000)"))

    assert len(run.result(60)["x"]["raw"]) == 200_000
    assert sum(len(line.text) for line in run.log.lines() if line.stream == "stdout") == HEARD
    assert [line.text for line in run.log.lines() if line.stream == "note"] == [
        "there is more on its stdout; the step's output has it"
    ]


def test_a_timeout_is_the_steps_failure() -> None:
    run = launched(program("import time; time.sleep(600)", timeout=0.2), flow=attempt(step("work", "$.x", "$.y")))

    assert "did not end within 0.2 s" in run.result(60)["err"]


def test_too_many_processes_are_the_steps_failure() -> None:
    agent = {
        "name": "work",
        "kind": "subprocess",
        "spec": {"program": "sh", "args": ["-c", "while :; do sleep 60 & sleep 0.002; done"], "max_processes": 30},
    }

    assert "30 are allowed; all were stopped" in failure(agent)


def test_a_missing_program_says_so() -> None:
    agent = {"name": "work", "kind": "subprocess", "spec": {"program": "no-such-program-here"}}

    assert failure(agent) == (
        "cannot start 'no-such-program-here': there is no such program on PATH; check its name, or write its whole path"
    )


def test_an_abort_leaves_nothing_behind() -> None:
    run = launched(program("import os, time; os.system('setsid sleep 600 &'); time.sleep(600)"))
    until(lambda: len(bearing(RUN, run.id)) >= 3)

    run.abort()
    run.wait(30)

    assert run.state == "cancelled"
    assert bearing(RUN, run.id) == set()


def test_losers_of_a_race_are_gone_when_it_is_decided() -> None:
    code = "import sys, time; time.sleep(0 if sys.argv[1] == '1' else 600); print(sys.argv[1])"
    run = launched(program(code, use_stdin=False), flow=fan(step("work", "$.i", "$.o"), join="race"), limit=3)

    assert run.result(60)["r"]["o"] == 1
    assert bearing(RUN, run.id) == set()


def test_a_server_of_one_step_serves_the_next_and_ends_with_the_run(tmp_path: Path) -> None:
    table, seen = Functions(), []
    table.register(lambda value: seen.append(len(bearing(RUN, run.id))), id="look")
    script = program("import os, sys; os.system('setsid sleep 600 >/dev/null 2>&1 &'); print(1)")

    run = launched(script, flow=seq(step("work"), step("look")), functions=table)
    run.result(60)

    assert seen[0] >= 2  # the server and its keeper
    assert bearing(RUN, run.id) == set()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "shell spec: 'program' (string) required"),
        ({"program": ["ls"]}, "shell spec: 'program' (string) required"),
        ({"program": "ls", "timout": 3}, "shell spec: nobody knows 'timout'; did you mean 'timeout'?"),
        ({"program": "ls", "args": ["-n", 5]}, "shell spec: args[1] has to be a string: write '5' in quotes"),
        ({"program": "ls", "stream_mode": "csv"}, "unknown stream_mode: csv"),
        ({"program": "ls", "use_stdin": "no"}, "Expected `bool`, got `str` - at `$.use_stdin`"),
        ({"program": "ls", "timeout": 0}, "timeout is a number of seconds over 0, not 0"),
        ({"program": "ls", "max_processes": 0}, "max_processes is a number from 1 on, not 0"),
        ({"program": "ls", "env": {"A=B": "1"}}, 'env["A=B"] cannot be set: a name holds no ='),
        ({"program": "ls", "env": {"A": "1\0"}}, 'env["A"] cannot be set'),
        ({"program": "ls", "args": ["a\0b"]}, "program, args and cwd hold no NUL character"),
        ({"program": "ls", "env": {"A": 1}}, "Expected `str`, got `int` - at `$.env[...]`"),
    ],
)
def test_a_spec_that_says_it_wrong_is_refused_before_anything_runs(spec: Any, said: str) -> None:
    agents = [{"name": "work", "kind": "subprocess", "spec": spec}]

    with pytest.raises(engine.InvalidSpec) as refused:
        engine.compile(load(blueprint(step("work"), agents=agents)), engine.factories(Functions()))

    assert said in str(refused.value)
    assert refused.value.place.startswith("$.agents[0].spec")


def test_null_in_a_spec_is_the_default() -> None:
    nothing = dict.fromkeys(["stream_mode", "timeout", "env", "cwd", "args"])

    assert answer({"name": "work", "kind": "subprocess", "spec": {"program": "pwd", **nothing}})["raw"] == os.getcwd()


def test_the_digest_follows_the_spec() -> None:
    def digest(*args: str) -> str:
        agents = [{"name": "work", "kind": "subprocess", "spec": {"program": "ls", "args": list(args)}}]
        compiled = engine.compile(load(blueprint(step("work"), agents=agents)), engine.factories(Functions()))
        return compiled.routes["work"].digest

    assert digest("-l") == digest("-l") != digest("-a")
