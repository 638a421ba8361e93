"""Layout: a project is found from below, its state stands in the repository, and worktrees share it."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from flowbench.project import Project, ProjectError, Status, TaskRefused, working
from flowbench.project.layout import at, find, git_common_dir, inside, new

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]


def git(folder: Path, *words: str) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True, text=True, env=clean)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a project and one commit."""
    top = tmp_path / "repo"
    top.mkdir()
    git(top, "init", "-q")
    Project.init(top)
    with Project.find(top).change("create") as change:
        epic = change.create_epic("Shared").id
        change.create_task(epic, "One")
        change.create_task(epic, "Two")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "start")
    return top


def test_the_nearest_flow_folder_upwards_counts(tmp_path: Path) -> None:
    (tmp_path / ".flow").mkdir()
    (tmp_path / "a" / ".flow").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)

    assert find(tmp_path / "a" / "b" / "c", {}).root == tmp_path / "a"
    assert find(tmp_path, {}).root == tmp_path


@pytest.mark.parametrize(
    ("chosen", "is_flow"),
    [("elsewhere/.flow", True), ("marked", True), ("state", False), ("missing/.flow", True)],
    ids=["named .flow", "holds meta.json", "anything else", "not there yet"],
)
def test_the_variable_names_the_flow_dir_or_the_state_dir(tmp_path: Path, chosen: str, is_flow: bool) -> None:
    (tmp_path / "repo" / ".flow").mkdir(parents=True)
    (tmp_path / "marked").mkdir()
    (tmp_path / "marked" / "meta.json").write_text("{}")
    environ = {"FLOW_STATE_DIR": str(tmp_path / chosen)}

    layout = new(tmp_path / "repo", environ)

    if is_flow:
        assert layout.flow == tmp_path / chosen
        assert layout.state == tmp_path / chosen / ".state"
    else:
        assert layout.flow == tmp_path / "repo" / ".flow"
        assert layout.state == tmp_path / chosen


def test_the_state_dir_is_in_the_repository_and_absolute(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / ".flow")

    layout = find(Path("epics"))

    assert layout.state == repository / ".git" / "flow-state"
    assert (layout.state / "state.db").is_file()


def test_the_common_dir_is_the_one_that_git_tells(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    (repository / "deep" / "er").mkdir(parents=True)
    places = [repository, repository / "deep" / "er", tmp_path / "tree"]

    told = [Path(git(place, "rev-parse", "--path-format=absolute", "--git-common-dir")) for place in places]

    assert [git_common_dir(place) for place in places] == told


def test_state_beside_the_files_is_kept_out_of_a_repository_that_comes_later(tmp_path: Path) -> None:
    project, _ = Project.init(tmp_path)
    with project.change("create") as change:
        change.create_epic("Early")
    git(tmp_path, "init", "-q")

    told = git(tmp_path, "status", "--porcelain", "--untracked-files=all")

    assert (project.layout.state / "state.db").is_file()
    assert ".state" not in told


def test_what_was_known_before_there_was_a_repository_is_known_in_it(tmp_path: Path) -> None:
    early, _ = Project.init(tmp_path)
    with early.change("create") as change:
        epic = change.create_epic("Early").id
    git(tmp_path, "init", "-q")
    late = Project.find(tmp_path)

    read = [event.type for event in late.events()]
    with late.change("create") as change:
        change.create_task(epic, "Late")

    assert read == ["epic_created"]
    assert [event.type for event in Project.find(tmp_path).events()] == ["epic_created", "task_created"]
    assert (tmp_path / ".git" / "flow-state" / "state.db").is_file()
    assert not (tmp_path / ".flow" / ".state" / "state.db").exists()


def test_a_git_file_that_leads_nowhere_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    (tmp_path / ".flow").mkdir()

    assert at(tmp_path / ".flow").state == tmp_path / ".flow" / ".state"


def test_worktrees_share_claims_and_log_and_not_their_files(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    here, there = Project.find(repository), Project.find(tmp_path / "tree")
    first, second = (task.id for task in here.tasks())

    with here.change("start") as change:
        change.set(first, status=Status.IN_PROGRESS)
        change.claim(first)
        change.event("task_started", task=first)
    with here.change("done") as change:
        change.set(second, status=Status.DONE)

    assert there.task(first).status is Status.IN_PROGRESS
    assert there.task(first).written is Status.TODO
    assert there.events(type="task_started")[0].task == first
    assert [task.status for task in there.tasks()] == [Status.IN_PROGRESS, Status.TODO]
    assert there.runtime(second).status == "done"
    assert there.runtime(second).root == str(here.layout.flow)
    warnings = there.validate().epics[0].warnings
    assert [first in warnings[0], second in warnings[1], str(here.layout.flow) in warnings[1]] == [True, True, True]
    assert [task.status for task in here.tasks()] == [Status.IN_PROGRESS, Status.DONE]


def test_what_is_done_in_another_worktree_is_not_begun_again(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    here, there = Project.find(repository), Project.find(tmp_path / "tree")
    first, second = (task.id for task in here.tasks())
    with there.change("done") as change:
        change.set(first, status=Status.DONE)
        change.set(second, status=Status.SKIPPED)

    with pytest.raises(TaskRefused, match=rf"{first}: it is done in {tmp_path / 'tree'}\. Merge that branch"):
        working.start(here, first)
    forced = working.start(here, first, force=True)
    git(repository, "worktree", "remove", "--force", str(tmp_path / "tree"))
    alone = working.start(here, second)

    assert (forced["status"], alone["status"]) == ("in_progress", "in_progress")


def test_worktrees_do_not_give_a_number_twice(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    here, there = Project.find(repository), Project.find(tmp_path / "tree")
    epic = here.epics()[0].id

    with here.change("create") as change:
        change.create_epic("Mine")
        change.create_task(epic, "Three")
    with there.change("create") as change:
        made = change.create_epic("Theirs").id, change.create_task(epic, "Four").id

    assert made == ("fn-3-theirs", f"{epic}.4")


def test_the_cache_of_a_worktree_that_is_gone_goes_too(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    there = Project.find(tmp_path / "tree")
    assert len(there.tasks()) == 2
    git(repository, "worktree", "remove", "--force", str(tmp_path / "tree"))

    here = Project.find(repository)

    assert [task.title for task in here.tasks()] == ["One", "Two"]
    assert set(here.cache.rows()) == {f"epics/{here.epics()[0].id}.md", *(task.file for task in here.tasks())}
    assert there.cache.rows() == {}


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "", "a\0b"])
def test_a_name_outside_of_the_project_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError, match="no file of the project"):
        inside(tmp_path, name)


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "epics").symlink_to("/tmp")

    with pytest.raises(ProjectError, match="is a link"):
        inside(tmp_path, "epics/x.md")


def test_a_clone_is_whole(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), "clone")

    with closing(Project.find(tmp_path / "clone")) as project:
        assert project.validate().root_errors == []
