"""Parameters: values for the cell tagged `parameters`, checked before anything runs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flowbench.notebook.arguments import is_variable
from flowbench.notebook.errors import NotebookRefused, did_you_mean

TAG = "parameters"
_SECRET = re.compile(
    r"(?:^|_)(?:token|passw(?:or)?d|passphrase|secret|api_?key|private_?key|credentials?)(?:_|$)", re.I
)


def check(parameters: Mapping[str, Any], notebook: Any) -> Iterator[str]:
    """Warnings for people. Raises: NotebookRefused for a name that no variable can have."""
    for name in parameters:
        if not is_variable(name):
            raise NotebookRefused(f"parameter `{name}` is no name of a Python variable")
    declared = _declared(notebook)
    if parameters and declared is None:
        yield "no cell is tagged `parameters`: the values go before the first cell, where cells may overwrite them"
    for name in parameters:
        if declared is not None and name not in declared:
            yield f"the notebook declares no parameter `{name}`{did_you_mean(name, declared)}"
        if _SECRET.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)):
            yield (
                f"parameter `{name}` is written into the notebook as it is; "
                "if it is a secret, put it into an environment variable and name that with --secret"
            )


def read_parameters(path: Path) -> dict[str, Any]:
    """{name: value} from a YAML file, which means here what it means to papermill, or from a .json file.

    Raises: NotebookRefused.
    """
    import yaml  # type: ignore[import-untyped]  # what papermill itself reads them with
    from papermill.iorw import NoDatesSafeLoader

    try:
        if path.suffix == ".json":  # to YAML 1.1 the number 1e5 is a text
            values = json.loads(path.read_text(encoding="utf-8"))
        else:
            values = yaml.load(path.read_text(encoding="utf-8"), Loader=NoDatesSafeLoader)  # noqa: S506  # it is a safe one
    except OSError as error:
        raise NotebookRefused(f"cannot read {path}: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise NotebookRefused(
            f"{path} is no {'JSON' if path.suffix == '.json' else 'YAML'}: {' '.join(str(error).split())}"
        ) from error
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise NotebookRefused(f"{path} holds no mapping of names to values")
    return values


def _declared(notebook: Any) -> set[str] | None:
    """The variables that the tagged cell sets; None if no cell is tagged."""
    cell = next((cell for cell in notebook.cells if TAG in cell.metadata.get("tags", ())), None)
    if cell is None:
        return None
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:  # magics, or another language
        return set(re.findall(r"^\s*(\w+)\s*(?::[^=\n]+)?=(?!=)", cell.source, re.M))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
