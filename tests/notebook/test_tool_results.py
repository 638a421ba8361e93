"""Results of tools in a notebook: bounded, escaped, with links that lead somewhere."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flowbench import tools
from flowbench.notebook import diffs, finds, links, outputs
from flowbench.notebook.links import link, relative


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a notebook."""
    folder = tmp_path / "books"
    folder.mkdir()
    monkeypatch.setenv(links.NOTEBOOK, str(folder / "one.ipynb"))
    monkeypatch.setattr(links, "_served", lambda: tmp_path)
    return folder


def match(path: str = "a.py", number: int = 3, line: str = "x = foo(1)", **more: Any) -> Any:
    near = SimpleNamespace
    given = {"column": 5, "length": 3, "truncated": False, "match_count": 0, "context_before": (), "context_after": ()}
    return near(path=path, line_number=number, line=line, **(given | more))


def grepped(*matches: Any, **more: Any) -> Any:
    given = {"total_matches": len(matches), "files_with_matches": 1, "files_searched": 9, "limit_reached": False}
    return SimpleNamespace(matches=matches, **(given | more))


def test_a_file_beside_the_notebook_is_linked_from_there(home: Path) -> None:
    (home / "sub").mkdir()
    (home / "sub" / "a b#.py").touch()
    (home.parent / "up.py").touch()

    assert link("sub/a b#.py", 3, root=str(home)) == (
        '<a href="sub/a%20b%23.py#line=2"><code style="color:inherit">sub/a b#.py:3</code></a>'
    )
    assert relative(str(home.parent / "up.py")) == "../up.py"


def test_a_file_that_no_server_reaches_is_text(home: Path, tmp_path: Path) -> None:
    assert relative("/usr/bin/env") is None
    assert relative(str(home / "gone.py")) is None
    assert link("<b>.py", 2, root=str(home)) == "<code>&lt;b&gt;.py:2</code>"


def test_what_was_found_is_marked_and_escaped(home: Path) -> None:
    (home / "a.py").touch()

    told = finds.of_grep(grepped(match(line="x = <b>(1)"), root=str(home)))

    assert '<a href="a.py#line=2">' in told["text/html"]
    assert f'x = <mark style="{finds.MARK}">&lt;b&gt;</mark>(1)' in told["text/html"]
    assert told["text/plain"] == "1 match in 1 of 9 files\na.py:3: x = <b>(1)"


@pytest.mark.parametrize(
    "more",
    [{"truncated": True}, {"length": 0}, {"column": 0}, {"column": 99}],
    ids=["cut", "unknown", "none", "beyond"],
)
def test_what_is_not_known_is_not_marked(more: dict[str, Any]) -> None:
    assert "<mark" not in finds.of_grep(grepped(match(**more)))["text/html"]


def test_a_match_far_out_in_a_long_line_is_in_sight() -> None:
    told = finds.of_grep(grepped(match(line="." * 5000 + "foo" + "." * 5000, column=5001)))

    assert ">foo</mark>" in told["text/html"]
    assert len(told["text/html"]) < 2000


def test_lines_around_a_match_stand_around_it() -> None:
    near = SimpleNamespace(line_number=2, line="before <")

    told = finds.of_grep(grepped(match(context_before=(near,))))

    assert told["text/plain"].splitlines()[1:] == ["a.py-2- before <", "a.py:3: x = foo(1)"]
    assert "before &lt;" in told["text/html"]


def test_files_alone_have_their_counts() -> None:
    told = finds.of_grep(grepped(match(number=0, line="", match_count=7), limit_reached=True, skipped_oversized=1))

    assert told["text/plain"] == "1 match in 1 of 9 files; more after the limit; 1 file too large in part\na.py: 7"


def test_a_table_is_bounded_and_says_how_much_more_there_is() -> None:
    told = finds.of_grep(grepped(*(match(number=number) for number in range(1, 101))))

    assert told["text/html"].count("<tr>") == 1 + finds.ROWS + 1
    assert f"and {100 - finds.ROWS} more" in told["text/html"]
    assert told["text/plain"].splitlines()[-1] == f"and {100 - finds.ROWS} more"


def test_nothing_found_is_one_line() -> None:
    told = finds.of_grep(grepped(files_with_matches=0))

    assert told["text/plain"] == "0 matches in 0 of 9 files"
    assert "<table" not in told["text/html"]


