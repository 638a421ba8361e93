"""From a wheel, an sdist or a checkout to an executed tour: started anywhere, writing nothing where it stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.need import need

ROOT = Path(__file__).resolve().parents[2]
OWN = ("PYTHON", "FLOWBENCH", "JUPYTER", "IPYTHON", "XDG", "VIRTUAL_ENV", "PIP")


@dataclass(frozen=True)
class Installed:
    """A venv that holds flowbench and borrows the other packages of the test environment. where: the package."""

    kind: str
    venv: Path
    where: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
        return kept | {"HOME": str(self.home)}

    def python(self, code: str) -> str:
        """What `code` prints, run in this venv from the folder that holds none of our files."""
        return run([self.venv / "bin" / "python", "-c", code], self.home, self.environment).strip()


def run(command: list[str | Path], cwd: Path, environment: dict[str, str] | None = None) -> str:
    if environment is None:  # pip told to be quiet would not say why it failed
        environment = {name: value for name, value in os.environ.items() if name != "PIP_QUIET"}
    told = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert told.returncode == 0, f"{command} ended with {told.returncode}:\n{told.stdout}\n{told.stderr}"
    return told.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this checkout."""
    made = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel", "--outdir", made, ROOT], made)
    return made


@pytest.fixture(scope="module", params=["wheel", "sdist", "editable"])
def installed(
    request: pytest.FixtureRequest, distributions: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    folder = tmp_path_factory.mktemp(request.param)
    home = folder / "home"
    home.mkdir()
    place = folder / "venv"
    venv.create(place, symlinks=True)
    site = next(place.glob("lib/python*/site-packages"))
    # A path in a .pth comes after the venv's own packages, and the .pth files found there are not read in turn: an
    # editable flowbench of the test environment cannot stand in for the copy under test.
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("".join(f"{path}\n" for path in sorted(paths)))
    what: dict[str, list[str | Path]] = {
        "wheel": [next(distributions.glob("*.whl"))],
        "sdist": [next(distributions.glob("*.tar.gz"))],
        "editable": ["-e", ROOT],
    }
    need(request.param != "editable" or find_spec("editables"), "the package editables, for editable installs")
    alone = ["--no-deps", "--no-build-isolation", "--no-index", "--ignore-installed", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "--python", place / "bin" / "python", "install", "--quiet"]
    run([*pip, *alone, *what[request.param]], folder)
    where = ROOT / "flowbench" if request.param == "editable" else site / "flowbench"
    return Installed(request.param, place, where, home)


@dataclass(frozen=True)
class Demo:
    """A `flowbench demo --json` that has ended. left: what it left behind in the folder it was started in."""

    told: str
    complaint: str
    code: int
    left: set[str]


@pytest.fixture(scope="module")
def demos(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Demo]:
    """Two demos at once, so that this costs little more than one; they also share a home."""
    places = {"/": Path("/"), "a read-only folder": unwritable(tmp_path_factory.mktemp("cwd"))}
    before = {name: names(place) for name, place in places.items()}
    command = [installed.venv / "bin" / "flowbench", "demo", "--json"]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = {
        name: subprocess.Popen(command, cwd=place, env=installed.environment, text=True, **pipes)
        for name, place in places.items()
    }
    ended = {name: (process.communicate(timeout=150), process.returncode) for name, process in processes.items()}
    return {
        name: Demo(told, complaint, code, names(places[name]) - before[name])
        for name, ((told, complaint), code) in ended.items()
    }


def unwritable(here: Path) -> Path:
    """A folder in which this user cannot make a file; root can in every ordinary one."""
    folder = here / "read-only"
    folder.mkdir(mode=0o555)
    for place in (folder, Path("/proc"), Path("/sys")):
        try:
            (place / "written").touch()
        except OSError:
            return place
        (place / "written").unlink()
    need(False, "a folder that root cannot write")
    raise AssertionError


def names(place: Path) -> set[str]:
    """What lies in a folder, without the processes that come and go in /proc."""
    return {name for name in os.listdir(place) if not name.isdigit()}


def test_the_copy_under_test_is_the_installed_one(installed: Installed) -> None:
    told = installed.python("import flowbench; print(flowbench.__file__)")

    assert Path(told) == installed.where / "__init__.py"


def test_the_notebook_comes_with_the_installation(installed: Installed) -> None:
    told = installed.python("from flowbench.cli.shipped import notebook; print(notebook('00_tour.ipynb'))")

    expected = ROOT / "notebooks" if installed.kind == "editable" else installed.where / "shipped"
    assert Path(told) == expected / "00_tour.ipynb"


def test_what_the_terminal_needs_comes_with_the_installation(installed: Installed) -> None:
    told = installed.python(
        "from flowbench.notebook.terminal_panel import VENDOR; print(*sorted(path.name for path in VENDOR.iterdir()))"
    )

    assert told == "LICENSE.addon-fit LICENSE.xterm addon-fit.mjs manifest.json xterm.css xterm.mjs"


@pytest.mark.parametrize("cwd", ["/", "a read-only folder"])
def test_the_demo_executes_the_tour(installed: Installed, demos: dict[str, Demo], cwd: str) -> None:
    demo = demos[cwd]

    assert (demo.code, demo.complaint) == (0, "")
    facts = json.loads(demo.told)
    notebook = json.loads(Path(facts["notebook"]).read_text(encoding="utf-8"))
    assert set(facts) == {"notebook", "state", "run_ids", "runs", "seconds", "cells", "output", "error"}
    assert facts["cells"] == sum(cell["cell_type"] == "code" for cell in notebook["cells"])
    assert 0 < facts["seconds"] < 120
    assert len(set(facts["run_ids"])) >= 2
    assert all((runs_of(installed) / run_id / "journal.jsonl").is_file() for run_id in facts["run_ids"])
    assert Path(facts["notebook"]).is_relative_to(installed.home)
    assert demo.left == set()


@pytest.mark.parametrize("cwd", ["/", "a read-only folder"])
def test_the_kernel_is_the_python_that_was_started(installed: Installed, demos: dict[str, Demo], cwd: str) -> None:
    notebook = json.loads(Path(json.loads(demos[cwd].told)["notebook"]).read_text(encoding="utf-8"))

    assert f", {installed.venv}/bin/python" in texts(notebook)


def test_two_demos_at_once_keep_their_own_notebooks(demos: dict[str, Demo]) -> None:
    assert len({json.loads(demo.told)["notebook"] for demo in demos.values()}) == 2


def runs_of(installed: Installed) -> Path:
    return Path(installed.python("from flowbench.storage import runs; print(runs())"))


def texts(notebook: dict[str, list[dict[str, list[dict[str, object]]]]]) -> str:
    """Everything that the cells printed."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")  # type: ignore[arg-type]
