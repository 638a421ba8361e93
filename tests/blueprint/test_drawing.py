"""Drawings: a box per node under its address, arrows in the order of work, groups around bodies."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from hypothesis import given

from flowbench.blueprint import Blueprint, draw, load
from flowbench.flow import shape
from flowbench.graph import Drawing
from tests.blueprint.samples import blueprints

EMPTY: dict[str, Any] = {"kind": "seq", "children": []}


def step(ref: str) -> dict[str, Any]:
    return {"kind": "step", "ref": ref, "in": "$.a", "out": "$.b"}


def seq(*children: Any) -> dict[str, Any]:
    return {"kind": "seq", "children": list(children)}


def drawn(flow: dict[str, Any]) -> Drawing:
    return draw(load(flow, name="x"))


def arrows(drawing: Drawing) -> list[str]:
    lines = []
    for edge in drawing.edges:
        label = f" [{edge.label}]" if edge.label else ""
        style = f" {edge.style}" if edge.style != "solid" else ""
        lines.append(f"{edge.tail} > {edge.head}{label}{style}{' back' if edge.back else ''}")
    return lines


def boxes(drawing: Drawing) -> list[tuple[str, str, str, str, str]]:
    inner = [node for node in drawing.nodes if node.kind not in ("start", "end")]
    return [(node.id, node.kind, node.label, node.detail, node.group) for node in inner]


def groups(drawing: Drawing) -> list[tuple[str, str, str]]:
    return [(group.id, group.label, group.parent) for group in drawing.groups]


def test_a_single_step_is_read_as_a_seq_of_one() -> None:
    drawing = drawn(step("upper"))

    assert boxes(drawing) == [("0", "step", "upper", "$.a → $.b", "")]
    assert arrows(drawing) == ["start > 0", "0 > end"]
    assert drawing.title == "x"


def test_an_empty_flow_leads_from_start_to_end() -> None:
    assert arrows(drawn(EMPTY)) == ["start > end"]


def test_nested_seqs_have_addresses_and_no_boxes() -> None:
    drawing = drawn(seq(step("a"), seq(step("b"), seq(), seq(step("c"))), step("d")))

    assert arrows(drawing) == ["start > 0", "0 > 1.0", "1.0 > 1.2.0", "1.2.0 > 2", "2 > end"]


def test_a_branch_shows_its_condition_and_both_ways() -> None:
    cond = {"op": "gt", "lhs": "$.size", "rhs": {"op": "lit", "value": 400}}
    drawing = drawn(seq({"kind": "branch", "cond": cond, "then": step("a"), "else": seq(step("b"))}, step("c")))

    assert boxes(drawing)[0] == ("0", "branch", "$.size > 400", "", "")
    assert arrows(drawing) == [
        "start > 0",
        "0 > 0.t [yes]",
        "0 > 0.e.0 [no]",
        "0.t > 1",
        "0.e.0 > 1",
        "1 > end",
    ]


def test_an_empty_way_of_a_branch_keeps_its_label() -> None:
    drawing = drawn({"kind": "branch", "cond": "$.a", "then": step("a"), "else": EMPTY})

    assert arrows(drawing) == ["start > 0", "0 > 0.t [yes]", "0.t > end", "0 > end [no]"]


def test_a_fanout_has_a_group_around_its_body_and_a_join() -> None:
    body = seq(
        step("a"), {"kind": "fanout", "items": "$.j", "bind": "$.k", "body": step("b"), "join": "any", "out": "$"}
    )
    drawing = drawn({"kind": "fanout", "items": "$.items", "bind": "$.item", "body": body, "join": "all", "out": "$.r"})

    assert boxes(drawing) == [
        ("0", "fanout", "for each of $.items", "as $.item", ""),
        ("0.f.0", "step", "a", "$.a → $.b", "0.f"),
        ("0.f.1", "fanout", "for each of $.j", "as $.k", "0.f"),
        ("0.f.1.f", "step", "b", "$.a → $.b", "0.f.1.f"),
        ("0.f.1.join", "join", "any", "→ $", "0.f"),
        ("0.join", "join", "all", "→ $.r", ""),
    ]
    assert groups(drawing) == [("0.f", "each item", ""), ("0.f.1.f", "each item", "0.f")]
    assert arrows(drawing)[-2:] == ["0.f.1.join > 0.join", "0.join > end"]


def test_a_loop_goes_back_and_shows_its_bound() -> None:
    loop = {"kind": "loop", "counter": "$.n", "cond": "$.more", "body": seq(step("a"), step("b")), "max": 5000}
    drawing = drawn(seq(loop, step("c")))

    assert boxes(drawing)[0] == ("0", "loop", "while $.more", "$.n, max 5,000", "")
    assert groups(drawing) == [("0.i", "repeat", "")]
    assert arrows(drawing) == [
        "start > 0",
        "0 > 0.i.0",
        "0.i.0 > 0.i.1",
        "0.i.1 > 0 back",
        "0 > 1 [done]",
        "1 > end",
    ]


def test_a_try_leads_to_its_catch_by_a_dashed_arrow() -> None:
    drawing = drawn({"kind": "try", "body": step("a"), "catch": seq(step("b")), "err_at": "$.error"})

    assert boxes(drawing)[0] == ("0", "try", "try", "error → $.error", "")
    assert groups(drawing) == [("0.b", "try", ""), ("0.c", "on error", "")]
    assert arrows(drawing) == ["start > 0", "0 > 0.b", "0 > 0.c.0 [on error] dashed", "0.b > end", "0.c.0 > end"]


def test_bodies_without_boxes_have_no_groups() -> None:
    loop = {"kind": "loop", "counter": "$.n", "cond": "$.c", "body": EMPTY, "max": 1}
    attempt = {"kind": "try", "body": EMPTY, "catch": EMPTY}
    fanout = {"kind": "fanout", "items": "$.a", "bind": "$.b", "body": EMPTY, "join": "race", "out": "$.c"}

    drawing = drawn(seq(loop, attempt, fanout))

    assert groups(drawing) == []
    assert arrows(drawing) == [
        "start > 0",
        "0 > 0 back",
        "0 > 1 [done]",
        "1 > 2",
        "1 > 2 [on error] dashed",
        "2 > 2.join",
        "2.join > end",
    ]


def test_both_spellings_of_a_write_are_small_boxes() -> None:
    value = {"op": "add", "lhs": "$.a", "rhs": {"op": "lit", "value": 1}}
    drawing = drawn(
        seq({"kind": "assign", "at": "$.x", "value": value}, {"kind": "let", "at": "ctx.x", "value": value})
    )

    assert boxes(drawing) == [("0", "assign", "$.x = $.a + 1", "", ""), ("1", "assign", "ctx.x = $.a + 1", "", "")]


def test_a_long_seq_is_drawn_in_stretches_that_open() -> None:
    blueprint = load(seq(*[step(str(index)) for index in range(1_000)]), name="x")

    folded = draw(blueprint)
    opened = draw(blueprint, ["[84-167]"])

    folds = [(node.id, node.label, node.detail) for node in folded.nodes if node.kind == "fold"]
    assert len(folds) == len(folded.nodes) - 2 == 12
    assert folds[1] == ("[84-167]", "84 nodes", "85 to 168 of 1,000")
    assert arrows(folded)[1] == "[0-83] > [84-167]"
    assert [node.id for node in opened.nodes if node.group == "[84-167]"] == [str(index) for index in range(84, 168)]
    assert "[0-83] > 84" in arrows(opened)
    assert "167 > [168-251]" in arrows(opened)


def test_a_very_long_seq_opens_in_two_turns() -> None:
    blueprint = load(seq(*[step("a")] * 10_000), name="x")

    once = draw(blueprint, ["[0-833]"])
    twice = draw(blueprint, ["[0-833]", "[0-69]"])

    assert [node.id for node in once.nodes if node.group][:2] == ["[0-69]", "[70-139]"]
    assert [group.parent for group in twice.groups] == ["", "[0-833]"]
    assert len(twice.nodes) < 100


def test_a_flow_is_folded_only_where_it_is_large() -> None:
    inner = seq(*[step("a")] * 40)
    small = draw(load(seq(inner, step("b")), name="x"))
    large = draw(load(seq(*[inner] * 10, seq(step("b"), step("c"))), name="x"))

    assert [node.kind for node in small.nodes].count("fold") == 0
    assert [node.id for node in large.nodes if node.kind == "fold"][:3] == ["0[0-19]", "0[20-39]", "1[0-19]"]
    assert [node.label for node in large.nodes if node.kind == "step"] == ["b", "c"]


def test_10000_steps_are_drawn_quickly() -> None:
    blueprint = load(seq(*[seq(*[step("a")] * 20)] * 20, *[step("a")] * 9_600), name="x")
    began = time.perf_counter()

    drawing = draw(blueprint)

    assert len(drawing.nodes) == 14
    assert time.perf_counter() - began < 5  # about 0.1 s; quadratic work would take minutes


def test_depth_costs_no_stack() -> None:
    flow = step("a")
    for _ in range(90):
        flow = {"kind": "branch", "cond": "$.c", "then": flow, "else": step("b")}

    drawing = drawn(flow)

    assert len(drawing.nodes) == 90 + 91 + 2
    assert drawing.nodes[91].id == "0" + ".t" * 90


@given(blueprints)
def test_any_blueprint_is_drawn_with_every_box_reached_and_under_a_shape(blueprint: Blueprint) -> None:
    drawing = draw(blueprint)

    ids = [node.id for node in drawing.nodes]
    heads = Counter(edge.head for edge in drawing.edges)
    addresses = [id for id in ids if id not in ("start", "end") and not id.endswith(("join", "]"))]
    assert [id for id in ids if not heads[id]] == ["start"]
    assert [id for id in addresses if shape(id) != id] == []
    assert {group.id for group in drawing.groups} == {node.group for node in drawing.nodes} - {""} | {
        group.parent for group in drawing.groups
    } - {""}
