"""`flowbench demo`: where the executed tour goes. The tour itself runs in tests/ways/test_install.py."""

from __future__ import annotations

import json
import signal
import stat
import time
from pathlib import Path

from click.testing import CliRunner

from flowbench.cli import main
from flowbench.cli.demo import new_folder
from flowbench.cli.exits import Exit
from tests.cli.conftest import Command


def test_each_demo_gets_a_private_folder_of_its_own(desk: Path) -> None:
    folders = [new_folder() for _ in range(3)]

    assert len(set(folders)) == 3
    assert all(folder.parent == desk.parent / "home" / "demo" for folder in folders)
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_an_output_folder_that_cannot_be_made_is_told(desk: Path) -> None:
    (desk / "file").write_text("")

    told = CliRunner().invoke(main, ["demo", "-o", "file/below"])

    assert told.exit_code == Exit.USAGE
    assert told.stderr.startswith("flowbench: cannot make the folder ")


def test_an_output_that_is_a_file_is_wrong_usage(desk: Path) -> None:
    (desk / "file").write_text("")

    assert CliRunner().invoke(main, ["demo", "-o", "file"]).exit_code == Exit.USAGE


def test_a_terminated_demo_says_where_its_notebook_is_saved(flowbench: Command, desk: Path) -> None:
    process = flowbench.start("demo", "-o", "out", "--json")
    until = time.monotonic() + 60
    while not list((desk.parent / "home" / "runs").glob("*/journal.jsonl")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)

    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=30)

    assert process.returncode == Exit.TERMINATED
    assert json.loads(out)["state"] == "stopped"
    assert error.startswith("flowbench: stopped by SIGTERM")
    assert f"(saved as {desk / 'out' / '00_tour.ipynb'})" in error
    assert (desk / "out" / "00_tour.ipynb").stat().st_size > 1000
