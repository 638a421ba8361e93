"""Programs in the template form: placeholders, pointers to the answer, rules for ok."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from flowbench import engine
from flowbench.blueprint import Functions, lint, load
from flowbench.engine.ids import visit_id
from flowbench.process.tagged import RUN, bearing
from tests.engine.programs import answer, failure, launched, until
from tests.flows import Json, blueprint, seq, step

TELL = (
    "import json, os, sys; "
    "print(json.dumps([sys.argv[1:], sys.stdin.read(), os.environ.get('MINE'), os.path.basename(os.getcwd())]))"
)


def template(code: str, *args: str, profile: Json | None = None, **spec: Any) -> Json:
    """An agent `work` that runs Python code, whose braces stand for themselves."""
    argv = [sys.executable, "-S", "-c", code.replace("{", "{{").replace("}", "}}"), *args]
    return {"name": "work", "kind": "subprocess", "spec": {"argv": argv, **spec}, "profile": profile}


def test_the_input_is_put_in_everywhere(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    value = {"user": {"first name": "Ada"}, "n": [1, {"b": 2}], "dir": "here"}
    agent = template(
        TELL,
        '--name={in.user["first name"]}',
        "{in.n}",
        "{{literal}}",
        "{agent}:{attempt}:{task_id}:{run_id}",
        stdin="{prompt}!",
        env={"MINE": "<{in.user}>"},
        cwd=f"{tmp_path}/{{in.dir}}",
    )

    run = launched(agent, value, flow=seq(step("work")))
    argv, stdin, mine, folder = run.result(60)["x"]

    assert argv == ["--name=Ada", '[1,{"b":2}]', "{literal}", f"work:1:{visit_id(run.id, '0')}:{run.id}"]
    assert stdin == json.dumps(value, sort_keys=True, separators=(",", ":")) + "!"
    assert (mine, folder) == ('<{"first name":"Ada"}>', "here")


def test_no_shell_reads_a_value() -> None:
    value = "$(touch OWNED); `id` && '\" \n\\ {prompt} {in.x} %s -rf *"

    argv, stdin, *_ = answer(template(TELL, "{prompt}", "{in}"), value)

    assert argv == [value, value]
    assert stdin == ""


def test_the_profile_is_put_in_and_its_prompt_is_rendered() -> None:
    profile = {"system_prompt": "You judge {{ topic|upper }}.", "model": "small-1"}

    argv, *_ = answer(template(TELL, "--model", "{model}", "{system}", profile=profile), {"topic": "tea"})

    assert argv == ["--model", "small-1", "You judge TEA."]


def test_a_secret_of_the_spec_is_put_in_and_its_value_holds_no_placeholders() -> None:
    code = "import os, sys; print(len(os.environ['KEY']), sys.argv[1])"
    agent = template(code, "{in.text}", env={"KEY": "{in.pre}$secret:KEY"})

    run = launched(agent, {"pre": "__", "text": "hi"}, secrets={"KEY": "s3cret-{prompt}"})

    assert run.result(60)["x"]["raw"] == "17 hi"


def test_a_field_that_the_input_lacks_is_told_with_its_place() -> None:
    agent = template(TELL, "{in.user.name}")

    assert failure(agent, {"user": {"age": 2, "nick": 1}}) == (
        "argv[4] wants {in.user.name}, and the step's input has no 'name' there; it has age, nick"
    )
    assert "it is no object" in failure(agent, "text")
    assert "argv[4] would hold a NUL character" in failure(template(TELL, "{prompt}"), "a\0b")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"argv": ["ls", "{promt}"]}, "argv[1]: nobody knows the placeholder {promt} (did you mean prompt?)"),
        ({"argv": ["ls", "{x}"]}, "{x}; there are prompt, in, system, model, agent, task_id, attempt, run_id; a brace"),
        ({"argv": ["ls", "{in.a..b}"]}, "argv[1]: {in.a..b} is no path into the input: empty path segment"),
        ({"argv": ["ls", "{prompt"]}, "argv[1]: a lone { at character 1; a brace itself is {{"),
        ({"argv": ["ls", "a}"]}, "argv[1]: a lone } at character 2; a brace itself is }}"),
        ({"argv": ["ls"], "env": {"A": "{b}"}}, "env.A: nobody knows the placeholder {b}"),
        ({"argv": ["ls"], "stdin": "{in[0]}"}, "stdin: {in[0]} is no path into the input"),
        ({"argv": ["{prompt}"]}, "argv[0] names the program, which the input may not choose"),
        ({"argv": []}, "argv begins with the name of a program"),
        ({"argv": ["ls", 5]}, "argv[1] has to be a string: write '5' in quotes"),
        ({"argv": ["ls"], "program": "ls"}, "'program' does not go with 'argv': argv holds all of it"),
        ({"argv": ["ls"], "use_stdin": True}, "'use_stdin' does not go with 'argv': stdin says what is fed to it"),
        ({"program": "ls", "stdin": "x"}, "stdin belongs to the template form: write argv in place of program"),
        ({"argv": ["ls", "{model}"]}, "argv[1] wants {model}, and the agent's profile names no model"),
        ({"argv": ["ls", "{system}"]}, "argv[1] wants {system}, and the agent has no profile"),
        ({"argv": ["ls"], "output": "$.a.b"}, 'output is a JSON Pointer like /result/text, "" for all of it; did you'),
        ({"argv": ["ls"], "output": "$.a.b"}, "did you mean '/a/b'?"),
        ({"argv": ["ls"], "ok_from": "/a~2"}, "ok_from is a JSON Pointer"),
        ({"argv": ["ls"], "ok_from": []}, "ok_from lists exit codes, 0 to 255"),
        ({"argv": ["ls"], "ok_from": [256]}, "ok_from lists exit codes, 0 to 255"),
        ({"argv": ["ls"], "fold": "jsn"}, 'fold cannot be "jsn"; did you mean json?'),
        ({"argv": ["ls"], "fold": "text", "output": "/a"}, "with fold: text stdout is no JSON"),
        ({"argv": ["ls"], "stream_mode": "ndjson_lines", "output": "/a"}, "a stream says both in its Final"),
    ],
)
def test_what_means_nothing_is_refused_by_compile_and_lint(spec: Any, said: str) -> None:
    loaded = load(blueprint(step("work"), agents=[{"name": "work", "kind": "subprocess", "spec": spec}]))

    with pytest.raises(engine.InvalidSpec) as refused:
        engine.compile(loaded, engine.factories(Functions()))

    assert said in str(refused.value)
    assert refused.value.place.startswith("$.agents[0].spec")
    needs_profile = "{model}" in said or "{system}" in said
    found = [finding.code for finding in lint(loaded) if finding.level == "error"]
    assert found == ([] if needs_profile else ["invalid_spec"])


@pytest.mark.parametrize(
    ("spec", "at"),
    [
        ({"argv": ["ls", "{promt}"]}, ".argv[1]"),
        ({"argv": ["ls"], "env": {"A B": "{x}"}}, '.env["A B"]'),
        ({"argv": ["ls"], "stdn": "x"}, ".stdn"),
        ({"argv": ["ls"], "ok_from": "x"}, ".ok_from"),
        ({"argv": []}, ""),
    ],
)
def test_the_place_of_a_mistake_is_told_by_compile_and_lint(spec: Any, at: str) -> None:
    loaded = load(blueprint(step("work"), agents=[{"name": "work", "kind": "subprocess", "spec": spec}]))

    with pytest.raises(engine.InvalidSpec) as refused:
        engine.compile(loaded, engine.factories(Functions()))

    assert refused.value.place == f"$.agents[0].spec{at}"
    assert [finding.place for finding in lint(loaded) if finding.level == "error"] == [refused.value.place]


def test_lint_notes_a_program_that_hears_nothing_of_its_input() -> None:
    def codes(**spec: Any) -> list[str]:
        agents = [{"name": "work", "kind": "subprocess", "spec": spec}]
        return [finding.code for finding in lint(load(blueprint(step("work"), agents=agents)))]

    assert "unfed_program" in codes(argv=["ls"])
    assert "unfed_program" not in codes(argv=["ls", "{in.a}"])
    assert "unfed_program" not in codes(argv=["cat"], stdin="{prompt}")
    assert "unfed_program" not in codes(program="ls")


RESULT = "import json; print(json.dumps({'result': {'text': %r, 'a/b': [1, 2]}, 'is_error': %s, 'fine': %s})); %s"


def said_json(text: str = "hi", error: bool = False, fine: bool = True, then: str = "") -> str:
    return RESULT % (text, error, fine, then)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/result/text", "hi"),
        ("/result/a~1b/1", 2),
        ("/result/a~1b", [1, 2]),
        ("", {"result": {"text": "hi", "a/b": [1, 2]}, "is_error": False, "fine": True}),
    ],
)
def test_the_answer_is_what_output_points_to(pointer: str, value: Any) -> None:
    assert answer(template(said_json(), output=pointer)) == value


def test_a_text_that_output_points_to_is_folded() -> None:
    agent = template(said_json('```json\n{"verdict": "PASS"}\n```'), output="/result/text")

    assert answer(agent) == {"verdict": "PASS"}
    assert failure(template(said_json("no json"), output="/result/text", fold="json")).startswith("the answer is no J")


def test_output_that_finds_nothing_blocks() -> None:
    assert failure(template(said_json(), output="/result/txt")).endswith(" - its answer has nothing at /result/txt")
    assert "its stdout is no JSON that output could name" in failure(template("print('x')", output="/a"))


@pytest.mark.parametrize(
    ("code", "rule", "why"),
    [
        (said_json(then="raise SystemExit(1)"), [0, 1], None),
        (said_json(then="raise SystemExit(2)"), [0, 1], "it ended with exit code 2"),
        (said_json(then="raise SystemExit(1)"), "exit", "it ended with exit code 1"),
        (said_json(), "/fine", None),
        (said_json(fine=False), "/fine", "it says false at /fine"),
        (said_json(), "!/is_error", None),
        (said_json(error=True), "!/is_error", "it says true at /is_error"),
        (said_json(then="raise SystemExit(1)"), "/fine", "it ended with exit code 1"),
        (said_json(), "/result", "ok_from finds no true or false at /result"),
        ("print('x')", "/fine", "ok_from finds no true or false at /fine"),
    ],
)
def test_ok_from_says_when_it_is_well(code: str, rule: Any, why: str | None) -> None:
    agent = template(code, ok_from=rule)

    if why is None:
        assert answer(agent)["fine"] is True
    else:
        assert failure(agent).endswith(f" - {why}")


@pytest.mark.parametrize(
    ("text", "how", "value"),
    [
        ("```json\n[1]\n```", None, [1]),
        ("[1]", "text", "[1]"),
        ("7", None, 7),
        ("words", "containers", {"raw": "words", "stderr": ""}),
        ("Well:\n```json\n7\n```", "json", 7),
    ],
)
def test_stdout_is_folded_in_both_forms(text: str, how: str | None, value: Any) -> None:
    plain = {"name": "work", "kind": "subprocess", "spec": {"program": "printf", "args": ["%s", text], "fold": how}}

    assert answer(plain) == value
    assert answer(template(f"print({text!r})", fold=how)) == value


def test_a_stream_is_folded_when_asked_for() -> None:
    final = {"type": "final", "content": {"kind": "inline", "value": "```json\n[1]\n```"}, "ok": True}
    agent = template(f"print({json.dumps(final)!r})", stream_mode="ndjson_lines")
    folded = {**agent, "spec": {**agent["spec"], "fold": "containers"}}

    assert answer(agent) == "```json\n[1]\n```"
    assert answer(folded) == [1]


def test_an_abort_leaves_nothing_behind() -> None:
    run = launched(template("import os, time; os.system('setsid sleep 600 &'); time.sleep(600)", "{prompt}"))
    until(lambda: len(bearing(RUN, run.id)) >= 3)

    run.abort()
    run.wait(30)

    assert run.state == "cancelled"
    assert bearing(RUN, run.id) == set()
