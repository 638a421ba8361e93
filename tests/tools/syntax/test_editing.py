"""ast_edit: what is replaced, what is refused, and that nothing else of a file changes."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flowbench import tools
from flowbench.cancel import Aborted, CancelToken
from flowbench.tools import aio, ast_edit
from flowbench.tools.syntax import editing
from tests.tools.syntax.trees import grown, plant

RENAME = {"old($$$A)": "new($$$A)"}


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_dry_run_is_the_default_and_writes_nothing(tmp_path: Path) -> None:
    before = content(plant(tmp_path, {"a.py": "x = old(1, 'é')\nold()\n", "b.py": "old\n"}))

    result = ast_edit(RENAME, tmp_path)

    assert content(tmp_path) == before
    assert (result.applied, result.total_replacements, result.files_touched, result.files_searched) == (False, 2, 1, 2)
    change = result.changes[0]
    assert (change.path, change.before, change.after) == ("a.py", "old(1, 'é')", "new(1, 'é')")
    assert (change.byte_start, change.byte_end, change.deleted_length) == (4, 16, 12)
    assert (change.start_line, change.start_column, change.end_line, change.end_column) == (1, 5, 1, 16)
    assert [(each.path, each.count) for each in result.file_changes] == [("a.py", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff# é\r\ny = '日本😀' + old(1)\r\n\tz = (\r\n  old(2))\r\n# no end",
        "old(1)",
        "x\r\nold(1)\n\x0c\ny\n\n\n",
        "# \x85 \u2028 lines that are none\nold('\u2029')\n",
    ],
    ids=["bom crlf astral", "bare", "mixed", "separators"],
)
def test_what_is_not_replaced_stays_byte_by_byte(text: str, tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": text})
    (tmp_path / "a.py").chmod(0o750)

    result = ast_edit(RENAME, tmp_path, dry_run=False)

    assert result.applied
    assert (tmp_path / "a.py").read_bytes() == text.encode().replace(b"old(", b"new(")
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o750


def test_the_diff_is_what_git_applies(tmp_path: Path) -> None:
    files = {
        "a.py": "".join(f"old({n})\n" if n % 9 == 0 else f"line{n}\n" for n in range(60)),
        "sub/b.py": "def f():\n    return [old(1),\n            old(2)]",
        "c d.py": "\r\nold(1)\r\n",
    }
    wet, dry = plant(tmp_path / "wet", files), plant(tmp_path / "dry", files)

    diff = ast_edit(RENAME, dry).diff()
    ast_edit(RENAME, wet, dry_run=False)

    assert "--- a/sub/b.py\n+++ b/sub/b.py\n@@ -1,3 +1,3 @@\n def f():\n-    return [old(1),\n" in diff
    subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=dry, input=diff.encode(), check=True)
    assert content(dry) == content(wet)
    assert ast_edit({"nothing": "x"}, dry).diff() == ""


def test_all_patterns_look_at_the_file_as_it_was(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "f(1)\ng(2)\n"})

    result = ast_edit({"f($A)": "g($A)", "g($A)": "h($A)"}, tmp_path, dry_run=False)

    assert (tmp_path / "a.py").read_text() == "g(1)\nh(2)\n"
    assert [(change.before, change.after) for change in result.changes] == [("f(1)", "g(1)"), ("g(2)", "h(2)")]


def test_equal_replacements_are_one_and_others_of_the_same_piece_are_refused_when_applied(tmp_path: Path) -> None:
    before = content(plant(tmp_path, {"a.py": "f(1)\n", "b.py": "f(f(2))\n"}))

    assert ast_edit({"f($A)": "g()", "f(1)": "g()"}, tmp_path / "a.py").total_replacements == 1
    assert ast_edit({"f($A)": "g()", "f(1)": "h()"}, tmp_path / "a.py").overlapping == 1
    dry = ast_edit({"f($A)": "g($A)"}, tmp_path)
    assert (dry.total_replacements, dry.overlapping) == (3, 1)
    with pytest.raises(tools.OverlappingReplacements) as raised:
        ast_edit({"f($A)": "g($A)"}, tmp_path, dry_run=False)
    assert str(raised.value) == "Overlapping replacements detected; refine pattern to avoid ambiguous edits"
    assert raised.value.path == "b.py"
    assert content(tmp_path) == before


def test_broken_files_are_passed_over_or_refused(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "old(1)\n) x\n", "b.py": "old(2)\n", "c.py": b"old(3) # \xff"})

    with pytest.raises(tools.AstError, match=r"^a\.py: parse error \(syntax tree contains error nodes\)$"):
        ast_edit(RENAME, tmp_path, fail_on_parse_error=True, dry_run=False)
    with pytest.raises(tools.AstError, match=r"^c\.py: stream did not contain valid UTF-8$"):
        ast_edit(RENAME, tmp_path, fail_on_parse_error=True, glob="c.py")
    result = ast_edit(RENAME, tmp_path, dry_run=False)

    assert result.parse_errors == [
        "a.py: parse error (syntax tree contains error nodes)", "c.py: stream did not contain valid UTF-8",
    ]  # fmt: skip
    assert (tmp_path / "a.py").read_text() == "old(1)\n) x\n"
    assert (tmp_path / "b.py").read_text() == "new(2)\n"


def test_a_pattern_that_no_language_can_read_is_told_or_refused(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "old(1)\n", "b.js": "old(1)\n"})
    rules = {"a; b": "c", "old($A)": "new($A)"}
    why = "Invalid pattern: Multiple AST nodes are detected. Please check the pattern source `a; b`."

    assert ast_edit(rules, tmp_path).parse_errors == [f"a; b (javascript): {why}", f"a; b (python): {why}"]
    assert ast_edit(rules, tmp_path / "a.py").parse_errors == [f"a; b: {why}"]
    assert ast_edit(rules, tmp_path).total_replacements == 2
    with pytest.raises(tools.AstError) as raised:
        ast_edit(rules, tmp_path, fail_on_parse_error=True)
    assert str(raised.value) == f"a; b: {why}"


def test_a_pattern_that_only_some_languages_can_read_is_told_for_the_files_of_the_others(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "x = {'name': 1}\n", "b.json": '{"name": 1}\n'})

    result = ast_edit({'"name": $V': '"title": $V'}, tmp_path)

    assert [(each.path, each.before, each.after) for each in result.changes] == [("b.json", '"name": 1', '"title": 1')]
    [text] = result.parse_errors
    assert text.startswith('"name": $V: a.py: Invalid pattern: Multiple AST nodes are detected.')


def test_limits_end_the_work_and_say_so(tmp_path: Path) -> None:
    plant(tmp_path, {f"{name}.py": "old(1)\nold(2)\n" for name in "abc"})

    def edit(**options: Any) -> tuple[int, int, bool]:
        result = ast_edit(RENAME, tmp_path, **options)
        return result.total_replacements, result.files_touched, result.limit_reached

    assert edit() == (6, 3, False)
    assert edit(max_replacements=6, max_files=3) == (6, 3, False)
    assert edit(max_replacements=3) == (3, 2, True)
    assert edit(max_replacements=2) == (2, 1, True)
    assert edit(max_replacements=0) == (1, 1, True)
    assert edit(max_files=2) == (4, 2, True)
    assert edit(max_files=-1) == (2, 1, True)
    ast_edit(RENAME, tmp_path, dry_run=False, max_replacements=3)
    assert b"".join(content(tmp_path).values()) == b"new(1)\nnew(2)\nnew(1)\nold(2)\nold(1)\nold(2)\n"


@pytest.mark.parametrize(
    ("rewrites", "options", "text"),
    [
        ({}, {}, "`rewrites` is required and must include at least one pattern->rewrite mapping"),
        ({"": "x"}, {}, "`rewrites` keys must be non-empty pattern strings"),
        ({" \t": "x"}, {}, "`rewrites` keys must be non-empty pattern strings"),
        ({"f": "x"}, {"glob": "*.txt"}, "ast_edit found no supported source files for the given path/glob"),
        ({"f": "x"}, {"lang": "nope"}, "Unsupported language 'nope'. Supported: bash"),
        ({"f": "x"}, {"strictness": "x"}, "no strictness 'x'"),
    ],
    ids=["none", "empty pattern", "blank pattern", "no files", "language", "strictness"],
)
def test_what_makes_no_sense_is_refused(rewrites: Any, options: Any, text: str, tmp_path: Path) -> None:
    with pytest.raises(tools.AstError) as raised:
        ast_edit(rewrites, plant(tmp_path, {"a.py": "f", "b.txt": "f"}), **options)

    assert str(raised.value).startswith(text)


def test_nothing_to_replace_is_no_error(tmp_path: Path) -> None:
    result = ast_edit(RENAME, plant(tmp_path, {"a.txt": "x"}), lang="py", glob="*.py", dry_run=False)

    assert (result.applied, result.total_replacements, result.files_searched) == (True, 0, 0)


def test_a_file_that_cannot_be_written_is_named_and_what_was_written_before_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, {"a.py": "old(1)\n", "b.py": "old(2)\n"})
    write_over = editing.write_over

    def meddle(place: str, *rest: Any) -> str:
        if place.endswith("b.py"):
            Path(place).write_text("somebody else's\n")
        return write_over(place, *rest)

    monkeypatch.setattr(editing, "write_over", meddle)
    with pytest.raises(tools.NotWritten) as raised:
        ast_edit(RENAME, tmp_path, dry_run=False)

    assert str(raised.value) == f"Failed to write {tmp_path}/b.py: it has changed since it was read"
    assert raised.value.written == ["a.py"]
    assert content(tmp_path) == {"a.py": b"new(1)\n", "b.py": b"somebody else's\n"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
def test_a_read_only_file_stays_as_it_is(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "old(1)\n"})
    (tmp_path / "a.py").chmod(0o444)

    with pytest.raises(tools.NotWritten, match="Permission denied"):
        ast_edit(RENAME, tmp_path, dry_run=False)


def test_links_are_never_followed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = plant(tmp_path / "outside", {"a.py": "old(1)\n", "sub/b.py": "old(2)\n"})
    root = plant(tmp_path / "root", {"sub/b.py": "old(2)\n"})
    (root / "a.py").symlink_to(outside / "a.py")
    write_over = editing.write_over

    def meddle(*given: Any) -> str:
        (root / "sub").rename(root / "was")
        (root / "sub").symlink_to(outside / "sub")
        return write_over(*given)

    monkeypatch.setattr(editing, "write_over", meddle)
    with pytest.raises(tools.NotWritten, match="a link leads out of the directory that was searched"):
        ast_edit(RENAME, root, dry_run=False)

    assert content(outside) == {"a.py": b"old(1)\n", "sub/b.py": b"old(2)\n"}


def test_an_abort_leaves_what_is_written_and_writes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"a.py": "old(1)\n", "b.py": "old(2)\n"})
    token = CancelToken()
    write_over = editing.write_over

    def meddle(*given: Any) -> str:
        token.abort()
        return write_over(*given)

    monkeypatch.setattr(editing, "write_over", meddle)
    with pytest.raises(Aborted):
        ast_edit(RENAME, tmp_path, dry_run=False, token=token)

    assert content(tmp_path) == {"a.py": b"new(1)\n", "b.py": b"old(2)\n"}


def test_an_abort_before_or_in_the_middle_of_the_search_writes_nothing(tmp_path: Path) -> None:
    before = content(grown(tmp_path, 100))

    for milliseconds in (0, 60):
        with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
            ast_edit({"log($A, $B)": "note($A)"}, tmp_path, dry_run=False, timeout_ms=milliseconds)

    assert content(tmp_path) == before


def test_results_are_json_and_edits_can_be_awaited(tmp_path: Path) -> None:
    result = asyncio.run(aio.ast_edit(RENAME, plant(tmp_path, {"a.py": "old(1)\n"})))

    plain = msgspec.to_builtins(result)
    assert json.loads(json.dumps(plain)) == plain
    assert plain["file_changes"][0]["patch"] == result.diff()
    assert "parse_errors" not in plain


def test_after_its_writes_a_tree_is_listed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FS_SCAN_CACHE_TTL_MS", "3600000")
    plant(tmp_path, {"a.py": "old(1)\n"})
    ast_edit(RENAME, tmp_path)
    plant(tmp_path, {"b.py": "old(2)\n"})

    assert ast_edit(RENAME, tmp_path, dry_run=False).files_searched == 1
    assert ast_edit(RENAME, tmp_path).files_searched == 2
