"""Where code is parsed makes no difference, files that cannot match need no parsing, and a parser may crash."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Any

import pytest

from flowbench.tools import ast_edit, ast_grep, ast_match
from flowbench.tools.syntax import looking, parsing, queries
from flowbench.tools.workers import POOL
from tests.tools.syntax.trees import grown, plant

NESTED = 40_000  # levels: more than the parser's stack holds
PATTERNS = [
    "isinstance($A, $B)",
    "def $F(self, $$$REST): $$$BODY",
    "return self.$NAME",
    "for $X in range($N): $$$B",
    "raise ValueError($$$)",
    "not $A",
    "$A if $A else $B",
    "import os",
    "None",
]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is parsed in warm processes."""
    monkeypatch.setattr(looking, "SMALL", -1)


def of_library(count: int) -> dict[str, bytes]:
    """Real code: some small modules of the standard library."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"), key=lambda file: (file.stat().st_size, file.name))
    small = [file for file in files if 3_000 < file.stat().st_size < 9_000]
    return {file.name: file.read_bytes() for file in small[:count]}


def test_little_is_parsed_here_and_much_elsewhere_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(grown(tmp_path, 12), {"broken.py": "log(1, 2)\n) x\n", "latin.py": b"log('\xff', 1)\n"})
    asked: dict[str, Any] = {"limit": 700, "offset": 11, "include_meta": True}
    both = ast_grep("log($A, $B)", tmp_path, **asked)
    monkeypatch.setattr(looking, "SMALL", 1 << 40)
    monkeypatch.setattr(looking, "HERE", 1 << 40)
    here = ast_grep("log($A, $B)", tmp_path, **asked)
    monkeypatch.setattr(looking, "SMALL", -1)
    monkeypatch.setattr(looking, "BATCH", 1)

    there = ast_grep("log($A, $B)", tmp_path, **asked)

    assert here == there == both
    assert (here.total_matches, len(here.matches), here.limit_reached) == (2401, 700, True)
    assert len(here.parse_errors) == 2
    assert POOL.processes > 0


@pytest.mark.usefixtures("elsewhere")
def test_edits_and_texts_are_the_same_when_they_are_parsed_elsewhere(tmp_path: Path) -> None:
    text = "\ufeffx = '😀'\r\nlog(é, 1)\r\n"
    plant(tmp_path, {"a.py": text})

    [match] = ast_match(text, "log($A, $B)", lang="py", include_meta=True).matches
    ast_edit({"log($A, $B)": "note($B, $A)"}, tmp_path, dry_run=False)

    assert (match.start_line, match.start_column, match.byte_start) == (2, 1, len("\ufeffx = '😀'\r\n".encode()))
    assert match.meta_variables == {"A": "é", "B": "1"}
    assert (tmp_path / "a.py").read_bytes() == text.replace("log(é, 1)", "note(1, é)").encode()


@pytest.mark.usefixtures("elsewhere")
def test_code_that_crashes_the_parser_is_told_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "FIND", "tests.tools.syntax.crashing:find")
    plant(tmp_path, {"a.py": "f(2)\n", "b.py": "f('crash')\n", "c.py": "f(3)\n"})

    result = ast_grep("f($A)", tmp_path)

    assert [(match.path, match.text) for match in result.matches] == [("a.py", "f(2)"), ("c.py", "f(3)")]
    assert result.parse_errors == ["b.py: cannot be parsed: the parser crashed"]
    assert ast_match("f('crash')", "f($A)", lang="py").parse_errors == ["cannot be parsed: the parser crashed"]
    assert ast_edit({"f($A)": "g($A)"}, tmp_path).parse_errors == result.parse_errors


@pytest.mark.parametrize("nested", ["(" * NESTED + "1" + ")" * NESTED, "-" * NESTED + "1"], ids=["brackets", "signs"])
def test_code_that_nests_without_end_harms_nobody(nested: str, tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "f(2, 2)\n", "b.py": f"f({nested}, {nested})\n", "c.py": "f(3, 3)\n"})

    result = ast_grep("f($A, $A)", tmp_path)

    assert [match.path for match in result.matches if match.path != "b.py"] == ["a.py", "c.py"]
    assert len(result.parse_errors) == ("b.py" not in [match.path for match in result.matches])


def test_a_pattern_that_nests_without_end_is_refused(tmp_path: Path) -> None:
    [text] = ast_grep("(" * 10_001, plant(tmp_path, {"a.py": "x"})).parse_errors

    assert text.endswith("a.py: Invalid pattern: it is longer than 10000 characters")


@pytest.mark.parametrize("strictness", parsing.STRICTNESS)
def test_names_of_a_pattern_rule_out_only_files_that_cannot_match(
    strictness: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, of_library(25))
    quick = [ast_grep(pattern, tmp_path, strictness=strictness, limit=10_000) for pattern in PATTERNS]
    monkeypatch.setattr(parsing, "_words", lambda *_: ())
    parsing.compiled.cache_clear()
    queries._wanted.cache_clear()
    monkeypatch.setattr(queries, "_wanted", queries._wanted.__wrapped__)

    thorough = [ast_grep(pattern, tmp_path, strictness=strictness, limit=10_000) for pattern in PATTERNS]

    parsing.compiled.cache_clear()
    assert [each.matches for each in quick] == [each.matches for each in thorough]
    assert quick[0].total_matches > 0


@pytest.mark.parametrize(
    ("pattern", "language", "selector", "words"),
    [
        ("isinstance($A, dict)", "python", "", {"isinstance", "dict"}),
        ("def f(): print($A)", "python", "call", {"print"}),
        ("fetch($URL).then($$$)", "javascript", "", {"fetch", "then"}),
        ("$A.map($B)", "typescript", "", {"map"}),
        ("echo $A hi", "bash", "", {"echo", "hi"}),
        ("if $A: $$$B", "python", "", set()),
        ("'text of strings'", "python", "", set()),
        ("f(", "python", "", set()),
    ],
)
def test_the_names_of_a_pattern_are_those_that_stand_for_themselves(
    pattern: str, language: str, selector: str, words: set[str]
) -> None:
    assert {word.decode() for word in parsing.compiled(pattern, language, selector, "smart").words} == words
    assert parsing.compiled(pattern, language, selector, "signature").words == ()
