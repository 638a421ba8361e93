"""A compiled module comes back only from a place that nobody else can have written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowbench.graph.artefacts import Artefacts, default_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "graph"


def test_what_was_written_is_read_back(folder: Path) -> None:
    Artefacts(folder).write("key", b"code")

    assert Artefacts(folder).read("key") == b"code"


def test_an_empty_place_has_nothing(folder: Path) -> None:
    assert Artefacts(folder).read("key") is None


def test_folders_and_files_are_private_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        Artefacts(folder).write("key", b"code")
    finally:
        os.umask(before)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in folder.iterdir()] == [0o600]


@pytest.mark.parametrize(
    "content",
    [b"", b"short", b"\0" * 32, b"\0" * 32 + b"code"],
    ids=["empty", "shorter than a digest", "digest alone", "wrong digest"],
)
def test_a_damaged_file_is_no_file(folder: Path, content: bytes) -> None:
    artefacts = Artefacts(folder)
    artefacts.write("key", b"code")
    (file,) = folder.iterdir()

    file.write_bytes(content)

    assert artefacts.read("key") is None


def test_one_flipped_bit_is_noticed(folder: Path) -> None:
    artefacts = Artefacts(folder)
    artefacts.write("key", b"code" * 100)
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())

    content[200] ^= 1
    file.write_bytes(content)

    assert artefacts.read("key") is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o755, 0o701])
def test_a_folder_open_to_others_is_neither_read_nor_written(folder: Path, mode: int) -> None:
    artefacts = Artefacts(folder)
    artefacts.write("key", b"code")
    folder.chmod(mode)

    artefacts.write("other", b"code")

    assert artefacts.read("key") is None
    assert len(list(folder.iterdir())) == 1


def test_a_file_open_to_others_is_no_file(folder: Path) -> None:
    artefacts = Artefacts(folder)
    artefacts.write("key", b"code")
    (file,) = folder.iterdir()

    file.chmod(0o660)

    assert artefacts.read("key") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_read(folder: Path) -> None:
    artefacts = Artefacts(folder)
    artefacts.write("key", b"code")

    os.chown(folder, 12345, 12345)

    assert artefacts.read("key") is None


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    real = Artefacts(tmp_path / "elsewhere")
    real.write("key", b"code")
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    own = tmp_path / "own"
    Artefacts(own).write("other", b"code")
    (file,) = (tmp_path / "elsewhere").iterdir()
    (own / file.name).symlink_to(file)

    assert Artefacts(folder).read("key") is None
    assert Artefacts(own).read("key") is None


def test_a_pipe_in_place_of_the_file_does_not_block(folder: Path) -> None:
    artefacts = Artefacts(folder)
    artefacts.write("key", b"code")
    (file,) = folder.iterdir()
    file.unlink()

    os.mkfifo(file, 0o600)

    assert artefacts.read("key") is None


def test_a_place_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    artefacts = Artefacts(tmp_path / "file" / "graph")

    artefacts.write("key", b"code")

    assert artefacts.read("key") is None


def test_no_draft_is_left_behind_when_the_last_move_fails(folder: Path) -> None:
    artefacts = Artefacts(folder)
    artefacts.write("key", b"code")
    (file,) = folder.iterdir()
    file.unlink()
    file.mkdir()

    artefacts.write("key", b"code")

    assert [entry.name for entry in folder.iterdir()] == [file.name]


def test_the_home_of_flowbench_holds_the_cache(home: Path) -> None:
    assert default_folder() == home / "cache" / "graph"


def test_without_a_home_it_is_the_cache_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FLOWBENCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    assert default_folder().is_relative_to(tmp_path)
    assert default_folder().parts[-2:] == ("flowbench", "graph")
