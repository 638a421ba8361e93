"""The model: what is read, what is written, and what is refused at which place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.blueprint import Blueprint, InvalidBlueprint, dumps, load, parse, to_json
from tests.blueprint.samples import blueprints

EMPTY = {"kind": "seq", "children": []}


def test_a_minimal_blueprint_is_written_with_all_its_defaults_in_order() -> None:
    blueprint = parse({"id": "x", "flow": EMPTY})

    assert json.dumps(to_json(blueprint), separators=(",", ":")) == (
        '{"schema_version":"0.1.0","id":"x","flow":{"kind":"seq","children":[]},"agents":[],"operators":[],'
        '"hints":{"per_agent":{},"global":null},"strategy":{"strict_refs":true,"strict_kind":true},'
        '"metadata":{"description":null,"origin":{"kind":"inline"},"tags":[]},"spawner_hints":{"layers":[]},'
        '"default_agent_kind":"operator"}'
    )


def test_every_struct_is_written_in_its_order_and_omits_only_what_may_be_omitted() -> None:
    data = {
        "id": "x",
        "flow": EMPTY,
        "agents": [{"name": "a", "kind": "lua", "profile": {}, "meta": {}}, {"kind": "python_fn", "name": "b"}],
        "operators": [{"name": "o"}],
        "metadata": {
            "default_run_ttl_secs": 5,
            "version_label": "v",
            "origin": {"kind": "file", "path": "p", "more": 1},
        },
        "default_operator_kind": "main_ai",
    }

    written = json.dumps(to_json(parse(data)), separators=(",", ":"))

    assert (
        '"agents":[{"name":"a","kind":"lua","spec":null,"profile":{"system_prompt":"","model":null,"effort":null,'
        '"tools":[],"description":null,"extras":null,"version_hash":null},'
        '"meta":{"description":null,"version":null,"tags":[]}},'
        '{"name":"b","kind":"python_fn","spec":null,"profile":null,"meta":null}],'
        '"operators":[{"name":"o","display_name":null,"kind":null,"spec":null,"profile":null,"meta":null}]'
    ) in written
    assert (
        '"metadata":{"description":null,"origin":{"kind":"file","path":"p"},"tags":[],'
        '"version_label":"v","default_run_ttl_secs":5}'
    ) in written
    assert written.endswith('"default_agent_kind":"operator","default_operator_kind":"main_ai"}')


@given(blueprints)
def test_a_blueprint_survives_writing_and_reading(blueprint: Blueprint) -> None:
    written = to_json(blueprint)

    assert load(written) == blueprint
    assert load(json.dumps(written)) == blueprint
    assert load(json.dumps(written), format="yaml") == blueprint
    assert load(dumps(blueprint)) == blueprint
    assert to_json(load(written)) == written


@given(blueprints, st.randoms())
def test_canonical_json_does_not_depend_on_the_order_of_keys(blueprint: Blueprint, random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            items = list(value.items())
            random.shuffle(items)
            return {key: shuffled(each) for key, each in items}
        return [shuffled(each) for each in value] if isinstance(value, list) else value

    assert dumps(load(shuffled(to_json(blueprint)))) == dumps(blueprint)


def bad(change: dict[str, Any]) -> dict[str, Any]:
    return {"id": "x", "flow": EMPTY, **change}


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        ([], "$", "expected an object, not a list"),
        ({"flow": EMPTY}, "$", 'the field "id" is missing'),
        ({"id": "x"}, "$", 'the field "flow" is missing'),
        (bad({"id": None}), "$.id", "expected a string, not null"),
        (bad({"id": 5}), "$.id", "expected a string, not the number 5"),
        (bad({"flow": None}), "$.flow", ""),
        (bad({"flow": {"kind": "seq", "children": [{"kind": "stp"}]}}), "$.flow.children[0]", ""),
        (bad({"agents": [{"id": "a", "kind": "lua"}]}), "$.agents[0].id", 'unknown field "id" (did you mean "name"?)'),
        (bad({"agents": [{"name": "a", "type": "lua"}]}), "$.agents[0].type", '(did you mean "kind"?)'),
        (bad({"agents": [{"name": "a", "kind": "shell"}]}), "$.agents[0].kind", '(did you mean "subprocess"?)'),
        (bad({"metadata": {"origin": {"type": "inline"}}}), "$.metadata.origin.type", '(did you mean "kind"?)'),
        (bad({"agent": []}), "$.agent", 'unknown field "agent" (did you mean "agents"?)'),
        (bad({"schema_version": "1"}), "$.schema_version", 'expected a version like "0.1.0", not the text "1"'),
        (bad({"schema_version": "01.0.0"}), "$.schema_version", "expected a version"),
        (bad({"schema_version": None}), "$.schema_version", "expected a version"),
        (bad({"agents": None}), "$.agents", "expected a list, not null"),
        (bad({"agents": {}}), "$.agents", "expected a list, not an object"),
        (bad({"agents": ["a"]}), "$.agents[0]", 'expected an object, not the text "a"'),
        (bad({"agents": [{"name": "a"}]}), "$.agents[0]", 'the field "kind" is missing'),
        (bad({"agents": [{"kind": "lua"}]}), "$.agents[0]", 'the field "name" is missing'),
        (bad({"agents": [{"name": "a", "kind": "python"}]}), "$.agents[0].kind", 'did you mean "python_fn"?'),
        (bad({"agents": [{"name": "a", "kind": "zzz"}]}), "$.agents[0].kind", "allowed: lua, rust_fn, agent_block, "),
        (bad({"agents": [{"name": "a", "kind": None}]}), "$.agents[0].kind", "null is not known here"),
        (bad({"agents": [{"name": "a", "kind": ["lua"]}]}), "$.agents[0].kind", "a list is not known here"),
        (bad({"agents": [{"name": "a", "kind": "lua", "fn": 1}]}), "$.agents[0].fn", 'unknown field "fn"'),
        (bad({"agents": [{"name": "a", "kind": "lua", "profile": 1}]}), "$.agents[0].profile", "expected an object"),
        (
            bad({"agents": [{"name": "a", "kind": "lua", "profile": {"tools": [1]}}]}),
            "$.agents[0].profile.tools[0]",
            "expected a string",
        ),
        (bad({"operators": [{"name": "o", "kind": "auto"}]}), "$.operators[0].kind", 'did you mean "automate"?'),
        (bad({"hints": None}), "$.hints", "expected an object, not null"),
        (bad({"hints": {"per_agent": None}}), "$.hints.per_agent", "expected an object, not null"),
        (bad({"hints": {"global_": 1}}), "$.hints.global_", 'did you mean "global"?'),
        (bad({"strategy": {"strict_refs": None}}), "$.strategy.strict_refs", "expected true or false, not null"),
        (bad({"strategy": {"strict_refs": 1}}), "$.strategy.strict_refs", "expected true or false, not the number 1"),
        (bad({"metadata": {"tags": None}}), "$.metadata.tags", "expected a list, not null"),
        (bad({"metadata": {"origin": None}}), "$.metadata.origin", "expected an object, not null"),
        (bad({"metadata": {"origin": {}}}), "$.metadata.origin", 'the field "kind" is missing'),
        (bad({"metadata": {"origin": {"kind": "disk"}}}), "$.metadata.origin.kind", "allowed: inline, file or algo"),
        (bad({"metadata": {"origin": {"kind": "file"}}}), "$.metadata.origin", 'the field "path" is missing'),
        (bad({"metadata": {"default_run_ttl_secs": -1}}), "$.metadata.default_run_ttl_secs", "whole number from 0"),
        (bad({"metadata": {"default_run_ttl_secs": 1.0}}), "$.metadata.default_run_ttl_secs", "not the number 1.0"),
        (bad({"metadata": {"default_run_ttl_secs": True}}), "$.metadata.default_run_ttl_secs", "not true"),
        (bad({"spawner_hints": []}), "$.spawner_hints", "expected an object, not a list"),
        (bad({"default_agent_kind": None}), "$.default_agent_kind", "null is not known here"),
        (bad({"default_operator_kind": "x"}), "$.default_operator_kind", "allowed: main_ai, automate or composite"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_names_place_and_reason(data: Any, place: str, message: str) -> None:
    with pytest.raises(InvalidBlueprint) as refused:
        parse(data)

    assert refused.value.place.startswith(place)
    assert message in refused.value.message


@pytest.mark.parametrize(
    "change",
    [
        {"default_operator_kind": None},
        {"hints": {"global": None}},
        {"metadata": {"description": None, "version_label": None, "default_run_ttl_secs": None}},
        {"agents": [{"name": "a", "kind": "lua", "profile": None, "meta": None, "spec": None}]},
        {"metadata": {"origin": {"kind": "algo", "session_id": "s"}}},
        {"schema_version": "12.0.1-rc.1+build.5"},
        {"metadata": {"default_run_ttl_secs": 2**64 - 1}},
    ],
    ids=str,
)
def test_optional_scalars_take_null(change: dict[str, Any]) -> None:
    blueprint = parse(bad(change))

    assert to_json(blueprint)["flow"] == EMPTY
