"""Diagnostics: errors of every stage, told as one model: with place, line and column, and what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import flowbench as fb
from flowbench import blueprint as bp
from flowbench.diagnostic import html
from flowbench.runtime import launch

TYPO = "id: x\nflow: {kind: step, ref: nobody, in: $.a, oot: $.b}\n"
NOBODY = {"id": "x", "flow": {"kind": "step", "ref": "tset", "in": "$.a", "out": "$.b"}}
SECRET = fb.seq(fb.step("keeper", fb.lit("$secret:NOWHERE_TO_BE_FOUND"), fb.ctx.a))
FUNCTIONS = bp.Functions()
FUNCTIONS.register(lambda value: value, id="keeper")
FUNCTIONS.register(lambda value: 1 / 0, id="test")

RAISED: dict[str, tuple[Callable[[], object], dict[str, object]]] = {
    "text": (
        lambda: bp.load("id: x\nflow: [}"),
        {"stage": "read", "kind": "refusal", "code": "unreadable_text", "line": 2, "place": ""},
    ),
    "field": (
        lambda: bp.load(TYPO),
        {"stage": "read", "kind": "refusal", "code": "invalid_blueprint", "line": 2, "place": "$.flow.oot"},
    ),
    "ref": (
        lambda: launch(NOBODY, functions=FUNCTIONS),
        {"stage": "compile", "kind": "refusal", "code": "unresolved_ref", "suggestion": "did you mean 'test'?"},
    ),
    "secret": (
        lambda: launch(SECRET, functions=FUNCTIONS),
        {"stage": "launch", "kind": "refusal", "code": "secret_not_given"},
    ),
    "step": (
        lambda: launch(fb.step("test", fb.lit(1), fb.ctx.a), functions=FUNCTIONS, durability="memory").result(),
        {"stage": "run", "kind": "failure", "code": "run_failed"},
    ),
}


@pytest.mark.parametrize(("act", "facts"), RAISED.values(), ids=RAISED.keys())
def test_every_error_is_a_diagnostic_too(act: Callable[[], object], facts: dict[str, object]) -> None:
    with pytest.raises(fb.FlowbenchError) as raised:
        act()

    told = raised.value.diagnostic

    known = told.facts()
    assert {name: known[name] for name in facts} == facts
    assert told.level == "error"
    assert told.message
    assert "\n" not in str(told)


def test_a_flow_written_in_python_names_its_line() -> None:
    with pytest.raises(fb.FlowbenchError) as raised:
        fb.loop(False, [], max=1)

    told = raised.value.diagnostic

    assert (told.stage, told.code) == ("read", "authoring")
    assert told.source.endswith("test_diagnostic.py")
    assert told.excerpt.strip() == "fb.loop(False, [], max=1)"
    assert "test_diagnostic.py" in html([told])
