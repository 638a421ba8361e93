"""Layer order: base layers, those of the launch, the Blueprint's hints, the alias; each outside the one before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flowbench import engine
from flowbench.blueprint import lint, load
from flowbench.runtime import Faces, RunError
from tests.engine.layered import Everybody, functions, run
from tests.flows import blueprint, step


@pytest.fixture
def registry() -> Iterator[engine.LayerRegistry]:
    """That of the process, as it was afterwards."""
    held = engine.layer_registry
    yield held
    for name in ("one", "two", "three", "four", "audit"):
        held.remove(name)


def marked(name: str, heard: list[str]) -> engine.PythonLayer:
    return engine.PythonLayer(
        lambda ctx: heard.append(f"before {name}"), lambda ctx, _: heard.append(f"after {name}"), name=name
    )


def test_each_wrap_goes_outside_the_one_before(registry: engine.LayerRegistry) -> None:
    heard: list[str] = []
    registry.base(marked("one", heard))
    registry.base(marked("two", heard))
    registry.hint(marked("four", heard))

    run("same", layers=[marked("three", heard)], hints=["four"])

    names = ["four", "three", "two", "one"]
    assert heard == [f"before {name}" for name in names] + [f"after {name}" for name in reversed(names)]


def test_the_stack_is_named_innermost_first_with_the_alias_outermost(registry: engine.LayerRegistry) -> None:
    registry.base("audit")
    metadata = {"project_name_alias": "apollo"}
    hints = {"layers": ["operator_delegate", "nobody_knows", "main_ai", "main_ai"]}
    made = load(blueprint(step("same"), metadata=metadata, spawner_hints=hints))

    stack = registry.stack(made, [engine.SinkLayer("http://sink")])

    names = ["audit", "sink", "operator_delegate", "main_ai", "main_ai", "project_name_alias"]
    assert [each.name for each in stack] == names


def test_a_layer_that_is_registered_again_takes_the_place_of_the_first(registry: engine.LayerRegistry) -> None:
    first, second, other = (engine.PythonLayer(name=name) for name in ("one", "one", "two"))
    registry.base(first)
    registry.base(other)

    registry.base(second)

    stack = registry.stack(load(blueprint(step("same"))))
    assert [each is wanted for each, wanted in zip(stack, (second, other), strict=True)] == [True, True]
    assert registry.remove("one")
    assert not registry.remove("one")


def test_a_hint_twice_wraps_twice() -> None:
    everybody = Everybody()

    run("same", hints=["main_ai", "main_ai"], operator=Faces("main_ai", hook=everybody))

    assert [what for what, _ in everybody.heard] == ["before", "before", "after", "after"]


def test_an_unknown_hint_is_left_out_and_lint_says_so(registry: engine.LayerRegistry) -> None:
    registry.hint(engine.PythonLayer(name="one"))
    made = load(blueprint(step("same"), spawner_hints={"layers": ["main_ia", "one", "xyz"]}))

    assert run("same", hints=["main_ia"]).result() == {"x": 1}

    found = [each for each in lint(made, functions=functions()) if each.code == "unknown_layer"]
    assert [(each.level, each.place) for each in found] == [
        ("warning", "$.spawner_hints.layers[0]"),
        ("warning", "$.spawner_hints.layers[2]"),
    ]
    assert found[0].suggestion == "did you mean 'main_ai'?"
    assert "there are audit, long_hold, main_ai, one," in found[1].suggestion


def test_an_unknown_layer_of_a_launch_is_refused() -> None:
    with pytest.raises(engine.UnknownLayer, match=r"no layer is called 'audti'; did you mean 'audit'\?"):
        run("same", layers=["audti"])


def test_what_is_no_operator_is_refused_with_what_would_be() -> None:
    with pytest.raises(RunError, match=r'operator is "people", Faces\(\.\.\.\), or an object with before'):
        run("same", operator=object())
    with pytest.raises(RunError, match=r"operator.kind is no operator kind: 'main-ai'; did you mean 'main_ai'\?"):
        run("same", operator=Faces("main-ai"))
    with pytest.raises(RunError, match=r"operator.kinds\['same'\] is no operator kind"):
        run("same", operator=Faces(kinds={"same": "human"}))


# -- what follows from the order


def heard(agent: str, hints: list[str], **answers: Any) -> list[Any]:
    everybody = Everybody(**answers)
    run(agent, hints=hints, operator=Faces("main_ai", hook=everybody, bridge=everybody, backend=everybody))
    return everybody.heard


WORK = ("execute", None, "1", None)
QUESTION = {"reason": "worker reported ok=false", "value": {"got": 1}}
UPGRADED = {"original": {"got": 1}, "senior_answer": "senior says"}


def test_a_delegate_outside_a_hook_keeps_it_from_everything() -> None:
    assert heard("same", ["main_ai", "operator_delegate"]) == [WORK]


def test_a_hook_outside_a_delegate_is_around_its_work() -> None:
    assert heard("same", ["operator_delegate", "main_ai"]) == [("before", "same"), WORK, ("after", "operator did")]


def escalated(hints: list[str]) -> list[Any]:
    everybody = Everybody()
    run("blocks", hints=hints, operator=Faces("main_ai", hook=everybody, bridge=everybody))
    return everybody.heard


def test_a_hook_inside_a_senior_hears_what_was_blocked() -> None:
    wanted = [("before", "blocks"), ("after", {"got": 1}), ("ask", QUESTION)]

    assert escalated(["main_ai", "senior_escalation"]) == wanted


def test_a_hook_outside_a_senior_hears_the_upgraded_value() -> None:
    wanted = [("before", "blocks"), ("ask", QUESTION), ("after", UPGRADED)]

    assert escalated(["senior_escalation", "main_ai"]) == wanted