def test_paths_are_listed_with_what_was_asked_for(home: Path) -> None:
    (home / "a.py").write_text("x")

    plain = finds.of_glob(tools.glob("*", home))
    dated = finds.of_glob(tools.glob("*", home, sort_by_mtime=True))

    assert plain["text/plain"] == "1 path\na.py"
    assert "<th" in dated["text/html"]
    assert "changed" in dated["text/html"]
    assert "changed" not in plain["text/html"]


def test_letters_find_the_best_first(home: Path) -> None:
    (home / "one_two.py").touch()

    told = finds.of_fuzzy(tools.fuzzy_find("onetwo", home))

    assert told["text/plain"].splitlines()[0] == "1 path of 1 that fit"
    assert told["text/plain"].endswith("one_two.py")


def test_code_is_listed_with_its_variables() -> None:
    node = SimpleNamespace(path="a.py", start_line=4, text="f(\n  1,\n" * 9 + ")", meta_variables={"A": "<1>"})
    found = SimpleNamespace(
        matches=[node], total_matches=1, files_with_matches=1, files_searched=2, limit_reached=False,
        parse_errors=[f"b{number}.py: parse error <" for number in range(7)], root="",
    )  # fmt: skip

    told = finds.of_ast_grep(found)

    assert "$A = &lt;1&gt;" in told["text/html"]
    assert "more lines" in told["text/html"]
    assert "parse error &lt;" in told["text/html"]
    assert "and 2 files more" in told["text/html"]
    assert told["text/plain"].splitlines()[1].startswith("a.py:4: f( 1, f(")


def edit(patch: str, **more: Any) -> Any:
    given = {
        "total_replacements": 1, "files_touched": 1, "files_searched": 2, "applied": False, "limit_reached": False,
        "parse_errors": [], "overlapping": 0, "root": "",
    }  # fmt: skip
    return SimpleNamespace(file_changes=[SimpleNamespace(path="a.py", count=1, patch=patch)], **(given | more))


PATCH = "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = <1>\n+x = 2\n"


def test_an_edit_is_a_coloured_diff() -> None:
    told = diffs.of_ast_edit(edit(PATCH))

    assert f'{diffs.COLOURS["-"]}">-x = &lt;1&gt;</span>' in told["text/html"]
    assert f'{diffs.COLOURS["+"]}">+x = 2</span>' in told["text/html"]
    assert "a dry run: nothing is written" in told["text/html"]
    assert PATCH.strip() in told["text/plain"]


def test_a_long_diff_is_bounded() -> None:
    told = diffs.of_ast_edit(edit(PATCH + "+y\n" * 1000, applied=True, overlapping=2, limit_reached=True))

    assert f"and {1005 - diffs.LINES} lines more" in told["text/plain"]
    assert "; written; more after the limit; 2 overlap" in told["text/plain"]
    assert told["text/html"].count("<span") < diffs.LINES + 9


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (tools.ShellResult(exit_code=0, cancelled=False, timed_out=False, output="hi\n"), "hi"),
        (tools.ShellResult(exit_code=0, cancelled=False, timed_out=False), "exit code 0"),
        (tools.ShellResult(exit_code=2, cancelled=False, timed_out=False, output="no\n"), "no\nexit code 2"),
        (tools.ShellResult(cancelled=True, timed_out=False, output="a"), "a\ncancelled"),
        (tools.ShellResult(cancelled=False, timed_out=True), "timed out"),
        (
            tools.ShellResult(
                exit_code=0, cancelled=False, timed_out=False, output="\x1b[31mr\x1b[0m\x1b[2J1%\r99%\r\nx\x1b"
            ),
            "99%\nx",
        ),
    ],
)
def test_a_command_is_shown_short(result: Any, text: str) -> None:
    assert outputs.of_shell(result)["text/plain"] == text


def test_long_output_shows_both_ends() -> None:
    said = "".join(f"{number}\n" for number in range(1000))

    told = outputs.of_shell(tools.ShellResult(exit_code=0, cancelled=False, timed_out=False, output=said))

    lines = told["text/plain"].splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("0", "999", outputs.LINES + 1)
    assert "940 lines left out" in told["text/plain"]


def test_a_picture_is_a_picture() -> None:
    drawn = tools.decode_sixel("\x1bPq#1~\x1b\\")

    told = outputs.of_picture(drawn)

    assert base64.b64decode(told["image/png"]) == drawn.data
    assert told["text/plain"].startswith("Picture(1 x 6")


def test_the_work_profile_is_a_table_and_a_picture() -> None:
    tools.decode_sixel("\x1bPq#1~\x1b\\")

    told = outputs.of_profile(tools.get_work_profile())

    assert told["image/svg+xml"].startswith("<svg")
    assert "| Region |" in told["text/markdown"]
