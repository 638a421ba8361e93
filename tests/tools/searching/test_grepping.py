"""grep: what is found, in which order, how much of it, and how it is told; with both engines."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from flowbench import tools
from tests.tools.searching.trees import plant


@pytest.fixture(params=["ripgrep", "ours"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("FLOWBENCH_RIPGREP", raising=False)
    if request.param == "ours":
        monkeypatch.setenv("FLOWBENCH_RIPGREP", "none")
    return str(request.param)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("tree"), with_large=True)


def write(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        place = folder / name.replace("__", ".")
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def told(result: tools.GrepResult) -> list[tuple[str, int, str]]:
    return [(match.path, match.line_number, match.line) for match in result.matches]


def paths(result: tools.GrepResult) -> list[str]:
    return list(dict.fromkeys(match.path for match in result.matches))


def test_matches_come_in_byte_order_of_their_paths_and_large_files_after_all_others(tree: Path) -> None:
    found = paths(tools.grep("foo", tree))

    assert found[-1] == "large.txt"
    assert found[:-1] == sorted(found[:-1], key=str.encode)
    assert found.index("a-b.txt") < found.index("a.txt") < found.index("a/b/deep.py")


def test_a_large_file_is_searched_to_its_end(tree: Path) -> None:
    result = tools.grep("foo late", tree)

    assert paths(result) == ["large.txt"]
    assert result.skipped_oversized == 0


def test_what_is_searched(tree: Path) -> None:
    found = paths(tools.grep("foo", tree))

    assert not {path for path in found if ".git/" in path or "node_modules" in path or "secret" in path}
    assert not {"ignored.log", "a/y.txt", "linked.txt", "linked/x.py", "broken", "pipe"} & set(found)
    assert {".hidden", "kept.log", "new\nline.txt", "utf16.txt", "bom.txt"} <= set(found)


def test_ignore_files_and_hidden_ones_are_a_choice(tree: Path) -> None:
    everything = paths(tools.grep("foo", tree, gitignore=False))
    shown = paths(tools.grep("foo", tree, hidden=False))

    assert {"ignored.log", "secret/s.txt", "a/y.txt"} <= set(everything)
    assert not {".git/config", "node_modules/m.js"} & set(everything)
    assert ".hidden" not in shown


def test_a_glob_that_names_node_modules_looks_into_it(tree: Path) -> None:
    assert paths(tools.grep("foo", tree, glob="node_modules/*.js")) == ["node_modules/m.js"]
    assert paths(tools.grep("foo", tree, glob="**/node_modules/**")) == ["a/node_modules/m.js", "node_modules/m.js"]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*.py", ["a/b/deep.py", "a/x.py"]),
        ("a/*.py", ["a/x.py"]),
        ("a\\*.py", ["a/x.py"]),
        ("{a.txt,deep.py}", ["a.txt"]),
        ("*.{py,TSX", ["a/b/deep.py", "a/x.py", "code.TSX"]),
        ("a/**", ["a/b/deep.py", "a/x.py"]),
        ("ignored.log", []),
    ],
)
def test_a_glob_narrows_a_search(glob: str, expected: list[str], tree: Path) -> None:
    assert paths(tools.grep("foo", tree, glob=glob)) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("py", ["a/b/deep.py", "a/x.py"]),
        ("Python", ["a/b/deep.py", "a/x.py"]),
        (".py", ["a/b/deep.py", "a/x.py"]),
        ("docker", ["Dockerfile"]),
        ("ts", ["code.TSX"]),
        ("log", ["kept.log"]),
    ],
)
def test_a_type_narrows_a_search(word: str, expected: list[str], tree: Path) -> None:
    assert paths(tools.grep("foo", tree, type=word)) == expected


def test_a_bad_glob_is_refused(tree: Path) -> None:
    with pytest.raises(tools.BadGlob, match="Invalid glob pattern: "):
        tools.grep("foo", tree, glob="[")


def test_a_path_that_is_missing_is_refused_and_a_pipe_holds_nothing(tree: Path) -> None:
    with pytest.raises(tools.PathMissing, match="Path not found: "):
        tools.grep("foo", tree / "nowhere")

    assert tools.grep("foo", tree / "pipe") == tools.GrepResult((), 0, 0, 0)


def test_one_file_is_named_by_its_absolute_path_and_its_type_counts(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)

    assert paths(tools.grep("foo", "a.txt")) == [str(tree / "a.txt")]
    assert paths(tools.grep("foo", "-dash.txt")) == [str(tree / "-dash.txt")]
    assert paths(tools.grep("foo", tree / "new\nline.txt")) == [str(tree / "new\nline.txt")]
    assert tools.grep("foo", tree / "a.txt", type="py").files_searched == 0


def test_a_nul_byte_ends_a_file_except_where_only_its_name_is_asked_for(tree: Path) -> None:
    content, count = tools.grep("foo", tree), tools.grep("foo", tree, mode="count")
    named = paths(tools.grep("foo", tree, mode="files_with_matches"))
    counts = {match.path: match.match_count for match in count.matches}

    assert [row for row in told(content) if row[0].endswith(".bin")] == [
        ("early.bin", 1, "foo"), ("late.bin", 1, "foo"), ("late.bin", 22, "bar foo"), ("line.bin", 2, "foo"),
    ]  # fmt: skip
    assert (counts["early.bin"], counts["late.bin"], counts["line.bin"]) == (1, 2, 1)
    assert "bin.dat" in named
    assert "bin.dat" not in counts
    assert told(tools.grep("foo", tree / "line.bin")) == [(str(tree / "line.bin"), 2, "foo")]
    assert tools.grep("foo", tree, multiline=True, glob="early.bin").total_matches == 1


def test_lines_lose_their_trailing_whitespace_and_wrong_bytes_become_marks(tree: Path) -> None:
    assert told(tools.grep("foo", tree / "crlf.txt"))[-1][2] == "  indented foo"
    assert [row[2] for row in told(tools.grep("foo", tree / "bad.txt"))] == ["foo \ufffd\ufffd end", "\ufffdfoo"]


def test_a_line_end_of_windows_is_no_line_end(tmp_path: Path) -> None:
    write(tmp_path, crlf="foo\r\n", plain="foo\n")

    assert paths(tools.grep("foo$", tmp_path)) == ["plain"]


def test_a_match_has_its_length_in_characters(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("日本 foo\n".encode() + b"\xff fo\xc3\xb6\n")

    found = tools.grep(r"本?\s*fo\w", tmp_path)

    assert [(match.column, match.length) for match in found.matches] == [(2, 5), (2, 4)]
    assert found.root == str(tmp_path)


def test_a_column_counts_characters(tree: Path) -> None:
    found = {match.line: match.column for match in tools.grep("foo", tree / "unicode.txt").matches}

    assert found == {"héllo wörld foo": 13, "foo١٢٣": 1, "日本語 foo": 5}


def test_a_match_may_span_lines_and_is_told_as_one_block(tmp_path: Path) -> None:
    write(tmp_path, a="one\nfoo\nbar\ntwo\nfoo\n")

    assert told(tools.grep(r"foo\nbar", tmp_path, multiline=True)) == [("a", 2, "foo\nbar")]
    assert told(tools.grep(r"^bar$\n^two$", tmp_path, multiline=True)) == [("a", 3, "bar\ntwo")]
    assert told(tools.grep(r"foo\nbar", tmp_path)) == []
    assert tools.grep(r"foo\s", tmp_path, multiline=True, mode="count").matches[0].match_count == 2


def test_context_lines_are_never_told_twice(tmp_path: Path) -> None:
    write(tmp_path, a="1\n2\nfoo 3\n4\nfoo 5\nfoo 6\n7\n8\n9\n10\nfoo 11\n")

    matches = tools.grep("foo", tmp_path, context=2).matches
    around = [
        (match.line, [each.line for each in match.context_before], [each.line for each in match.context_after])
        for match in matches
    ]

    assert around == [
        ("foo 3", ["1", "2"], ["4"]),
        ("foo 5", [], []),
        ("foo 6", [], ["7", "8"]),
        ("foo 11", ["9", "10"], []),
    ]
    assert matches[0].context_before[0].line_number == 1


def test_context_before_and_after_win_over_context(tmp_path: Path) -> None:
    write(tmp_path, a="1\nfoo\n3\n")

    match = tools.grep("foo", tmp_path, context=5, context_after=1).matches[0]

    assert (match.context_before, [each.line for each in match.context_after]) == ((), ["3"])


def test_a_long_line_is_cut_around_its_match(tmp_path: Path) -> None:
    write(tmp_path, a=f"foo{'x' * 50}\n", b=f"{'x' * 50}foo{'y' * 50}\n", c=f"{'é' * 50}foo\n", d="foo fits in\n")

    lines = {match.path: match for match in tools.grep("foo", tmp_path, max_columns=20).matches}

    assert lines["a"].line == "foo" + "x" * 14 + "..."
    assert lines["b"].line == "...xxxxxfooyyyyyy..."
    assert lines["c"].line == "..." + "é" * 7 + "foo"
    assert [len(lines[name].line.encode()) for name in "abc"] == [20, 20, 20]
    assert (lines["a"].truncated, lines["d"].truncated) == (True, False)
    assert lines["b"].column == 51


def test_a_page_of_matches_and_what_is_said_of_the_rest(tmp_path: Path) -> None:
    write(tmp_path, a="foo 1\nfoo 2\nfoo 3\n", b="foo 4\n", c="foo 5\nfoo 6\n")

    first = tools.grep("foo", tmp_path, max_count=2)
    second = tools.grep("foo", tmp_path, max_count=2, offset=2)
    last = tools.grep("foo", tmp_path, max_count=2, offset=5)

    assert [line for _, _, line in told(first)] == ["foo 1", "foo 2"]
    assert (first.total_matches, first.files_searched, first.limit_reached) == (3, 1, True)
    assert [line for _, _, line in told(second)] == ["foo 3", "foo 4"]
    assert (second.total_matches, second.files_searched, second.limit_reached) == (6, 3, True)
    assert [line for _, _, line in told(last)] == ["foo 6"]
    assert not last.limit_reached


def test_a_limit_that_is_just_used_up_counts_as_reached(tmp_path: Path) -> None:
    write(tmp_path, a="foo\nfoo\n")

    assert tools.grep("foo", tmp_path, max_count=2).limit_reached
    assert not tools.grep("foo", tmp_path, max_count=3).limit_reached


def test_a_page_of_nothing_says_whether_there_is_something(tmp_path: Path) -> None:
    write(tmp_path, a="foo\n")

    some, none = tools.grep("foo", tmp_path, max_count=0), tools.grep("bar", tmp_path, max_count=0)

    assert (some.matches, some.limit_reached) == ((), True)
    assert (none.matches, none.limit_reached) == ((), False)


def test_the_first_page_of_many_files_is_the_beginning_of_everything(tree: Path) -> None:
    everything = tools.grep("foo", tree).matches

    for size in (1, 7, len(everything) - 1, len(everything) + 1):
        assert tools.grep("foo", tree, max_count=size).matches == everything[:size]


def test_counts_are_paged_in_whole_files(tmp_path: Path) -> None:
    write(tmp_path, a="foo\nfoo\nfoo\n", b="foo\nfoo\n", c="foo\n")

    page = tools.grep("foo", tmp_path, mode="count", offset=1, max_count=3)

    assert [(match.path, match.match_count) for match in page.matches] == [("a", 3), ("b", 2)]
    assert (page.total_matches, page.files_searched, page.limit_reached) == (6, 3, True)


def test_names_of_files_are_paged_as_files(tmp_path: Path) -> None:
    write(tmp_path, a="foo\nfoo\n", b="foo\n", c="foo\n", d="bar\n")

    for mode in ("files_with_matches", "filesWithMatches"):
        page = tools.grep("foo", tmp_path, mode=mode, offset=1, max_count=1)

        assert paths(page) == ["b"]
        assert (page.total_matches, page.files_with_matches, page.files_searched) == (3, 3, 4)


def test_only_so_many_matches_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, a="foo 1\nfoo 2\nfoo 3\n", b="foo 4\n")

    result = tools.grep("foo", tmp_path, max_count_per_file=2)

    assert [line for _, _, line in told(result)] == ["foo 1", "foo 2", "foo 4"]


def test_only_the_directory_itself(tree: Path) -> None:
    assert not [path for path in paths(tools.grep("foo", tree, recursive=False)) if "/" in path]


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("foo(", "foo( [foo {x} a{,3}b $1 \\d"),
        ("[foo", "foo( [foo {x} a{,3}b $1 \\d"),
        ("a{,3}b", "foo( [foo {x} a{,3}b $1 \\d"),
        ("{x}", "foo( [foo {x} a{,3}b $1 \\d"),
        ("o)", "(foo)"),
    ],
)
def test_text_that_is_no_pattern_is_found_as_it_is(pattern: str, line: str, tree: Path) -> None:
    assert next(row[2] for row in told(tools.grep(pattern, tree / "odd.txt"))) == line


def test_each_match_of_a_directory_is_handed_over_at_the_end(tree: Path) -> None:
    heard: list[tools.GrepMatch] = []

    result = tools.grep("foo", tree, on_match=heard.append)
    tools.grep("foo", tree / "a.txt", on_match=heard.append)

    assert tuple(heard) == result.matches


def test_a_result_is_plain_data_without_what_it_has_not(tmp_path: Path) -> None:
    write(tmp_path, a="foo\n")

    assert msgspec.to_builtins(tools.grep("foo", tmp_path)) == {
        "matches": ({"path": "a", "line_number": 1, "line": "foo", "column": 1, "length": 3},),
        "total_matches": 1,
        "files_with_matches": 1,
        "files_searched": 1,
        "root": str(tmp_path),
    }


def test_an_unknown_mode_is_refused_in_words(tree: Path) -> None:
    with pytest.raises(tools.ToolError, match="mode is content, count or files_with_matches, not 'lines'"):
        tools.grep("foo", tree, mode="lines")
