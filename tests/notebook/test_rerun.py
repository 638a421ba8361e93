"""`%fb rerun`: a step of a run is run again, from a cell."""

from __future__ import annotations

from tests.notebook.conftest import Shell


def test_a_step_of_a_run_is_run_again_as_a_new_run(desk: Shell) -> None:
    desk("%fb run twice --ctx {'x': 1} --out first")

    desk("%fb rerun first --at double --set $.x=5 --out again")

    assert desk.names["again"].id != desk.names["first"].id
    assert desk.names["again"].ctx == {"x": 10, "y": 20}
