"""Templates: what they become, and that code keeps its shape where it goes."""

from __future__ import annotations

from typing import Any

import pytest

from flowbench.tools import ast_edit
from flowbench.tools.syntax.replacing import replacement, variables


def test_variables_of_a_pattern_are_those_that_it_captures() -> None:
    assert variables("f($A, $$$REST, $_, $$$, $b, $$OP, $_X, $A1_B)") == {
        "A": False, "REST": True, "OP": False, "A1_B": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("g()", "g()"),
        ("g($A)", "g(x)"),
        ("$A$A-$$$A", "xx-x"),
        ("[$B]", "[]"),
        ("$HOME $_ $ $$ $1 $a", "$HOME $_ $ $$ $1 $a"),
        ("", ""),
    ],
)
def test_a_template_is_filled(template: str, text: str) -> None:
    assert replacement(template, "f(x)", 0, {"A": (2, 3), "B": None}) == text


@pytest.mark.parametrize(
    ("before", "rule", "after"),
    [
        (
            "if (true) {\n  a(\n    1\n      + 2\n      + 3\n  )\n}\n",
            ("a($B)", "c(\n  $B\n)"),
            "if (true) {\n  c(\n    1\n      + 2\n      + 3\n  )\n}\n",
        ),
        (
            "if (x) {\n\ta({\n\t\tb: 1,\n\n\t\tc: 2\n\t})\n}\n",
            ("a($B)", "if (y) {\n\tc($B)\n}"),
            "if (x) {\n\tif (y) {\n\t\tc({\n\t\t\tb: 1,\n\n\t\t\tc: 2\n\t\t})\n\t}\n}\n",
        ),
        ("  f(`a\nb`);\n", ("f($A)", "g($A)"), "  g(`a\nb`);\n"),
        ("f(1);\r\n", ("f($A)", "g(\n  $A\n)"), "g(\r\n  1\r\n);\r\n"),
        ("f(a, b /* c */, d);\n", ("f($$$A)", "g([$$$A])"), "g([a, b /* c */, d]);\n"),
        ("f();\n", ("f($$$A)", "g(0, $$$A)"), "g(0, );\n"),
    ],
    ids=["moved in", "tabs", "same place", "crlf", "run", "empty run"],
)
def test_code_keeps_its_shape(before: str, rule: tuple[str, str], after: str, tmp_path: Any) -> None:
    (tmp_path / "a.js").write_bytes(before.encode())

    ast_edit(dict([rule]), tmp_path, dry_run=False)

    assert (tmp_path / "a.js").read_bytes().decode() == after
