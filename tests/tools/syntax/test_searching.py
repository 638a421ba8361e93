"""ast_grep and ast_match: which code is found, where, in what order, and what is said of the rest."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flowbench import tools
from flowbench.cancel import Aborted, CancelToken
from flowbench.tools import aio, ast_grep, ast_match
from tests.tools.syntax.trees import grown, plant

CODE = {
    "b.py": "print(1)\nprint(2, 3)\n",
    "a.py": "x = print(  'é😀' , 1)\n",
    "sub/c.py": "def f():\n    print('a',\n          'b')\n",
    "sub/d.js": "print(1);\n",
    "notes.txt": "print(1)\n",
    ".hidden.py": "print(0)\n",
}


def places(result: Any) -> list[tuple[str, int, int]]:
    return [(match.path, match.start_line, match.start_column) for match in result.matches]


def test_matches_come_by_path_and_place_and_hidden_files_are_searched(tmp_path: Path) -> None:
    result = ast_grep("print($$$A)", plant(tmp_path, CODE), lang=None)

    assert places(result) == [
        (".hidden.py", 1, 1), ("a.py", 1, 5), ("b.py", 1, 1), ("b.py", 2, 1), ("sub/c.py", 2, 5), ("sub/d.js", 1, 1),
    ]  # fmt: skip
    assert (result.total_matches, result.files_with_matches, result.files_searched) == (6, 5, 5)
    assert (result.limit_reached, result.parse_errors, result.root) == (False, [], str(tmp_path))


def test_lines_and_columns_count_characters_from_one_and_bytes_count_utf8_from_zero(tmp_path: Path) -> None:
    text = "\ufeff# é\r\ny = '日本😀' + f(  1 )\r\n"
    [match] = ast_grep("f($A)", plant(tmp_path, {"a.py": text})).matches

    assert match.text == "f(  1 )"
    assert text.encode()[match.byte_start : match.byte_end] == b"f(  1 )"
    assert (match.start_line, match.start_column, match.end_line, match.end_column) == (2, 13, 2, 20)


def test_a_glob_without_a_slash_means_files_of_the_directory_itself(tmp_path: Path) -> None:
    plant(tmp_path, CODE)

    assert ast_grep("print($$$)", tmp_path, glob="*.py").files_searched == 3
    assert ast_grep("print($$$)", tmp_path, glob=" **/*.py ").files_searched == 4
    assert ast_grep("print($$$)", tmp_path, glob="").files_searched == 5
    with pytest.raises(tools.BadGlob, match="Invalid glob pattern"):
        ast_grep("print($$$)", tmp_path, glob="**/[")


def test_ignore_files_hold_and_node_modules_is_left_out_unless_it_is_named(tmp_path: Path) -> None:
    plant(tmp_path, {"a.js": "f(1)", "b.js": "f(1)", "node_modules/m/c.js": "f(1)", ".gitignore": "b.js\n"})

    assert [match.path for match in ast_grep("f($A)", tmp_path).matches] == ["a.js"]
    named = ast_grep("f($A)", tmp_path, glob="node_modules/**/*.js")
    assert [match.path for match in named.matches] == ["node_modules/m/c.js"]


def test_an_explicit_language_holds_for_every_file(tmp_path: Path) -> None:
    result = ast_grep("print($A)", plant(tmp_path, CODE), lang=" Py ", glob="*.txt")

    assert places(result) == [("notes.txt", 1, 1)]


def test_patterns_are_trimmed_and_counted_once_and_any_of_them_may_match(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "f(1)\ng(2)\n"})

    result = ast_grep(["f($A)", " f($A) ", "", "g($A)"], tmp_path)

    assert [match.text for match in result.matches] == ["f(1)", "g(2)"]
    both = ast_grep(["f($A)", "f(1)"], tmp_path / "a.py")
    assert [match.text for match in both.matches] == ["f(1)", "f(1)"]


def test_a_page_is_cut_from_all_matches_and_says_whether_there_are_more(tmp_path: Path) -> None:
    plant(tmp_path, {f"{name}.py": "f(1)\nf(2)\n" for name in "abc"})

    def page(**options: Any) -> tuple[list[tuple[str, int]], int, bool]:
        result = ast_grep("f($A)", tmp_path, **options)
        assert result.files_with_matches == 3
        return [(match.path, match.start_line) for match in result.matches], result.total_matches, result.limit_reached

    assert page(limit=2) == ([("a.py", 1), ("a.py", 2)], 6, True)
    assert page(limit=2, offset=3) == ([("b.py", 2), ("c.py", 1)], 6, True)
    assert page(limit=2, offset=4) == ([("c.py", 1), ("c.py", 2)], 6, False)
    assert page(limit=0, offset=-1) == ([("a.py", 1)], 6, True)
    assert page(offset=9) == ([], 6, False)


def test_what_variables_have_matched_is_told_when_asked_for(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "f(x, 'é', [1, 2])\nf(y)\n"})

    first, second = ast_grep(["f($A, $$$REST)", "f($ONE)"], tmp_path, include_meta=True).matches

    assert first.meta_variables == {"A": "x", "REST": "'é', [1, 2]"}
    assert second.meta_variables == {"ONE": "y"}
    assert ast_grep("f($A)", tmp_path).matches[0].meta_variables is None


def test_the_selector_says_which_part_of_a_pattern_is_meant(tmp_path: Path) -> None:
    plant(tmp_path, {"a.js": "class A { x = 1 }\nlet x = 1\n"})

    [match] = ast_grep("class X { $F = $V }", tmp_path, selector="field_definition").matches

    assert match.text == "x = 1"
    assert match.start_column == 11


@pytest.mark.parametrize(
    ("strictness", "found"), [("cst", 1), ("smart", 3), ("ast", 2), ("relaxed", 3), ("signature", 4), ("template", 3)]
)
def test_strictness_says_how_exactly_code_must_agree(strictness: Any, found: int, tmp_path: Path) -> None:
    plant(tmp_path, {"a.js": "f(a)\nf(a,)\nf(a /* c */)\nf(b)\n"})

    assert ast_grep("f(a)", tmp_path, strictness=strictness).total_matches == found


def test_one_file_is_shown_by_its_name(tmp_path: Path) -> None:
    plant(tmp_path, CODE)
    (tmp_path / "link.py").symlink_to(tmp_path / "b.py")

    result = ast_grep("print($A)", tmp_path / "sub" / ".." / "b.py", glob="*.js")

    assert places(result) == [("b.py", 1, 1)]
    assert places(ast_grep("print($A)", tmp_path / "link.py")) == [("b.py", 1, 1)]
    assert ast_grep("print($A)", tmp_path / "notes.txt").files_searched == 0


def test_broken_code_is_searched_and_told(tmp_path: Path) -> None:
    result = ast_grep("print($A)", plant(tmp_path, {"a.py": "print(1)\n) x\n", "b.py": "print(2)"}))

    assert result.total_matches == 2
    assert result.parse_errors == ["a.py: parse error (syntax tree contains error nodes)"]


def test_what_cannot_be_searched_is_told_in_the_order_of_the_files(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": b"print(1) # \xff", "b.json": "{}", "c.py": "print(1)", "big.py": b"print(1)\n" * 500_000})

    result = ast_grep("print($A); x", tmp_path)

    why = "Invalid pattern: Multiple AST nodes are detected. Please check the pattern source `print($A); x`."
    assert result.parse_errors == [f"print($A); x: {name}: {why}" for name in ("a.py", "big.py", "c.py")]
    told = ast_grep("print($A)", tmp_path, glob="*.py")
    assert told.parse_errors == [
        "print($A): a.py: stream did not contain valid UTF-8", "big.py: larger than 4 MiB, not parsed",
    ]  # fmt: skip
    assert (told.skipped_oversized, told.total_matches) == (1, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "print(1)"})
    (tmp_path / "a.py").chmod(0)

    assert ast_grep("print($A)", tmp_path).parse_errors == ["print($A): a.py: Permission denied"]


def test_a_language_that_nobody_knows_is_told_for_each_file(tmp_path: Path) -> None:
    result = ast_grep("f($A)", plant(tmp_path, {"a.py": "f(1)"}), lang="klingon")

    assert result.files_searched == 1
    [text] = result.parse_errors
    assert text.startswith("f($A): a.py: Unsupported language 'klingon'. Supported: bash, bats, c, c#, c++, cc, ")


@pytest.mark.parametrize(
    ("pattern", "texts", "value"),
    [
        ('"name": $V', ['"name": "x"', '"name": [1]'], '"x"'),
        ("$K: $V", ['"name": "x"', '"deep": {"name": [1]}', '"name": [1]'], '"x"'),
        ('"name": "x"', ['"name": "x"'], None),
        ('"name": "$V"', ['"name": "x"'], "x"),
    ],
)
def test_pairs_of_json_are_found_though_they_are_no_documents(
    pattern: str, texts: list[str], value: str | None, tmp_path: Path
) -> None:
    plant(tmp_path, {"a.json": '{"name": "x", "deep": {"name": [1]}}'})

    result = ast_grep(pattern, tmp_path, include_meta=True)

    assert [match.text for match in result.matches] == texts
    assert (result.matches[0].meta_variables or {}).get("V") == value
    assert result.parse_errors == []


@pytest.mark.parametrize(
    ("patterns", "options", "text"),
    [
        ([], {}, "`patterns` is required and must include at least one non-empty pattern"),
        ([" ", ""], {}, "`patterns` is required and must include at least one non-empty pattern"),
        (
            "f",
            {"strictness": "exact"},
            "no strictness 'exact'; there are cst, smart, ast, relaxed, signature, template",
        ),
    ],
    ids=["none", "blank", "strictness"],
)
def test_what_makes_no_sense_is_refused(patterns: Any, options: Any, text: str, tmp_path: Path) -> None:
    with pytest.raises(tools.AstError) as raised:
        ast_grep(patterns, tmp_path, **options)

    assert str(raised.value) == text


def test_a_path_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(tools.PathMissing, match=r"Path not found: .*no\.py: No such file or directory"):
        ast_grep("f", tmp_path / "no.py")
    with pytest.raises(tools.NotSearchable, match=r"Search path must be a file or directory: .*pipe"):
        ast_grep("f", tmp_path / "pipe")


def test_texts_are_searched_in_the_same_way() -> None:
    result = ast_match("f(1)\r\n  f('日') ; f(2", ["f($A)", "a; b"], lang="js", include_meta=True, limit=1, offset=1)

    [match] = result.matches
    assert (match.path, match.text, match.start_line, match.start_column) == ("", "f('日')", 2, 3)
    assert match.meta_variables == {"A": "'日'"}
    assert result.parse_errors[0].startswith("a; b: Invalid pattern: Multiple AST nodes are detected.")
    assert result.parse_errors[1:] == ["parse error (syntax tree contains error nodes)"]


@pytest.mark.parametrize(
    ("lang", "text"),
    [("", "`lang` is required for ast_match"), (" ", "`lang` is required"), ("nope", "Unsupported language 'nope'")],
)
def test_a_text_needs_a_language(lang: str, text: str) -> None:
    with pytest.raises(tools.AstError, match=text):
        ast_match("f(1)", "f($A)", lang=lang)


@pytest.mark.parametrize("length", [10, 20_000])
def test_a_text_with_half_a_pair_is_refused_in_words(length: int) -> None:
    with pytest.raises(tools.AstError, match="its character 1 is half of a pair"):
        ast_match("x\ud800" + "x" * length, "x", lang="py")


def test_results_are_json_and_leave_out_what_is_empty(tmp_path: Path) -> None:
    plain = msgspec.to_builtins(ast_grep("f($A)", plant(tmp_path, {"a.py": "f(1)"})))

    assert json.loads(json.dumps(plain)) == plain
    assert set(plain) == {
        "matches", "total_matches", "files_with_matches", "files_searched", "limit_reached", "root",
    }  # fmt: skip
    assert set(plain["matches"][0]) == {
        "path", "text", "byte_start", "byte_end", "start_line", "start_column", "end_line", "end_column",
    }  # fmt: skip


@pytest.mark.parametrize("call", ["ast_grep", "ast_match"])
def test_an_abort_before_the_search_reads_nothing(call: str, tmp_path: Path) -> None:
    token = CancelToken()
    token.abort()
    search: Any = ast_grep if call == "ast_grep" else ast_match
    options = {} if call == "ast_grep" else {"lang": "py"}

    with pytest.raises(Aborted, match=r"^Aborted: User$"):
        search("f", tmp_path / "no", **options, token=token)
    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        search("f", tmp_path / "no", **options, timeout_ms=0)


def test_an_abort_ends_a_search_in_the_middle(tmp_path: Path) -> None:
    grown(tmp_path, 200)

    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        ast_grep("$A", tmp_path, timeout_ms=60)


def test_searches_can_be_awaited(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "f(1)"})

    assert asyncio.run(aio.ast_grep("f($A)", tmp_path)).total_matches == 1
    assert asyncio.run(aio.ast_match("f(1)", "f($A)", lang="py")).total_matches == 1
