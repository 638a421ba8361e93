"""Minimizing: when a shorter text is offered, and that it drops nothing that somebody would look for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from flowbench.tools import MinimizerOptions, Shell, execute_shell, register_minimizer
from flowbench.tools.minimizing.applying import minimized, simple_commands
from flowbench.tools.minimizing.registry import _filters, filter_of

ON = MinimizerOptions()
LONG = "".join(f"line {number}\n" for number in range(300))


def every_third(argv: Sequence[str], text: str, exit_code: int) -> str | None:
    return "".join(text.splitlines(keepends=True)[::3])


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    assert filter_of("git")  # our own are registered when one is first asked for
    before = dict(_filters)
    register_minimizer("thirds", ["tell"], every_third)
    yield
    _filters.clear()
    _filters.update(before)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("tell", "thirds"), ("/usr/bin/tell 'a | b' \"$HOME\"", "thirds"), ("A=1 tell x", "thirds"),
        ("cd /x && tell -v", "chain"), ("cd /x; export A=1; tell;", "chain"), ("tell 2>&1", "thirds"),
        ("tell | cat", None), ("tell > file", None), ("tell &", None), ("tell && tell", None), ("echo x; tell", None),
        ("tell $(date)", None), ("tell `date`", None), ("if tell; then :; fi", None), ("(tell)", None),
        ("tell\ncat x", None), ("tell 'open", None), ("! tell", None), ("tell || cat x", None), ("{ tell; }", None),
        ("other", None), ("", None), ("&& tell", None),
    ],
)  # fmt: skip
def test_one_simple_command_of_a_known_program_or_a_chain_in_which_it_alone_speaks(
    command: str, name: str | None
) -> None:
    made = minimized(ON, command, LONG, 0)

    assert (made and made.filter) == name


def test_the_result_has_both_texts_and_their_sizes() -> None:
    text = "é" + LONG

    made = minimized(ON, "tell", text, 0)

    assert made is not None
    assert made.original_text == text
    assert made.text.splitlines() == text.splitlines()[::3]
    assert (made.input_bytes, made.output_bytes) == (len(text.encode()), len(made.text.encode()))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (MinimizerOptions(enabled=False), LONG), (MinimizerOptions(only=("git",)), LONG),
        (MinimizerOptions(exclude=("thirds",)), LONG), (MinimizerOptions(max_capture_bytes=2_000), LONG),
        (ON, "x\n" * 499),
    ],
    ids=["off", "not only", "excluded", "over the cap", "short"],
)  # fmt: skip
def test_it_stays_as_it_is(options: MinimizerOptions, text: str) -> None:
    assert minimized(options, "tell", text, 0) is None


def test_a_filter_that_fails_or_finds_nothing_changes_nothing_and_an_empty_success_is_ok() -> None:
    answers = {
        "fails": lambda *_: 1 / 0,
        "none": lambda *_: None,
        "longer": lambda *_: LONG * 2,
        "empty": lambda *_: "\n",
    }
    for name, answer in answers.items():
        register_minimizer(name, [name], answer)  # type: ignore[arg-type]

    assert [minimized(ON, name, LONG, 0) for name in ("fails", "none", "longer")] == [None] * 3
    assert minimized(ON, "empty", LONG, 0).text == "OK\n"  # type: ignore[union-attr]
    assert minimized(ON, "empty", LONG, 1).text == "\n"  # type: ignore[union-attr]


def test_a_filter_needs_a_name_of_its_own() -> None:
    for name in ("", "chain"):
        with pytest.raises(ValueError, match="no filter can have the name"):
            register_minimizer(name, ["x"], every_third)


def test_words_of_a_chain() -> None:
    assert simple_commands("A=1 B='2 3' git  commit -m 'a && b'; true") == [["git", "commit", "-m", "a && b"], ["true"]]


def test_passed_tests_go_and_failures_stay() -> None:
    dots = "".join(f"tests/test_{n}.py ......................... [{n:3d}%]\n" for n in range(1, 40))
    passed = "".join(f"tests/test_a.py::test_{n} PASSED [ 50%]\n" for n in range(30))
    rest = (
        "= test session starts =\ntests/test_x.py ..F. [ 99%]\nE   assert 1 == 2\n"
        "tests/test_x.py::test_y FAILED\n= 1 failed, 999 passed in 2.00s =\n"
    )

    made = minimized(ON, "pytest -q", dots + passed + rest, 1)

    assert made is not None
    assert made.filter == "pytest"
    assert made.text == rest + "[69 lines of passed tests left out]\n"


def test_progress_goes_and_what_was_done_stays() -> None:
    pip = "Collecting x\n  Downloading x.whl (1.2 MB)\n" * 30 + "Successfully installed x-1.0\n"
    git = "remote: Counting objects:  10% (1/10)\rremote: Counting objects: 100% (10/10), done.\n" * 20
    received = "Receiving objects:  50% (5/10)\rReceiving objects: 100% (10/10), done.\n"
    told = "Cloning into 'x'...\n" + git + received + "warning: mind this\n"

    made = minimized(ON, "pip install x", pip, 0)
    cloned = minimized(ON, "git clone x", told, 0)

    assert made is not None
    assert made.text == "Successfully installed x-1.0\n[60 lines of progress left out]\n"
    assert cloned is not None
    assert cloned.text == "Cloning into 'x'...\nwarning: mind this\n[21 lines of progress left out]\n"
    assert minimized(ON, "pip install x", pip, 1) is None  # who looks for the reason needs every line
    assert minimized(ON, "git log", LONG, 0) is None


def test_a_shell_offers_the_shorter_text_and_tells_all(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(LONG)
    define = f"tell() {{ cat {tmp_path}/text; }}"

    with Shell(minimizer=ON) as shell:
        shell.run(define)
        parts: list[str] = []
        result = shell.run("tell", on_chunk=parts.append)
        assert shell.run("tell | cat").minimized is None
        assert shell.run("tell").output == LONG

    assert "".join(parts) == LONG
    assert result.minimized is not None
    assert result.minimized.original_text == LONG
    assert result.minimized.filter == "thirds"
    assert execute_shell(f"{define}; tell", minimizer=ON).minimized is None


@pytest.mark.parametrize(("command", "piece"), [("git status", '" '), ("pytest", "a::"), ("git clone x", "1%")])
def test_a_line_without_end_is_no_noise_and_takes_no_time(command: str, piece: str) -> None:
    """Before, time went by the square of it: a quarter of an hour for this one, and nothing could end it."""
    assert minimized(ON, command, f'  (use "git {piece * 500_000}\n', 0) is None
