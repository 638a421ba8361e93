"""Samples: JSON values, flows and Blueprints that Hypothesis makes up."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from flowbench.blueprint import (
    AgentDef,
    AgentKind,
    AgentMeta,
    AgentProfile,
    Algo,
    Blueprint,
    BlueprintMetadata,
    CompilerHints,
    CompilerStrategy,
    File,
    Inline,
    OperatorDef,
    OperatorKind,
    SpawnerHints,
)
from flowbench.flow import (
    Add,
    And,
    Assign,
    Branch,
    CallExtern,
    Eq,
    Exists,
    Expr,
    Fanout,
    In,
    Len,
    Let,
    Lit,
    Loop,
    Node,
    Not,
    Path,
    Seq,
    Step,
    Try,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
keys = texts.filter(lambda key: key not in ("$file", "$agent_md"))  # these say that a file's content goes here
words = st.sampled_from(["a", "upper", "size", "out"])
atoms = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
json_values = st.recursive(atoms, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))
paths = words.map(lambda word: Path(f"$.{word}"))


def _operations(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Eq, inner, inner),
        st.builds(Add, inner, inner),
        st.builds(Not, inner),
        st.builds(And, several),
        st.builds(Exists, inner),
        st.builds(Len, inner),
        st.builds(In, inner, inner),
        st.builds(CallExtern, words, several),
    )


expressions: st.SearchStrategy[Any] = st.recursive(paths | st.builds(Lit, json_values), _operations, max_leaves=5)


def _composite(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    joins = st.sampled_from(["all", "any", "race", "all_settled"])
    return st.one_of(
        st.builds(Seq, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Branch, expressions, inner, inner),
        st.builds(Fanout, expressions, paths, inner, joins, paths),
        st.builds(Loop, paths, expressions, inner, st.integers(0, 2**32 - 1)),
        st.builds(Try, inner, inner, st.none() | paths),
    )


steps = st.builds(Step, words, expressions, paths)
lets = st.builds(Let, words.map(lambda word: f"ctx.{word}"), expressions)
nodes: st.SearchStrategy[Any] = st.recursive(
    steps | lets | st.builds(Assign, paths, expressions), _composite, max_leaves=6
)

names = st.none() | texts
tags = st.lists(texts, max_size=2).map(tuple)
profiles = st.none() | st.builds(AgentProfile, texts, names, names, tags, names, json_values, names, names)
metas = st.none() | st.builds(AgentMeta, names, names, tags)
agents = st.builds(AgentDef, texts, st.sampled_from(AgentKind), json_values, profiles, metas)
kinds = st.none() | st.sampled_from(OperatorKind)
operators = st.builds(OperatorDef, texts, names, kinds, json_values, profiles, metas)
origins = st.just(Inline()) | st.builds(File, texts) | st.builds(Algo, texts)
ttls = st.none() | st.integers(0, 2**64 - 1)

blueprints = st.builds(
    Blueprint,
    schema_version=st.sampled_from(["0.1.0", "1.2.3-rc.1+5"]),
    id=texts,
    flow=nodes,
    agents=st.lists(agents, max_size=2).map(tuple),
    operators=st.lists(operators, max_size=2).map(tuple),
    hints=st.builds(CompilerHints, st.dictionaries(keys, json_values, max_size=3), json_values),
    strategy=st.builds(CompilerStrategy, st.booleans(), st.booleans()),
    metadata=st.builds(BlueprintMetadata, names, origins, tags, names, names, ttls),
    spawner_hints=st.builds(SpawnerHints, tags),
    default_agent_kind=st.sampled_from(AgentKind),
    default_operator_kind=kinds,
)


def typed(value: Any) -> Any:
    """The value with its types, so that 1, 1.0 and true differ."""
    if isinstance(value, dict):
        return {key: typed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [typed(each) for each in value]
    return (type(value), value)
