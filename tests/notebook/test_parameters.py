from __future__ import annotations

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from flowbench.notebook import NotebookRefused, read_parameters
from flowbench.notebook.parameters import check

NOTEBOOK = new_notebook(
    cells=[
        new_code_cell("import flowbench"),
        new_code_cell("limit = 3  # how many\nname: str = 'x'", metadata={"tags": ["parameters"]}),
    ]
)


@pytest.mark.parametrize(
    "name", ["token", "api_key", "apikey", "dbPassword", "DB_PASSWD", "client_secret", "aws_credentials", "PRIVATE_KEY"]
)
def test_a_name_that_looks_like_a_secret_is_warned_of(name: str) -> None:
    assert any("--secret" in line for line in check({name: 1}, NOTEBOOK))


@pytest.mark.parametrize("name", ["tokens_per_minute", "secretary", "key", "limit", "passes", "monkey"])
def test_a_name_that_only_sounds_alike_is_not(name: str) -> None:
    assert not any("--secret" in line for line in check({name: 1}, NOTEBOOK))


def test_a_name_that_the_tagged_cell_does_not_set_is_warned_of_with_the_nearest() -> None:
    assert list(check({"limit": 1, "name": "a"}, NOTEBOOK)) == []
    assert list(check({"limits": 1}, NOTEBOOK)) == [
        "the notebook declares no parameter `limits`; did you mean `limit`?"
    ]


def test_a_tagged_cell_with_a_magic_in_it_is_read_all_the_same() -> None:
    cell = new_code_cell("%load_ext flowbench\nlimit: int = 3\nif limit == 4: pass", metadata={"tags": ["parameters"]})

    assert list(check({"limit": 1}, new_notebook(cells=[cell]))) == []


def test_a_file_of_parameters_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    (tmp_path / "odd.yaml").write_text("1: 2")

    assert read_parameters(tmp_path / "empty.yaml") == {}
    with pytest.raises(NotebookRefused, match="no mapping of names"):
        read_parameters(tmp_path / "odd.yaml")
