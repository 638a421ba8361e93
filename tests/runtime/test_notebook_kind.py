"""Notebooks as agents: parameters in, what they hand over out, what is kept of them, and that they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import Functions, UntrustedBlueprint, load, parse, trust_hash
from flowbench.process.tagged import RUN, bearing
from tests.engine.programs import until
from tests.flows import Json, attempt, blueprint, fan, seq, step

SECRET = "hunter2-hunter2"
BODY = """
import os, time
import flowbench as fb
from IPython.display import clear_output
if how == "fails":
    raise ValueError("not today")
if how == "waits":
    print("here", flush=True)
    time.sleep(600)
if how == "answers":
    fb.output("first")
    fb.output({"n": n * 2, "big": big, "cwd": os.getcwd(), "key": os.environ.get("API_KEY")})
    clear_output()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with work.ipynb, whose parameter `how` says what becomes of it."""
    made = tmp_path_factory.mktemp("notebooks")
    declared = new_code_cell('how, n, big = "silent", 1, 0', metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[declared, new_code_cell(BODY)]), made / "work.ipynb")
    return made


def working(flow: Json | None = None, **spec: Any) -> Json:
    agent = {"name": "work", "kind": "notebook", "spec": {"path": "work.ipynb", **spec}}
    return blueprint(flow or step("work"), agents=[agent])


def test_parameters_go_in_the_last_output_comes_out_and_the_executed_notebook_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", SECRET)
    monkeypatch.chdir(folder)
    items = [{"how": "answers", "n": 21, "big": 1e20}, {"how": "fails"}]
    flow = fan(attempt(step("work", "$.i", "$.o")), items=items)

    run = fb.launch(working(flow, secrets=["API_KEY"]), {}, functions=Functions())

    answers, fails = run.result(120)["r"]
    assert answers["o"] == {"n": 42, "big": 1e20, "cwd": str(folder), "key": "[secret:API_KEY]"}
    assert "notebook work.ipynb: cell 3 failed: ValueError: not today" in fails["err"]
    notes = [line.text for line in run.log.lines() if line.text.startswith("executed notebook: ")]
    kept = {Path(note.removeprefix("executed notebook: ")) for note in notes}
    assert run.path is not None
    assert kept == set((run.path / "notebooks").iterdir())
    texts = [path.read_text() for path in kept]
    told = {facts["state"]: facts for facts in (json.loads(text)["metadata"]["flowbench"] for text in texts)}
    assert told["done"]["output"] == answers["o"]
    assert "output" not in told["failed"]
    assert not any(SECRET in text for text in texts)


def test_an_abort_ends_the_whole_tree(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    run = fb.launch(working(), {"x": {"how": "waits"}}, functions=Functions())
    until(lambda: any("import os, time" in line.text for line in run.log.lines()))

    run.abort()

    assert run.wait(60)
    assert run.state == "cancelled"
    assert bearing(RUN, run.id) == set()


def test_a_resume_elsewhere_finds_the_notebook_beside_its_blueprint(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (folder / "flow.json").write_text(json.dumps(working(seq(step("boom"), step("work", "$.x", "$.y")))))
    functions, fails = Functions(), [True]
    functions.register(lambda x: 1 / 0 if fails[0] else x, id="boom")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UntrustedBlueprint):
        fb.launch(folder / "flow.json", {"x": {"how": "silent"}}, functions=functions)
    source = load(folder / "flow.json")

    run = fb.launch(source, {"x": {"how": "silent"}}, functions=functions, trust=trust_hash(source))
    run.wait(60)
    fails[0] = False
    again = fb.resume(run.id, functions=functions, trust=trust_hash(source))

    again.wait(60)
    assert "work.ipynb handed nothing over: call `fb.output(value)` in one of its cells; see " in str(again.error)


def test_the_digest_follows_the_notebook(tmp_path: Path) -> None:
    def digest(content: bytes) -> str:
        (tmp_path / "work.ipynb").write_bytes(content)
        [agent] = parse(working()).agents
        return engine.NotebookFactory(tmp_path).build(agent).digest

    assert len({digest(b"{}"), digest(b"{ }")}) == 2
    assert digest(b"{}") == digest(b"{}")


def test_parameters_are_an_object_and_hold_no_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", SECRET)
    monkeypatch.chdir(folder)

    def failure(value: Any) -> str:
        run = fb.launch(working(), {"x": value}, functions=Functions())
        run.wait(60)
        return str(run.error)

    assert "its input has to be an object, not [1]" in failure([1])
    assert "one of these is a secret: name it in spec.secrets" in failure({"n": "$secret:API_KEY"})


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "notebook spec: 'path' (string) required"),
        ({"path": "none.ipynb"}, "none.ipynb cannot be read: No such file or directory"),
        ({"path": "work.ipynb", "timeout": 0}, "timeout is a number of seconds over 0"),
        ({"path": "work.ipynb", "cell_timeut": 1}, "did you mean 'cell_timeout'?"),
        ({"path": "work.ipynb", "secrets": ["a b"]}, "secrets[0] is no name of an environment variable"),
    ],
)
def test_a_spec_that_says_it_wrong_is_refused_before_anything_runs(
    spec: Json, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    source = blueprint(step("work"), agents=[{"name": "work", "kind": "notebook", "spec": spec}])

    with pytest.raises(engine.InvalidSpec) as refused:
        fb.launch(source, {}, functions=Functions())

    assert said in str(refused.value)
