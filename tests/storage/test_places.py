"""Places: the variable rules, and a folder of ours is ours alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs
import pytest

from flowbench.storage import StorageError, cache, home, private_dir, runs


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_variable_says_where_everything_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWBENCH_HOME", str(tmp_path))

    assert (home(), runs(), cache()) == (tmp_path, tmp_path / "runs", tmp_path / "cache")


@pytest.mark.parametrize("text", [None, ""], ids=["unset", "empty"])
def test_without_the_variable_the_folders_of_the_user_are_used(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLOWBENCH_HOME", raising=False)
    if text is not None:
        monkeypatch.setenv("FLOWBENCH_HOME", text)

    assert home() == platformdirs.user_data_path("flowbench", appauthor=False)
    assert runs() == home() / "runs"
    assert cache() == platformdirs.user_cache_path("flowbench", appauthor=False)


@pytest.mark.parametrize("place", [home, runs, cache])
def test_a_relative_home_is_refused(place: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWBENCH_HOME", "state")
    assert callable(place)

    with pytest.raises(StorageError, match="FLOWBENCH_HOME must be an absolute path"):
        place()


def test_asking_for_a_place_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWBENCH_HOME", str(tmp_path / "home"))

    runs()
    cache()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777], ids=oct)
def test_a_private_folder_and_its_new_parents_are_private_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    previous = os.umask(mask)
    try:
        made = private_dir(tmp_path / "a" / "b")
    finally:
        os.umask(previous)

    assert made == tmp_path / "a" / "b"
    assert (_mode(made), _mode(made.parent)) == (0o700, 0o700)


def test_an_open_folder_of_ours_is_closed_and_its_parents_are_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o777)

    private_dir(tmp_path / "a")

    assert (_mode(tmp_path / "a"), _mode(tmp_path)) == (0o700, 0o755)


def test_a_private_folder_can_be_asked_for_again(tmp_path: Path) -> None:
    private_dir(tmp_path / "a")
    (tmp_path / "a" / "file").touch()

    assert list(private_dir(tmp_path / "a").iterdir()) == [tmp_path / "a" / "file"]


@pytest.mark.parametrize("target", ["real", "missing"])
def test_a_link_is_refused_and_its_target_left_alone(tmp_path: Path, target: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real").chmod(0o755)
    (tmp_path / "a").symlink_to(tmp_path / target)

    with pytest.raises(StorageError, match="is a link; remove it"):
        private_dir(tmp_path / "a")

    assert _mode(tmp_path / "real") == 0o755
    assert not (tmp_path / "missing").exists()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    foreign = Path("/usr")  # root's, for everybody but root
    if os.geteuid() == 0:
        foreign = tmp_path / "foreign"
        foreign.mkdir()
        os.chown(foreign, 12345, 12345)
    before = _mode(foreign)

    with pytest.raises(StorageError, match=r"belongs to user \d+, not to you .* set FLOWBENCH_HOME"):
        private_dir(foreign)

    assert _mode(foreign) == before


@pytest.mark.parametrize("where", ["a", "a/b"])
def test_a_file_in_the_way_is_refused(tmp_path: Path, where: str) -> None:
    (tmp_path / "a").write_bytes(b"precious")

    with pytest.raises(StorageError):
        private_dir(tmp_path / where)

    assert (tmp_path / "a").read_bytes() == b"precious"


def test_a_storage_error_has_a_stable_code_and_names_the_path(tmp_path: Path) -> None:
    error = StorageError(tmp_path, "is full")

    assert (error.code, error.path, error.why, str(error)) == ("storage", tmp_path, "is full", f"{tmp_path}: is full")
