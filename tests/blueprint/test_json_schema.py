"""The JSON Schema says what the loader says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from flowbench.blueprint import Blueprint, InvalidBlueprint, load, read, schema, to_json
from flowbench.blueprint.json_schema import SPECS
from tests.blueprint.samples import blueprints
from tests.flows import lit, path, seq, step

ROOT = Path(__file__).resolve().parents[2]
CASES = [
    case
    for file in ("vectors.json", "more_vectors.json")
    for case in json.loads((ROOT / "tests" / "flow" / file).read_text())["cases"]
    if "flow" in case and case["id"] != "x-pf-loop-max-float"  # to JSON Schema 3.0 is an integer, to us it is not
]
validator = Draft202012Validator(schema())


def is_loaded(data: Any) -> bool:
    try:
        return bool(load(data, name=None if isinstance(data, dict) and "flow" in data else "case"))
    except InvalidBlueprint:
        return False


def notebooks() -> list[str]:
    """The texts of all YAML and JSON Blueprints in our notebooks."""
    texts = []
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            first, _, rest = "".join(cell["source"]).partition("\n")
            if first.startswith("%%blueprint") and "--python" not in first and rest.lstrip().startswith(("id:", "{")):
                texts.append(rest)
    return texts


def test_it_is_a_schema_of_its_draft_and_names_no_host() -> None:
    Draft202012Validator.check_schema(schema())

    assert schema()["$id"].startswith("urn:flowbench:")
    assert json.loads(json.dumps(schema())) == schema()
    assert schema() is not schema()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_conformance_flow_fits_the_schema_if_it_can_be_loaded(case: Any) -> None:
    assert validator.is_valid(case["flow"]) == is_loaded(case["flow"])


def test_the_blueprints_of_our_notebooks_fit() -> None:
    texts = notebooks()

    assert texts
    assert [error.message for text in texts for error in validator.iter_errors(read(text, "yaml").data)] == []


@given(blueprints)
@settings(max_examples=40, deadline=None)
def test_what_we_write_fits(blueprint: Blueprint) -> None:
    data = to_json(blueprint)
    for agent in data["agents"]:
        if agent["kind"] in SPECS:
            agent["spec"] = {}  # what it may hold is looked at when the agent is built
        if agent["kind"] == "tool":
            agent["spec"] = {"tool": "visible_width"}

    assert [error.message for error in validator.iter_errors(data)] == []


SHORT = {"id": "a", "flow": {"kind": "step", "ref": "b", "in": "$.x", "out": 'ctx.a["b.c"]'}}


@pytest.mark.parametrize(
    "data",
    [
        SHORT,
        SHORT["flow"],
        {**SHORT, "flow": {**SHORT["flow"], "in": "$secret:KEY"}},
        {**SHORT, "agents": [{"$agent_md": "a.md"}, {"$agent_md": "b.md", "kind": "lua", "spec": [1]}]},
        {**SHORT, "agents": [{"name": "a", "kind": "operator", "profile": {"system_prompt": {"$file": "p.md"}}}]},
        {**SHORT, "metadata": {"origin": {"kind": "file", "path": "x", "later": 1}, "default_run_ttl_secs": 2**64 - 1}},
        {**SHORT, "hints": {"per_agent": {"a": 1}, "global": [2]}, "default_operator_kind": None},
    ],
    ids=["short", "flow alone", "secret", "agent files", "prompt file", "metadata", "hints"],
)
def test_short_and_referring_forms_fit(data: Any) -> None:
    assert [error.message for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        {"id": "a"},
        {"flow": seq()},
        {**SHORT, "id": 5},
        {**SHORT, "extra": 1},
        {**SHORT, "provenance": {"file": "x"}},
        {**SHORT, "agents": None},
        {**SHORT, "agents": [{"name": "a"}]},
        {**SHORT, "agents": [{"name": "a", "kind": "luaa"}]},
        {**SHORT, "agents": [{"name": "a", "kind": "lua", "knd": 1}]},
        {**SHORT, "agents": [{"$agent_md": "a.md", "knd": 1}]},
        {**SHORT, "schema_version": "1"},
        {**SHORT, "strategy": {"strict_refs": "yes"}},
        {**SHORT, "metadata": {"default_run_ttl_secs": -1}},
        {**SHORT, "metadata": {"origin": {"kind": "nowhere"}}},
        {**SHORT, "flow": {"kind": "stp"}},
        {**SHORT, "flow": step("a") | {"timeout": 1}},
        {**SHORT, "flow": step("a", read="x")},
        {**SHORT, "flow": step("a", read="$..x")},
        {**SHORT, "flow": step("a") | {"in": "x"}},
        {**SHORT, "flow": step("a") | {"in": 5}},
        {**SHORT, "flow": step("a") | {"in": {"op": "nope"}}},
        {**SHORT, "flow": step("a") | {"in": {"op": "lit"}}},
        {**SHORT, "flow": {"kind": "let", "at": "x", "value": lit(1)}},
        {**SHORT, "flow": {"kind": "loop", "counter": path("$.n"), "cond": lit(True), "body": seq(), "max": -1}},
        {**SHORT, "flow": {"kind": "seq", "children": {"0": seq()}}},
    ],
    ids=lambda data: json.dumps(data)[-60:],
)
def test_what_cannot_be_loaded_does_not_fit(data: Any) -> None:
    assert not is_loaded(data)
    assert not validator.is_valid(data)


@pytest.mark.parametrize(
    ("kind", "spec", "is_fit"),
    [
        ("subprocess", {"program": "ls", "args": None, "timeout": 1.5}, True),
        (
            "subprocess",
            {"argv": ["ls", "{in.a}"], "stdin": {"$file": "a.txt"}, "ok_from": [0, 1], "fold": "text"},
            True,
        ),
        ("subprocess", {"program": "ls", "timout": 1}, False),
        ("subprocess", {"program": "ls", "fold": "csv"}, False),
        ("subprocess", {"argv": "ls -l"}, False),
        ("lua", {"source": {"$file": "a.lua"}, "hosts": ["fetch"]}, True),
        ("lua", {"source": "return 1", "memory_mb": "much"}, False),
        ("operator", {"anything": [1]}, True),
    ],
)
def test_the_spec_of_a_program_and_of_a_script_is_known(kind: str, spec: Any, is_fit: bool) -> None:
    data = {**SHORT, "agents": [{"name": "a", "kind": kind, "spec": spec}]}

    assert validator.is_valid(data) == is_fit


def test_a_deep_expression_is_checked_without_trying_every_operation_at_every_level() -> None:
    deep: dict[str, Any] = path("$.x")
    for _ in range(15):
        deep = {"op": "add", "lhs": deep, "rhs": lit(1)}

    assert validator.is_valid({"id": "a", "flow": {"kind": "let", "at": "$.x", "value": deep}})


def test_an_editor_is_told_what_the_fields_mean() -> None:
    definitions = schema()["$defs"]

    assert definitions["AgentDef"]["description"] == "One agent: steps name it in `ref`."
    assert definitions["AgentDef"]["properties"]["spec"]["description"] == "whatever its kind needs."
    assert (
        "seconds that a run may take"
        in (definitions["BlueprintMetadata"]["properties"]["default_run_ttl_secs"]["description"])
    )
    assert definitions["kind_branch"]["description"] == "`cond` must be a JSON boolean."
