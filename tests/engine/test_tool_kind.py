"""Agents of kind `tool`: what they are told, what they answer, what they are refused for, how they end."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

import flowbench as fb
from flowbench import blueprint as bp
from flowbench import engine
from flowbench.blueprint import Functions
from tests.flows import Json, attempt, blueprint, fan, loop, seq, step
from tests.runtime.test_cancel_report import until


def using(spec: Json, flow: Json | None = None) -> Json:
    return blueprint(flow or step("works"), agents=[{"name": "works", "kind": "tool", "spec": spec}])


def answer(spec: Json, value: Any, **options: Any) -> Any:
    return fb.launch(using(spec), {"x": value}, **options).result(60)["x"]


def refusal(spec: Json, value: Any = None) -> str:
    with pytest.raises(fb.FlowbenchError) as caught:
        answer(spec, value)
    return str(caught.value)


def test_a_text_is_the_tools_first_option() -> None:
    assert answer({"tool": "visible_width"}, "abc") == 3


def test_an_object_goes_before_what_the_spec_says() -> None:
    spec = {"tool": "truncate_to_width", "max_width": 3, "ellipsis": 2}

    assert answer(spec, "abcdef") == "abc"
    assert answer(spec, {"text": "abcdef", "max_width": 5}) == "abcde"


def test_the_spec_may_name_the_option_that_takes_the_input() -> None:
    assert answer({"tool": "truncate_to_width", "text": "abcdef", "ellipsis": 2, "input": "max_width"}, 4) == "abcd"


def test_files_are_found_with_options_of_the_spec(tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "c.txt"):
        (tmp_path / name).touch()

    told = answer({"tool": "glob", "path": str(tmp_path), "max_results": 1}, "*.py")
    folder = answer({"tool": "glob", "pattern": "*.py", "input": "path"}, str(tmp_path))

    assert told == {"matches": [{"path": "a.py", "file_type": 1}], "total_matches": 1, "root": str(tmp_path)}
    assert folder["total_matches"] == 2


def test_an_edit_that_only_tells_needs_no_trust_and_cannot_be_talked_into_writing(tmp_path: Path) -> None:
    code = tmp_path / "a.py"
    code.write_text("print(1)\n")
    tells = {"tool": "ast_edit", "rewrites": {"print($A)": "log($A)"}, "dry_run": True}
    writes = {key: each for key, each in tells.items() if key != "dry_run"}
    for name, spec in (("tells", tells), ("writes", writes)):
        (tmp_path / f"{name}.json").write_bytes(bp.dumps(bp.load(using(spec))).encode())

    told = fb.launch(tmp_path / "tells.json", {"x": str(code)}).result(60)["x"]

    assert told["total_replacements"] == 1
    assert "dry_run: true, which no input may change" in refusal(tells, {"path": str(code), "dry_run": False})
    with pytest.raises(bp.UntrustedBlueprint, match="ast_edit"):
        fb.launch(tmp_path / "writes.json", {"x": str(code)})
    assert code.read_text() == "print(1)\n"
    assert answer(writes, {"path": str(code), "dry_run": False})["applied"] is True
    assert code.read_text() == "log(1)\n"


def test_texts_are_searched_and_can_decide() -> None:
    assert answer({"tool": "search", "pattern": "b+"}, "abc\nxyz")["match_count"] == 1
    assert answer({"tool": "has_match", "pattern": "^x", "multiline": True}, "abc\nxyz") is True
    assert answer({"tool": "has_match", "content": "abc", "input": "pattern"}, "x") is False


def test_processes_are_listed_and_ended() -> None:
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        (listed,) = answer({"tool": "process_list"}, sleeper.pid)
        other = answer({"tool": "process_terminate"}, {"pid": sleeper.pid, "born": listed["born"] + 1})
        still = sleeper.poll()
        gone = answer({"tool": "process_terminate"}, {"pid": sleeper.pid, "born": listed["born"]})

    assert listed["args"] == ["sleep", "600"]
    assert (other, still, gone) == (True, None, True)
    assert sleeper.returncode == -15


def test_pictures_travel_as_base64_or_by_path(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (4, 4), "red").save(tmp_path / "red.png")

    drawn = answer({"tool": "encode_sixel", "width": 6, "height": 6}, str(tmp_path / "red.png"))
    back = answer({"tool": "decode_sixel"}, drawn)
    again = answer({"tool": "encode_sixel", "width": 6, "height": 6, "input": "data"}, back["data"])

    assert (back["width"], back["height"]) == (6, 6)
    assert again == drawn
    assert "No such file" in refusal({"tool": "encode_sixel", "width": 6, "height": 6}, "/no/such/file")


def test_an_input_can_be_ignored() -> None:
    assert answer({"tool": "visible_width", "text": "abc", "input": "ignore"}, {"any": "thing"}) == 3


@pytest.mark.parametrize(
    ("spec", "place", "words"),
    [
        ({}, "$.agents[0].spec.tool", "'tool' (string) required"),
        ({"tool": "visible_with"}, "$.agents[0].spec.tool", "did you mean 'visible_width'?"),
        ({"tool": "visible_width", "tab_with": 2}, "$.agents[0].spec.tab_with", "did you mean 'tab_width'?"),
        ({"tool": "truncate_to_width", "max_width": "3"}, "$.agents[0].spec.max_width", "Expected `int`, got `str`"),
        ({"tool": "pty", "env": {"A": 1}}, "$.agents[0].spec.env", "Expected `str`, got `int`"),
        ({"tool": "grep", "max_count": "3"}, "$.agents[0].spec.max_count", "Expected `int`, got `str`"),
        ({"tool": "shell", "minimizer": {"enable": True}}, "$.agents[0].spec.minimizer", "unknown field `enable`"),
        ({"tool": "grep", "mode": "lines"}, "$.agents[0].spec.mode", "Invalid enum value 'lines'"),
        ({"tool": "visible_width", "input": "txt"}, "$.agents[0].spec.input", "did you mean 'text'?"),
        ({"tool": "visible_width", "input": "ignore"}, "$.agents[0].spec.text", "text is missing"),
    ],
)
def test_a_spec_is_checked_before_anything_runs(spec: Json, place: str, words: str) -> None:
    loaded = bp.load(using(spec))

    with pytest.raises(engine.InvalidSpec) as caught:
        fb.launch(loaded, {"x": ""})
    (found,) = bp.lint(loaded).at("error")

    assert place in str(caught.value)
    assert words in str(caught.value)
    assert found.place.startswith(place)
    assert words in f"{found.message}; {found.suggestion}"


@pytest.mark.parametrize(
    ("spec", "value", "words"),
    [
        ({"tool": "visible_width"}, None, "text is missing; say spec.text, or hand it over as the step's input"),
        ({"tool": "visible_width"}, 3, "Expected `str`, got `int` at text; the step's input says so"),
        ({"tool": "visible_width"}, {"txt": ""}, "did you mean 'text'?; the step's input says so"),
        ({"tool": "pty", "timeout_ms": 200}, "printf told; sleep 600", "did not end within 200 ms (its timeout_ms)"),
        ({"tool": "pty"}, "printf told; exit 3", "it ended with exit code 3"),
    ],
)
def test_a_step_that_cannot_be_done_fails_in_words(spec: Json, value: Any, words: str) -> None:
    assert words in refusal(spec, value)


def test_what_a_command_writes_is_its_answer_and_is_told_as_it_comes() -> None:
    run = fb.launch(using({"tool": "pty", "ok_from": [0, 3]}), {"x": "printf told; exit 3"})

    assert run.result(60)["x"] == {"exit_code": 3, "output": "told"}
    assert [line.text for line in run.log.lines("0")] == ["told"]


@pytest.mark.parametrize("tool", ["shell", "pty"])
def test_a_command_that_an_abort_wakes_makes_no_gap(tool: str) -> None:
    run = fb.launch(using({"tool": tool}), {"x": "true"})

    run.result(60)

    assert [row.longest_gap for row in fb.cancel_report(run).rows] == [None]


def test_an_exit_code_can_be_data_or_caught() -> None:
    assert answer({"tool": "pty", "ok_from": "any"}, "exit 7")["exit_code"] == 7

    flow = attempt(step("works"))
    assert "exit code 7" in fb.launch(using({"tool": "pty"}, flow), {"x": "exit 7"}).result(60)["err"]


def test_large_answers_lie_in_blobs_and_are_recalled() -> None:
    run = fb.launch(using({"tool": "pty"}), {"x": "yes | head -c 200000"})
    run.result(60)
    assert run.path is not None

    again = fb.resume(run.id)

    assert len(list((run.path / "blobs").iterdir())) >= 1
    assert len(again.result(60)["x"]["output"]) > 200_000


def test_an_abort_ends_the_step_and_all_that_its_tool_has_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    run = fb.launch(using({"tool": "pty"}), {"x": f"setsid sleep 600 & echo $! > {pid}; sleep 600"})
    until(lambda: pid.exists() and pid.read_text().strip())

    run.abort()
    run.wait(60)

    (row,) = fb.cancel_report(run).rows
    assert run.state == row.status == "cancelled"
    assert row.abort_latency is not None
    until(lambda: not psutil.pid_exists(int(pid.read_text())))


def test_a_loser_of_a_race_is_stopped(tmp_path: Path) -> None:
    flow = fan(step("works", "$.i", "$.o"), ["sleep 600", "true"], join="race")

    done = fb.launch(using({"tool": "pty"}, flow), {}).result(60)

    assert done["r"]["o"]["exit_code"] == 0


def test_secrets_stand_in_the_spec_and_never_in_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "hush-hush-hush")
    spec = {"tool": "pty", "env": {"TOLD": "$secret:KEY"}, "ok_from": [0, 3]}

    told = answer(spec, 'printf "%s" "$TOLD" | wc -c; echo "$TOLD"', secrets=["KEY"])

    assert told["output"].split()[0] == "14"
    assert "hush" not in told["output"]


def test_tools_that_only_read_need_no_trust_and_commands_do(tmp_path: Path) -> None:
    for name, spec in (("reads", {"tool": "visible_width"}), ("runs", {"tool": "pty", "command": "rm -rf /"})):
        (tmp_path / f"{name}.json").write_bytes(bp.dumps(bp.load(using(spec))).encode())

    run = fb.launch(tmp_path / "reads.json", {"x": "abc"})

    assert run.result(60) == {"x": 3}
    with pytest.raises(bp.UntrustedBlueprint, match="rm -rf /"):
        fb.launch(tmp_path / "runs.json", {"x": "abc"})


def test_the_schema_knows_each_tool_with_its_options() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = bp.schema()
    judge = jsonschema.Draft202012Validator(schema)

    assert judge.is_valid(using({"tool": "pty", "command": "true", "cols": 80, "ok_from": [0, 1], "input": "ignore"}))
    assert not judge.is_valid(using({"tool": "pty", "colls": 80}))
    assert not judge.is_valid(using({"tool": "ptty"}))


def test_explain_says_which_tool_it_is() -> None:
    told = fb.explain(using({"tool": "pty"}))

    assert told["works"].work == "pty: runs a command on a terminal"
    assert told["works"].steps[0].form == "value"


def tree(folder: Path, files: int) -> Path:
    for number in range(files):
        (folder / f"file{number}.py").write_text("x = 1\n" * 20)
    return folder


def test_a_hundred_searches_side_by_side_answer_and_beat(tmp_path: Path) -> None:
    spec = {"tool": "grep", "path": str(tree(tmp_path, 300)), "mode": "files_with_matches"}
    flow = fan(step("works", "$.i", "$.o"), ["x = 1", "nowhere"] * 50)

    run = fb.launch(using(spec, flow), {})

    found = [each["o"]["total_matches"] for each in run.result(60)["r"]]
    assert found == [300, 0] * 50
    assert all(row.longest_gap is not None for row in fb.cancel_report(run).rows)


def test_a_hundred_searches_end_when_their_run_is_stopped(tmp_path: Path) -> None:
    spec = {"tool": "grep", "path": str(tree(tmp_path, 300))}
    flow = loop(fan(step("works", "$.i", "$.o"), ["x = 1"] * 100), 1_000_000)
    run = fb.launch(using(spec, flow), {}, durability="memory")
    until(lambda: len(run.steps) > 20)

    run.abort()

    assert run.wait(60)
    assert run.state == "cancelled"
    until(lambda: run.orphans == ())


def test_tools_run_side_by_side_on_threads() -> None:
    page = "<h1>one</h1>" + "<p>two</p>" * 10
    flow = seq(fan(step("works", "$.i", "$.o"), [page] * 20))

    done = fb.launch(using({"tool": "html_to_markdown"}, flow), {}, functions=Functions()).result(60)

    assert all(each["o"].startswith("# one") for each in done["r"])
