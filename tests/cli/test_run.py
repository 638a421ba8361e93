"""`flowbench run` in a process of its own: outcomes, exit codes, what is said where."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from flowbench.cli.exits import Exit
from tests.cli.conftest import Command


def test_run_says_the_outcome_and_the_ctx_to_a_person(flowbench: Command) -> None:
    told = flowbench("run", "doubling.yaml", "--agents", "agents.py", "--ctx", '{"number": 3}')

    assert told.returncode == Exit.DONE
    assert told.stdout.startswith("doubling: done, 2 steps")
    assert told.stdout.splitlines()[1].split() == ["number", "12"]
    assert told.stderr == ""


def test_run_as_json_is_one_object_on_stdout(flowbench: Command) -> None:
    told = flowbench("run", "doubling.yaml", "--agents", "agents", "--ctx", '{"number": 3}', "--json")

    facts = json.loads(told.stdout)
    assert list(facts) == ["run_id", "state", "seconds", "steps", "ctx", "error", "place"]
    assert (facts["state"], facts["steps"], facts["ctx"], facts["error"]) == ("done", 2, {"number": 12}, None)
    assert 0 < facts["seconds"] < 60
    assert told.stderr == ""


def test_a_failed_run_names_the_step_and_the_line_of_the_agent(flowbench: Command, desk: Path) -> None:
    (desk / "agents.py").write_text((desk / "agents.py").read_text().replace("BY = 2", "BY = 0"))

    told = flowbench("run", "halve.yaml", "--agents", "agents.py", "--ctx", '{"x": 1}')

    error, place, hint = told.stderr.splitlines()
    assert told.returncode == Exit.FAILED
    assert told.stdout == ""
    assert error.startswith("flowbench: run r-")
    assert "division by zero" in error
    assert place.startswith(f"  at {desk / 'agents.py'}, line ")
    assert place.endswith(", in halve, `return number / BY`: ZeroDivisionError: division by zero")
    assert hint.startswith("  go on with: flowbench resume r-")
    assert hint.endswith(" --agents agents.py")


def test_a_failed_run_as_json_has_its_error(flowbench: Command) -> None:
    told = flowbench("run", "doubling.yaml", "--agents", "agents.py", "--ctx", "{}", "--json")

    facts = json.loads(told.stdout)
    assert told.returncode == Exit.FAILED
    assert facts["state"] == "failed"
    assert "$.number" in facts["error"]
    assert facts["place"] is None


def test_the_place_of_a_failure_is_in_json_too(flowbench: Command, desk: Path) -> None:
    (desk / "agents.py").write_text((desk / "agents.py").read_text().replace("BY = 2", "BY = 0"))

    told = flowbench("run", "halve.yaml", "--agents", "agents.py", "--ctx", '{"x": 1}', "--json")

    where = json.loads(told.stdout)["place"]
    assert where.startswith(f"{desk / 'agents.py'}, line ")
    assert where.endswith("ZeroDivisionError: division by zero")


def test_resume_is_not_advised_where_the_ctx_lacks_a_path(flowbench: Command) -> None:
    told = flowbench("run", "doubling.yaml", "--agents", "agents.py")

    assert told.returncode == Exit.FAILED
    assert "path not found: $.number" in told.stderr
    assert "flowbench resume" not in told.stderr
    assert "resuming would fail alike" in told.stderr


@pytest.mark.parametrize("command", ["run", "resume"])
def test_what_agents_print_does_not_break_the_json(command: str, flowbench: Command, desk: Path) -> None:
    (desk / "loud.py").write_text(
        "import flowbench as fb\nprint('imported')\n@fb.agent\ndef halve(x):\n    print('halving')\n    return x / 2\n"
    )
    if command == "resume":
        flowbench("run", "halve.yaml", "--agents", "agents.py", "--ctx", '{"x": "text"}')
        (desk / "loud.py").write_text((desk / "loud.py").read_text().replace("x / 2", "x"))
        what = json.loads(flowbench("runs", "--json").stdout)[0]["id"]
    else:
        what = "halve.yaml"

    told = flowbench(command, what, "--agents", "loud.py", "--json", *(["--ctx", '{"x": 4}'] * (command == "run")))

    assert json.loads(told.stdout)["state"] == "done"
    assert told.stderr == "imported\nhalving\n"


def test_what_agents_print_is_on_standard_output_for_a_person(flowbench: Command, desk: Path) -> None:
    (desk / "loud.py").write_text(
        "import flowbench as fb\n@fb.agent\ndef halve(x):\n    print('halving')\n    return x\n"
    )

    told = flowbench("run", "halve.yaml", "--agents", "loud.py", "--ctx", '{"x": 4}')

    assert told.stdout.startswith("halving\none: done")


@pytest.mark.parametrize("ctx", ['{"number": 3}', '{"number": 3, "more": "é"}'], ids=["ASCII", "UTF-8"])
def test_a_ctx_can_come_from_standard_input(ctx: str, flowbench: Command, desk: Path) -> None:
    (desk / "ctx.json").write_text(ctx, encoding="utf-8")
    with (desk / "ctx.json").open() as given:
        process = flowbench.start("run", "doubling.yaml", "--agents", "agents.py", "--ctx", "@-", "--json", stdin=given)
        out, _ = process.communicate(timeout=60)

    assert json.loads(out)["ctx"] == json.loads(ctx) | {"number": 12}


@pytest.mark.parametrize("given", ["nan", "0", "-1", "-inf", "soon"])
def test_a_timeout_that_is_none_is_refused_in_one_line(given: str, flowbench: Command, desk: Path) -> None:
    told = flowbench("run", "doubling.yaml", "--agents", "agents.py", "--timeout", given)

    assert told.returncode == Exit.USAGE
    assert told.stderr == f"flowbench: --timeout {given}: give a number of seconds above 0, or inf for no limit\n"
    assert not (desk.parent / "home").exists()


def test_a_timeout_of_inf_lifts_the_limit_of_the_blueprint(flowbench: Command, desk: Path) -> None:
    limited = "metadata: {default_run_ttl_secs: 1}\n" + (desk / "dwell.yaml").read_text()
    (desk / "dwell.yaml").write_text(limited)
    arguments = ["run", "dwell.yaml", "--agents", "agents.py", "--ctx", '{"x": 1.3}']

    held, lifted = flowbench(*arguments), flowbench(*arguments, "--timeout", "inf")

    assert held.returncode == Exit.TIMEOUT
    assert lifted.returncode == Exit.DONE


def test_missing_functions_are_named_before_anything_runs(flowbench: Command, desk: Path) -> None:
    told = flowbench("run", "nobody.yaml", "--agents", "agents.py", "--ctx", '{"x": 1}', "--json")

    assert told.returncode == Exit.MISSING
    assert json.loads(told.stdout)["error"]["code"] == "missing"
    assert "nobody" in told.stderr
    assert not (desk.parent / "home" / "runs").exists()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("missing.yaml", None, "missing.yaml"),
        ("torn.yaml", "id: a\nflow: {kind: seq,\n", "torn.yaml: line "),
        ("twice.json", '{"id": "a",\n "id": "b"}', "twice.json: line 2, column "),
        ("flow.yaml", "id: a\nflow: {kind: sequel}\n", "flow.yaml: line 2"),
        ("flow.txt", "id: a", "flow.txt"),
        ("folder.yaml", "", "folder.yaml"),
    ],
    ids=["missing", "torn", "duplicate key", "unknown node", "unknown format", "a folder"],
)
def test_a_bad_file_is_one_line_with_its_place(
    name: str, text: str | None, told: str, flowbench: Command, desk: Path
) -> None:
    if name.startswith("folder"):
        (desk / name).mkdir()
    elif text is not None:
        (desk / name).write_text(text)

    said = flowbench("run", name)

    assert said.returncode == Exit.USAGE
    assert said.stdout == ""
    assert said.stderr.startswith("flowbench: ")
    assert told in said.stderr
    assert len(said.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "doubling.yaml", "--timeout", "0"],
        ["run", "doubling.yaml", "--timeout", "soon"],
        ["run", "doubling.yaml", "--durability", "eternal"],
        ["run", "doubling.yaml", "--ctx", "{"],
        ["run", "doubling.yaml", "--agents", "missing.py"],
    ],
    ids=lambda arguments: " ".join(arguments[2:]) or "no file",
)
def test_wrong_usage_ends_with_2(arguments: list[str], flowbench: Command) -> None:
    assert flowbench(*arguments).returncode == Exit.USAGE


def test_a_timeout_ends_with_124_and_says_so(flowbench: Command) -> None:
    arguments = ["--agents", "agents.py", "--ctx", '{"x": 0}', "--timeout", "0.3", "--json"]

    told = flowbench("run", "wait_for_abort.yaml", *arguments)

    facts = json.loads(told.stdout)
    assert told.returncode == Exit.TIMEOUT
    assert facts["state"] == "cancelled"
    assert "Timeout" in facts["error"]
    assert 0.2 < facts["seconds"] < 20


@pytest.mark.parametrize(
    ("number", "code", "by"),
    [(signal.SIGINT, Exit.INTERRUPTED, "interrupt"), (signal.SIGTERM, Exit.TERMINATED, "SIGTERM")],
    ids=["INT", "TERM"],
)
def test_a_signal_aborts_the_run_tidily(
    number: signal.Signals, code: Exit, by: str, flowbench: Command, appears: Callable[[str], None]
) -> None:
    process = flowbench.start("run", "wait_for_abort.yaml", "--agents", "agents.py", "--ctx", '{"x": 0}', "--json")
    appears("waiting")

    process.send_signal(number)
    out, error = process.communicate(timeout=20)

    facts = json.loads(out)
    assert process.returncode == code
    assert facts["state"] == "cancelled"
    assert f"Aborted: Signal (by {by})" in facts["error"]
    assert error == ""
    journal = next((flowbench.folder.parent / "home" / "runs").glob("*/journal.jsonl")).read_text()
    assert f'"by":"{by}"' in journal


def test_a_second_signal_ends_it_at_once_and_the_run_can_go_on(
    flowbench: Command, appears: Callable[[str], None]
) -> None:
    process = flowbench.start("run", "dwell.yaml", "--agents", "agents.py", "--ctx", '{"x": 1}', "--json")
    appears("dwelling")

    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    listed = json.loads(flowbench("runs", "--json").stdout)
    resumed = flowbench("resume", listed[0]["id"], "--agents", "agents.py", "--json")

    assert process.returncode != 0
    assert json.loads(resumed.stdout)["ctx"] == {"x": 1, "y": "slept"}


def test_sigint_stays_ignored_where_a_shell_ignores_it(flowbench: Command, appears: Callable[[str], None]) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = flowbench.start("run", "dwell.yaml", "--agents", "agents.py", "--ctx", '{"x": 0.5}', "--json")
    finally:
        signal.signal(signal.SIGINT, before)
    appears("dwelling")

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)

    assert process.returncode == Exit.DONE
    assert json.loads(out)["state"] == "done"


def test_a_run_without_a_journal_leaves_none(flowbench: Command) -> None:
    told = flowbench(
        *("run", "doubling.yaml", "--agents", "agents.py", "--ctx", '{"number": 1}', "--durability", "memory")
    )

    assert told.returncode == Exit.DONE
    assert json.loads(flowbench("runs", "--json").stdout) == []


def test_a_secret_is_given_by_name_and_never_printed(
    flowbench: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "c4nary-of-the-mine")
    (desk / "secret.yaml").write_text(
        "id: s\nflow: {kind: step, ref: double, in: $secret:API_KEY, out: $.twice}\nagents: []\n"
    )

    refused = flowbench("run", "secret.yaml", "--agents", "agents.py")
    told = flowbench("run", "secret.yaml", "--agents", "agents.py", "--secret", "API_KEY", "--json")

    assert refused.returncode == Exit.MISSING
    assert "API_KEY at `$.flow.in.value` is not given to this run; give it with --secret API_KEY" in refused.stderr
    assert json.loads(told.stdout)["ctx"] == {"twice": "$secret:API_KEY$secret:API_KEY"}
    assert "c4nary" not in told.stdout + told.stderr
