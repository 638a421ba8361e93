"""Projects in a notebook: tables, the graph, daily work, a Blueprint's run, and %flowctl, in a real IPython shell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter

import flowbench as fb
from flowbench.notebook.errors import UsageError
from flowbench.project import NoProject, ProjectError
from tests.notebook.conftest import Shell


@pytest.fixture
def shell(bare: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in an empty folder, with all that `%load_ext flowbench` brings."""
    monkeypatch.setenv("FLOW_ACTOR", "alice@example.com")
    monkeypatch.delenv("FLOW_STATE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    fb.load_ipython_extension(bare.ip)
    yield bare
    fb.unload_ipython_extension(bare.ip)


@pytest.fixture
def project(shell: Shell) -> fb.Project:
    """An epic with two tasks, the first of which carries a Blueprint."""
    made = fb.Project.init()
    Path("answer.yaml").write_text("id: answer\nflow: {kind: assign, at: $.answer, value: {op: lit, value: 42}}\n")
    epic = made.create_epic("Add auth")
    first = made.create_task(epic, "Design schema", blueprint="answer.yaml", inputs={"x": 1})
    made.create_task(epic, "Write <b>store</b>", depends_on=[first])
    return made


def test_a_project_is_found_by_walking_up(project: fb.Project, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("deep/er").mkdir(parents=True)
    monkeypatch.chdir("deep/er")

    assert fb.Project().core.layout.flow == project.core.layout.flow
    assert list(fb.Project().tasks.title) == ["Design schema", "Write <b>store</b>"]


def test_where_there_is_none_it_says_what_to_do(shell: Shell) -> None:
    with pytest.raises(NoProject, match="flowctl init"):
        fb.Project()


def test_an_epic_is_worked_through(project: fb.Project) -> None:
    assert list(project.ready("fn-1").index) == ["fn-1-add-auth.1"]
    assert project.run("fn-1.1")["status"] == "done"
    project.start("fn-1.2")
    project.done("fn-1.2", "By hand")

    assert list(project.tasks.status) == ["done", "done"]
    assert project.stats().progress["all"] == 1
    assert project.waves("fn-1").wave.max() == 2
    assert list(project.critical_path("fn-1").index) == ["fn-1-add-auth.1", "fn-1-add-auth.2"]


def test_the_graph_is_a_picture_and_says_its_critical_path(shell: Shell, project: fb.Project) -> None:
    shell.names["project"] = project

    bundle = shell.ip.display_formatter.format(shell("project.graph('fn-1')").value)[0]

    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "critical path fn-1-add-auth.1 > fn-1-add-auth.2" in bundle["text/plain"]
    assert "<b>store" not in bundle["text/html"]


def test_a_graph_of_nothing_says_so(project: fb.Project) -> None:
    empty = project.create_epic("Later")

    assert "no tasks yet" in project.graph(empty)._repr_mimebundle_()["text/html"]


def test_a_task_is_made_of_what_a_task_has(project: fb.Project) -> None:
    made = project.create_task("fn-1", "Ship", depends_on="fn-1.2", files="ship.py", priority=2)

    assert list(project.tasks.depends_on[made]) == ["fn-1-add-auth.2"]
    assert project.facts(made)["files"] == ["ship.py"]
    with pytest.raises(TypeError, match="dependson"):
        project.create_task("fn-1", "Ship", dependson="fn-1.2")  # type: ignore[call-arg]
    with pytest.raises(ProjectError, match="mapping of names"):
        project.create_task("fn-1", "Ship", inputs=[1])  # type: ignore[arg-type]
    with pytest.raises(ProjectError, match="whole number"):
        project.create_task("fn-1", "Ship", priority="high")  # type: ignore[arg-type]


def test_the_run_of_a_task_is_shown_in_its_cell(shell: Shell, project: fb.Project) -> None:
    shell.names["project"] = project

    ran = shell("told = project.run('fn-1.1')")

    assert "answer: done" in ran.out
    assert shell.names["told"]["status"] == "done"


@pytest.mark.parametrize("line", ["told = project.run('fn-1.1')", "told = %flowctl run fn-1.1"])
def test_the_stop_button_stops_the_run_and_gives_the_task_back(shell: Shell, project: fb.Project, line: str) -> None:
    Path("answer.yaml").write_text("id: wait\nflow: {kind: step, ref: project_wait, in: $, out: $.never}\n")
    shell.names["project"] = project
    shell(
        "import asyncio, os, signal, flowbench as fb\n"
        "@fb.agent\n"
        "async def project_wait(_):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    await asyncio.Event().wait()\n"
    )

    shell(line)

    assert (shell.names["told"]["status"], shell.names["told"]["state"]) == ("todo", "cancelled")
    assert project.core.task("fn-1.1").assignee is None


def test_flowctl_prints_the_text_and_returns_the_data(shell: Shell, project: fb.Project) -> None:
    ran = shell("told = %flowctl show fn-1.1")

    assert "Design schema" in ran.out
    assert (shell.names["told"]["title"], shell.names["told"]["success"]) == ("Design schema", True)
    assert shell("%flowctl show fn-1.1").out.count("Design schema") == shell("x = %flowctl show fn-1.1").out.count(
        "Design schema"
    )


def test_variables_and_quotes_reach_the_verb(shell: Shell, project: fb.Project) -> None:
    shell.names["epic"] = "fn-1"

    shell("""made = %flowctl task create --epic $epic --title "Don't {panic}" --files 'a b.py'""")

    assert shell.names["made"]["title"] == "Don't {panic}"
    assert list(project.tasks.files.iloc[-1]) == ["a b.py"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%flowctl shwo fn-1", "did you mean `show`"),
        ("%flowctl show fn-9", "fn-9"),
        ("%flowctl show 'fn-1", "quotation mark"),
        ("%flowctl show $nobody", "no variable is called `nobody`"),
        ("%flowctl run fn-1.2", "it is a person's"),
    ],
)
def test_what_is_refused_is_one_line_without_a_traceback(
    shell: Shell, project: fb.Project, line: str, words: str
) -> None:
    ran = shell(line)

    assert isinstance(ran.error, fb.FlowbenchError)
    assert words in ran.out
    assert "Traceback" not in ran.out


def test_a_verb_that_says_no_returns_so(shell: Shell, project: fb.Project) -> None:
    Path(".flow/tasks/fn-1-add-auth.1.md").write_text("no front matter\n")

    shell("told = %flowctl validate --all")

    assert shell.names["told"]["success"] is False


def test_verbs_are_completed(shell: Shell, project: fb.Project) -> None:
    def offered(line: str) -> list[str]:
        return [each.text for each in shell.ip.Completer.completions(line, len(line))]

    with provisionalcompleter():
        assert "ready" in offered("%flowctl re")
        assert "--epic" in offered("%flowctl ready --e")


def test_without_verbs_there_is_no_magic(bare: Shell) -> None:
    fb.notebook.load_ipython_extension(bare.ip)

    assert "flowctl" not in bare.ip.magics_manager.magics["line"]
    assert UsageError is fb.notebook.UsageError
    fb.notebook.unload_ipython_extension(bare.ip)
