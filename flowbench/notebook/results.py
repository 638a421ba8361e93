"""Results: how each result of a tool is shown in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowbench import tools
from flowbench.notebook import diffs, finds, outputs

SHOWN: dict[str, Callable[[Any], finds.Bundle]] = {
    "AstEditResult": diffs.of_ast_edit,
    "AstGrepResult": finds.of_ast_grep,
    "FuzzyResult": finds.of_fuzzy,
    "GlobResult": finds.of_glob,
    "GrepResult": finds.of_grep,
    "Picture": outputs.of_picture,
    "PtyResult": outputs.of_pty,
    "ShellResult": outputs.of_shell,
    "WorkProfile": outputs.of_profile,
}


def reprs() -> dict[type, Callable[[Any], finds.Bundle]]:
    """{type of a result: its mime bundle}."""
    return {getattr(tools, name): bundle for name, bundle in SHOWN.items() if name in tools.__all__}
