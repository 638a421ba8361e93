"""Languages by name and by file: every one that is promised can be parsed."""

from __future__ import annotations

import pytest

from flowbench import tools
from flowbench.tools import ast_match
from flowbench.tools.syntax.languages import TABLE, language, language_of


@pytest.mark.parametrize("name", TABLE)
def test_what_is_promised_can_be_parsed(name: str) -> None:
    assert ast_match("", "x", lang=name).total_matches == 0


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("py", "python"), (" JS ", "javascript"), ("C++", "cpp"), ("c#", "csharp"), ("tf", "hcl"), ("yml", "yaml")],
)
def test_a_language_has_many_names(name: str, canonical: str) -> None:
    assert language(name) == canonical


def test_an_unknown_name_is_told_with_all_that_are_known() -> None:
    with pytest.raises(tools.UnsupportedLanguage, match=r"^Unsupported language 'cobol'\. Supported: bash, "):
        language("cobol")


@pytest.mark.parametrize(
    ("file", "canonical"),
    [
        ("a.py", "python"), ("a.b.pyi", "python"), ("a.h", "c"), ("a.hpp", "cpp"), ("a.mjs", "javascript"),
        ("a.tsx", "tsx"), ("a.scss", "css"), (".bashrc", "bash"), ("profile", "bash"), ("x.zsh", "bash"),
        ("a.PY", None), (".py", None), ("py", None), ("a.", None), ("", None), ("a.txt", None), ("Makefile", None),
    ],
)  # fmt: skip
def test_a_file_is_what_its_name_says(file: str, canonical: str | None) -> None:
    assert language_of(file) == canonical
