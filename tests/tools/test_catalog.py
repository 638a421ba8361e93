"""The tools that can be steps: what a Blueprint may say of them is what they take."""

from __future__ import annotations

import inspect

import pytest

from flowbench import tools
from flowbench.blueprint import TOOLS
from flowbench.tools import CATALOG, aio

NOT_SAID = {"token", "timeout_ms", "on_chunk", "on_match", "on_matches", "on_start"}
WITHOUT_MEANING = {"ast_grep": {"context"}}
FUNCTIONS = [name for name, tool in CATALOG.items() if tool.function]


def test_both_rooms_know_the_same_tools() -> None:
    assert list(CATALOG) == list(TOOLS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_tool_takes_what_may_be_said_of_it_and_nothing_else(name: str) -> None:
    function, options = getattr(tools, CATALOG[name].function), TOOLS[name]
    takes = inspect.signature(function).parameters

    said = set(options.__struct_fields__)

    assert said - {"timeout_ms", "ok_from"} == set(takes) - NOT_SAID - WITHOUT_MEANING.get(name, set())
    assert ("timeout_ms" in said) == ("timeout_ms" in takes)
    required = {each.name for each in takes.values() if each.default is inspect.Parameter.empty} - {"path"}
    assert required - set(options.needed) == set()


@pytest.mark.parametrize("name", TOOLS)
def test_each_says_what_it_does_and_where_its_input_goes(name: str) -> None:
    options = TOOLS[name]

    assert (options.__doc__ or "").split(".")[0]
    assert options.principal == "" or options.principal in options.__struct_fields__
    assert set(options.needed) | set(options.safe) <= set(options.__struct_fields__)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "timeout_ms" in TOOLS[name].__struct_fields__])
def test_what_takes_a_while_is_awaited_under_the_same_name(name: str) -> None:
    assert hasattr(aio, CATALOG[name].function)
    assert "token" in inspect.signature(getattr(tools, CATALOG[name].function)).parameters
