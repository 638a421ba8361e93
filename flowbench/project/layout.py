"""Layout: where a project lies: its `.flow` folder, found by walking up, and the folder of its state."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from flowbench.project.errors import NoProject, ProjectError

FLOW = ".flow"
STATE = "flow-state"  # in the git common dir
BESIDE = ".state"  # in the flow dir, where there is no repository
FOLDERS = ("epics", "specs", "tasks", "memory", "reviews")
ARCHIVE = ".archive"
ENVIRONMENT = "FLOW_STATE_DIR"


class Layout(msgspec.Struct, frozen=True):
    """flow: the folder `.flow`, absolute. state: absolute, perhaps not made yet. git: the git common dir, if any.

    The state of all worktrees of a repository is one; their `.flow` folders are as many as they are.
    """

    flow: Path
    state: Path
    git: Path | None = None

    @property
    def root(self) -> Path:
        """Project root: what `.flow` stands in."""
        return self.flow.parent

    @property
    def epics(self) -> Path:
        return self.flow / "epics"

    @property
    def tasks(self) -> Path:
        return self.flow / "tasks"

    @property
    def specs(self) -> Path:
        return self.flow / "specs"

    @property
    def archive(self) -> Path:
        return self.flow / ARCHIVE

    @property
    def lacking(self) -> list[str]:
        """Folders of a project that are not there. In a repository that is no fault: git keeps no empty folders."""
        return [name for name in FOLDERS if not (self.flow / name).is_dir()]

    def siblings(self) -> list[Path]:
        """The same folder `.flow` in the other worktrees of the repository, where there is one."""
        if self.git is None:
            return []
        top = git_top(self.root)
        if top is None:
            return []
        inside = self.flow.relative_to(top)
        found = [top for top in _tops(self.git) if top / inside != self.flow]
        return [each / inside for each in found if (each / inside).is_dir()]


def find(start: Path | None = None, environ: Mapping[str, str] = os.environ) -> Layout:
    """The project of a folder. Raises: NoProject."""
    here = _absolute(start or Path.cwd())
    told, state = _chosen(here, environ)
    flow = told or next((each / FLOW for each in (here, *here.parents) if (each / FLOW).is_dir()), None)
    if flow is None or not flow.is_dir():
        raise NoProject(here, told)
    return at(flow, state)


def new(start: Path | None = None, environ: Mapping[str, str] = os.environ) -> Layout:
    """Where `init` makes a project: the one that is found, else `.flow` right here."""
    here = _absolute(start or Path.cwd())
    try:
        return find(here, environ)
    except NoProject:
        flow, state = _chosen(here, environ)
        return at(flow or here / FLOW, state)


def at(flow: Path, state: Path | None = None) -> Layout:
    """The layout of one `.flow` folder."""
    git = git_common_dir(flow.parent)
    if state is None:
        state = flow / BESIDE if git is None else git / STATE
    return Layout(flow, state, git)


def _chosen(here: Path, environ: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    """What FLOW_STATE_DIR says: the flow dir if it holds meta.json or is named `.flow`, else the state dir.

    Source: flowctl.py took it for the state dir, flowctl 591c2424 for the flow dir.
    """
    text = environ.get(ENVIRONMENT)
    if not text:
        return None, None
    path = Path(os.path.normpath(here / text))
    if path.name == FLOW or (path / "meta.json").is_file():
        return path, None
    return None, path


def _absolute(path: Path) -> Path:
    return Path(os.path.realpath(path))


def git_top(start: Path) -> Path | None:
    """The first folder from `start` upwards that holds `.git`; None: no repository."""
    return next((each for each in (start, *start.parents) if os.path.lexists(each / ".git")), None)


def git_common_dir(start: Path) -> Path | None:
    """What `git rev-parse --git-common-dir` prints, absolute, read without git. None: no repository.

    A worktree's `.git` is a file that names its folder in the repository, whose `commondir` names the common one.
    """
    top = git_top(start)
    if top is None:
        return None
    folder = top / ".git"
    if not folder.is_dir():
        line = _line(folder)
        if not line.startswith("gitdir:"):
            return None
        folder = Path(os.path.normpath(top / line.removeprefix("gitdir:").strip()))
    common = _line(folder / "commondir")
    if common:
        folder = Path(os.path.normpath(folder / common))
    return folder if (folder / "HEAD").is_file() else None


def _tops(git: Path) -> list[Path]:
    """The top folders of all worktrees of a repository, as far as they are there."""
    tops = [git.parent] if git.name == ".git" else []
    try:
        names = sorted(os.listdir(git / "worktrees"))
    except OSError:
        names = []
    for name in names:
        line = _line(git / "worktrees" / name / "gitdir")
        if line:
            tops.append(Path(line).parent)
    return tops


def _line(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return ""
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(4096).strip()
    except OSError:
        return ""


def inside(flow: Path, name: str) -> Path:
    """The file `name` below a flow dir. Raises: ProjectError for what would lie elsewhere, also by way of a link."""
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or ".." in parts or "\0" in name:
        raise ProjectError(f"{name!r} is no file of the project")
    path = flow.joinpath(*parts)
    folder = flow
    for part in parts[:-1]:
        folder = folder / part
        if folder.is_symlink():
            raise ProjectError(f"{folder} is a link; a folder of the project cannot be one")
    return path
