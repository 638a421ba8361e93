"""What is in the folds of a large drawing opens without a kernel."""

from __future__ import annotations

import base64
import re
from typing import Any

from flowbench.blueprint import Functions, draw, load
from flowbench.notebook import still
from flowbench.notebook.unfolded import pieces
from flowbench.runtime import launch
from tests.flows import attempt, blueprint, fan, seq, step

FUNCTIONS = Functions()


@FUNCTIONS.agent(inline=True)
def count(x: Any) -> Any:
    if x == 200:
        raise ValueError("too large")
    return x + 1


def long(steps: int) -> Any:
    return blueprint(seq(*[step("count")] * steps))


def pictures(html: str) -> list[str]:
    return [base64.b64decode(data).decode() for data in re.findall(r'base64,([^"]+)"', html)]


def test_every_fold_has_a_drawing_of_its_own_with_what_is_between() -> None:
    made = load(blueprint(seq(*[attempt(step("a")) if n % 3 else step("a") for n in range(120)])))

    found = {piece.fold: piece.drawing for piece in pieces(made, draw(made))}

    whole = draw(made, found)
    assert sorted(node.id for each in found.values() for node in each.nodes) == sorted(
        node.id for node in whole.nodes if node.kind not in ("start", "end")
    )
    first = found["[0-23]"]
    assert {group.id for group in first.groups} == {f"{n}.b" for n in range(24) if n % 3}
    assert {node.group for node in first.nodes} == {group.id for group in first.groups} | {""}
    assert ("0", "1") in {(edge.tail, edge.head) for edge in first.edges}


def test_folds_inside_folds_and_inside_fan_outs_are_found() -> None:
    deep = load(blueprint(seq(step("a"), fan(seq(*[fan(step("b"))] * 60)))))
    wide = load(long(1_300))

    assert [piece.fold for piece in pieces(deep, draw(deep))] == ["1.f[0-19]", "1.f[20-39]", "1.f[40-59]"]
    found = {piece.fold: piece.drawing for piece in pieces(wide, draw(wide))}
    assert [node.id for node in found["[0-108]"].nodes] == ["[0-21]", "[22-43]", "[44-65]", "[66-87]", "[88-108]"]
    assert [node.id for node in found["[22-43]"].nodes] == [str(n) for n in range(22, 44)]


def test_a_saved_run_opens_its_folds_with_their_colours_and_values() -> None:
    run = launch(long(240), {"x": 1}, functions=FUNCTIONS, durability="memory")
    run.wait(30)

    html = still.of_run(run)["text/html"]

    whole, *inside = pictures(html)
    assert "fb-failed" not in whole  # of its own; the fold is mixed
    assert [picture.count("fb-done") for picture in inside[:9]] == [24] * 8 + [7]
    assert sum("fb-failed" in picture for picture in inside) == 1
    assert len(inside) == 10
    assert re.search(r'<summary title="24 nodes, 1 to 24 of 240".*?<summary title="count at 0"', html, re.DOTALL)


def test_what_has_no_room_as_a_picture_is_listed() -> None:
    html = still.of_blueprint(load(long(3_000)))["text/html"]

    assert len(html) < 900_000
    assert re.search(r"<pre[^>]*>\d+  count\n", html)
