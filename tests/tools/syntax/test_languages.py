"""Languages by name and by file: every one that is promised can be parsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowbench import tools
from flowbench.tools import ast_grep, ast_match
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


@pytest.mark.parametrize(
    ("name", "code", "pattern"),
    [
        ("bash", "echo $X hi\n", "echo $A hi"),
        ("c", "int main() { return f(1, g); }", "f($A, g)"),
        ("cpp", "int main() { std::cout << f(1); }", "f($A)"),
        ("csharp", "class A { void M() { Foo.Bar(1); } }", "Foo.Bar($A)"),
        ("css", "a { color: red; }", "a { color: $C; }"),
        ("elixir", "IO.puts(x)", "IO.puts($A)"),
        ("go", "package main\nfunc main() { x := f(1) }", "$A := f(1)"),
        ("haskell", "main = putStrLn x", "putStrLn $A"),
        ("hcl", "a = foo(b)\n", "a = foo($A)"),
        ("html", "<div><p>x</p></div>", "<p>$A</p>"),
        ("java", "class A { void m() { foo.bar(1); } }", "foo.bar($A)"),
        ("kotlin", "fun main() { println(1) }", "println($A)"),
        ("lua", "print(1)", "print($A)"),
        ("markdown", "# Title\n\ntext\n", "# Title"),
        ("nix", "{ a = foo b; }", "foo $A"),
        ("php", "<?php foo($x, 1);", "foo($A, 1)"),
        ("ruby", "foo(1)", "foo($A)"),
        ("rust", "fn main() { foo(1); }", "foo($A)"),
        ("scala", "object A { foo(1) }", "foo($A)"),
        ("swift", "foo(1)", "foo($A)"),
        ("tsx", "const a = <B c={1} />", "<B c={$A} />"),
        ("typescript", "foo<string>(1)", "foo<string>($A)"),
        ("yaml", "a: 1\n", "a: $V"),
        ("zig", "const a = foo(1);", "foo($A)"),
    ],
)
def test_code_of_each_language_is_found(name: str, code: str, pattern: str, tmp_path: Path) -> None:
    (tmp_path / "code").write_text(code)

    assert ast_grep(pattern, tmp_path / "code", lang=name).total_matches == 1
