"""Stack: what a repository is made of, and the commands that test, lint and type-check it; looked up in its files."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.project.errors import BadStack

if TYPE_CHECKING:
    from flowbench.project.project import Project

FRONTENDS = (".", "frontend", "client", "web", "app")
LARGEST = 1 << 20  # bytes of a manifest
_PYTHON = ("django", "flask", "fastapi")
_GO = ("gin-gonic/gin", "labstack/echo", "gofiber/fiber")
_REACTIVE = {"react": "react", "vue": "vue", "svelte": "svelte", "@angular/core": "angular"}
_META = {"next": "next", "nuxt": "nuxt", "@remix-run/react": "remix"}
_MANAGERS = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lockb": "bun",
    "bun.lock": "bun",
    "package-lock.json": "npm",
}
_SCRIPTS = {"test": ("test",), "lint": ("lint",), "typecheck": ("typecheck", "type-check", "tsc")}


def detect(root: Path) -> dict[str, Any]:
    """{backend?, frontend?, infra?}; {} if nothing is recognised. Reads files of the root and of one folder below."""
    layers = {"backend": _python(root) or _go(root), "frontend": _frontend(root), "infra": _infra(root)}
    return {name: layer for name, layer in layers.items() if layer}


def look(project: Project, *, dry_run: bool = False) -> dict[str, Any]:
    """{stack, message}: what is detected becomes `stack` of the config; nothing detected changes nothing."""
    found = detect(project.layout.root)
    if not found:
        return {"stack": {}, "message": "no stack detected"}
    facts: dict[str, Any] = {"stack": found, "message": f"stack detected: {', '.join(found)}"}
    if dry_run:
        return {**facts, "dry_run": True}
    put(project, found)
    return facts


def put(project: Project, stack: Any, *, dry_run: bool = False) -> dict[str, Any]:
    """{stack, message}. Raises: BadStack for what is no object."""
    if not isinstance(stack, dict):
        raise BadStack("Stack config must be a JSON object")
    with project.change("stack set", dry_run=dry_run) as change:
        change.set_config("stack", stack)
        change.event("stack_set", epic="", payload={"layers": list(stack)})
    return {"stack": stack, "message": "stack config updated", **({"dry_run": True} if dry_run else {})}


def _python(root: Path) -> dict[str, str]:
    names = ("pyproject.toml", "requirements.txt", "setup.py", "setup.cfg", "requirements-dev.txt")
    texts = {name: text for name in names if (text := _text(root / name)) is not None}
    if not texts.keys() & {"pyproject.toml", "requirements.txt", "setup.py"}:
        return {}
    said = "\n".join(texts.values()).lower()
    tables = _tables(texts.get("pyproject.toml", ""))
    found = {"language": "python"}
    if framework := _first(said, _PYTHON):
        found["framework"] = framework
    if "pytest" in said or (root / "tests").is_dir():
        found["test"] = "pytest"
    if "ruff" in said or "ruff" in tables or (root / "ruff.toml").is_file():
        found["lint"] = "ruff check ."
    elif "flake8" in said or (root / ".flake8").is_file():
        found["lint"] = "flake8"
    if "mypy" in said or (root / "mypy.ini").is_file():
        found["typecheck"] = "mypy ."
    elif "pyright" in said or (root / "pyrightconfig.json").is_file():
        found["typecheck"] = "pyright"
    return found


def _go(root: Path) -> dict[str, str]:
    said = _text(root / "go.mod")
    if said is None:
        return {}
    found = {"language": "go"}
    if framework := _first(said, _GO):
        found["framework"] = framework.rpartition("/")[2]
    return {**found, "test": "go test ./...", "lint": "go vet ./..."}


def _frontend(root: Path) -> dict[str, Any]:
    """Of the package.json with most dependencies."""
    packages = [(name, package) for name in FRONTENDS if (package := _package(root / name / "package.json"))]
    if not packages:
        return {}
    folder, package = max(packages, key=lambda each: len(_dependencies(each[1])))
    needs = _dependencies(package)
    found: dict[str, Any] = {"language": "typescript" if "typescript" in needs else "javascript"}
    for key, table in (("framework", _REACTIVE), ("meta_framework", _META)):
        named = next((word for name, word in table.items() if name in needs), None)
        if named:
            found[key] = named
    if "tailwindcss" in needs:
        found["styling"] = "tailwind"
    locks = [root / folder, root] if folder != "." else [root]
    manager = next((word for place in locks for name, word in _MANAGERS.items() if (place / name).is_file()), "npm")
    found["package_manager"] = manager
    scripts = package.get("scripts")
    prefix = "" if folder == "." else f"cd {folder} && "
    for key, names in _SCRIPTS.items():
        named = next((name for name in names if isinstance(scripts, dict) and name in scripts), None)
        if named:
            found[key] = f"{prefix}{manager} run {named}"
    return found


def _infra(root: Path) -> dict[str, bool]:
    signs = {
        "docker": ("Dockerfile",),
        "compose": ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"),
        "pulumi": ("Pulumi.yaml",),
    }
    found = {word: True for word, names in signs.items() if any((root / name).is_file() for name in names)}
    if any(True for place in (root, root / "terraform", root / "infra") for _ in place.glob("*.tf")):
        found["terraform"] = True
    return found


def _text(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode(errors="replace")
    except OSError:
        return None


def _tables(text: str) -> Mapping[str, Any]:
    try:
        tool = tomllib.loads(text).get("tool", {})
    except (ValueError, RecursionError):
        return {}
    return tool if isinstance(tool, dict) else {}


def _package(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text(path) or "")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _dependencies(package: Mapping[str, Any]) -> set[str]:
    parts = (package.get("dependencies"), package.get("devDependencies"))
    return {name for part in parts if isinstance(part, dict) for name in part}


def _first(text: str, words: Iterable[str]) -> str | None:
    return next((word for word in words if word in text), None)
