from __future__ import annotations

from functools import partial
from typing import Any

from flowbench.blueprint import Functions, load
from flowbench.notebook.agents import MISSING, listing
from tests.flows import blueprint, seq, step
from tests.notebook.conftest import Shell


def add(a: Any, b: Any) -> Any:
    return a + b


async def nap(seconds: float) -> None: ...


def test_each_agent_says_how_it_runs_where_it_is_defined_and_who_uses_it() -> None:
    functions = Functions()
    functions.register(add)
    functions.register(nap)
    functions.register(partial(add, 1), id="more", inline=True)
    flows = {"one": load(blueprint(seq(step("add"), step("gone")))), "two": load(blueprint(step("add")))}

    rows = {row.agent: row for row in listing(functions, flows, lambda file: file.rpartition("/")[2])}

    assert list(rows) == ["add", "gone", "more", "nap"]
    assert [row.kind for row in rows.values()] == ["thread", MISSING, "inline", "async"]
    assert (rows["add"].takes, rows["add"].used_by) == ("(a: 'Any', b: 'Any') -> 'Any'", "one, two")
    assert rows["add"].defined == rows["more"].defined == f"test_agents.py:{add.__code__.co_firstlineno}"


def test_the_magic_names_the_cell_and_leaves_the_rows(shell: Shell) -> None:
    shell("import flowbench as fb\n@fb.agent\ndef from_a_cell(x):\n    return x")

    ran = shell("%fb agents --out who")

    assert any(row["agent"] == "from_a_cell" for row in shell.names["who"])
    assert "from_a_cell" in ran.shown[0]["text/plain"]
    assert "<table>" in ran.shown[0]["text/html"]


def test_of_one_blueprint_only_its_agents_are_listed_also_missing_ones(shell: Shell) -> None:
    shell.names["demo"] = load(blueprint(step("nobody_has_this")))

    told = shell("%fb agents demo").shown[0]["text/plain"].splitlines()

    assert len(told) == 2
    assert "not defined" in told[1]
