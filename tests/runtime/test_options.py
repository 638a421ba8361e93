"""What a launch is told: an option that means nothing is refused, not overlooked."""

from __future__ import annotations

from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from tests.flows import blueprint, step

CASES = [
    ({"timout": 5}, TypeError, r"knows no option 'timout'; did you mean 'timeout'\?"),
    ({"durability": "disk"}, fb.FlowbenchError, r'durability is "memory", "process" or "power", not \'disk\''),
    ({"compat": "0.1"}, fb.FlowbenchError, r'compat is "0.1.1" or None, not \'0.1\''),
]


@pytest.fixture
def functions() -> Functions:
    table = Functions()
    table.register(lambda value: value + 1, id="inc")
    return table


@pytest.mark.parametrize(("options", "error", "said"), CASES, ids=["unknown", "durability", "compat"])
def test_a_launch_refuses_it_before_anything_is_recorded(
    functions: Functions, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    for start in (fb.launch, fb.debug):
        with pytest.raises(error, match=said):
            start(blueprint(step("inc")), {"x": 1}, functions=functions, **options)

    assert fb.runs() == []


def test_a_resume_refuses_what_only_a_launch_knows(functions: Functions) -> None:
    run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions)
    run.result(30)
    unknown: dict[str, Any] = {"compat": "0.1.1"}

    with pytest.raises(TypeError, match=r"resume\(\) knows no option 'compat'"):
        fb.resume(run.id, functions=functions, **unknown)


def test_a_dialect_that_nobody_knows_is_refused_where_a_flow_is_read() -> None:
    with pytest.raises(fb.FlowbenchError, match=r'compat is "0.1.1" or None'):
        fb.load(blueprint(step("inc")), compat="0.1")
