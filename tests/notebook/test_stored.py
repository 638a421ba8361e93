"""`%fb` takes a stored Blueprint wherever it takes one of the notebook."""

from __future__ import annotations

from flowbench.blueprint import GitStore, load
from tests.notebook.conftest import TWICE, Shell


def test_a_stored_blueprint_is_run_by_its_name(desk: Shell) -> None:
    desk(TWICE)
    GitStore().write_new("kept", load(desk.names.pop("twice")))

    ran = desk("%fb run stored:kept@latest --ctx {'x': 1}")

    assert "Traceback" not in ran.out
    assert desk.names["run"].state == "done"


def test_one_that_is_not_stored_is_told_in_a_line(desk: Shell) -> None:
    ran = desk("%fb graph stored:nobody@^1")

    assert "head ref empty: id=nobody" in ran.out
    assert "Traceback" not in ran.out
