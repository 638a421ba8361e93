"""Size: ten thousand of anything, and depth that costs nothing at run time."""

from __future__ import annotations

import pytest

from flowbench.flow import Evaluation, ParseError, compile, evaluate_sync, nodes, parse
from tests.flow.flows import evaluation, fan, inc, run, seq, step
from tests.flow.sinks import Memory


def test_ten_thousand_steps_run_in_one_go() -> None:
    flow = seq(*[step("inc")] * 10_000)

    assert run(flow, {"inc": inc}, {"x": 0}) == {"x": 10_000}
    assert evaluate_sync(evaluation(flow, {"inc": inc}), {"x": 0}) == {"x": 10_000}


def test_ten_thousand_keys_are_written_without_copying_the_ctx_each_time() -> None:
    flow = seq(*[step("inc", "$.x", f"$.s{index}") for index in range(10_000)])

    end = run(flow, {"inc": inc}, {"x": 0})

    assert len(end) == 10_001


def test_nesting_costs_no_depth_at_run_time() -> None:
    node: nodes.Node = parse(step("inc"))
    for _ in range(20_000):
        node = nodes.Seq(children=(node,))
    program = compile(node)

    assert evaluate_sync(Evaluation(program, [inc], Memory()), {"x": 1}) == {"x": 2}
    while isinstance(node, nodes.Seq):  # taken apart by hand, lest freeing it goes as deep
        (node,) = node.children


def test_fan_outs_built_too_deep_are_refused_when_they_are_compiled() -> None:
    node = parse(step("inc"))
    for _ in range(33):
        outer = parse(fan(seq()))
        assert isinstance(outer, nodes.Fanout)
        node = nodes.Fanout(items=outer.items, bind=outer.bind, body=node, join="all", out=outer.out)

    with pytest.raises(ParseError, match="fan-outs nested deeper than 32"):
        compile(node)
