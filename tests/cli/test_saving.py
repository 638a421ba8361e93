"""Files that a person names with -o."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from flowbench.cli import main
from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.saving import save


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.svg").write_text("old")
    (tmp_path / "link.svg").symlink_to("real.svg")

    save(tmp_path / "link.svg", b"new")

    assert (tmp_path / "link.svg").is_symlink()
    assert (tmp_path / "real.svg").read_text() == "new"


def test_what_is_no_ordinary_file_is_written_into_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()

    save(pipe, b"drawing")
    reader.join(20)

    assert read == [b"drawing"]
    assert pipe.is_fifo()


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"cannot save .*no/x\.svg: the folder .*no does not exist") as caught:
        save(tmp_path / "no" / "x.svg", b"")

    assert caught.value.exit_code == Exit.USAGE


def test_the_schema_says_where_it_is_for_programs(desk: Path) -> None:
    told = CliRunner().invoke(main, ["schema", "-o", "s.json", "--json"])

    assert json.loads(told.stdout) == {"file": str(desk / "s.json"), "bytes": (desk / "s.json").stat().st_size}
