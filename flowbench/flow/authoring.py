"""Authoring: flows in Python. Each function here returns a node of the language, the same that JSON and YAML give.

    words = seq(
        step(load, out=ctx.words),
        fanout(ctx.words, ctx.word, step(size, in_=ctx.word, out=ctx.size), out=ctx.words),
        branch(len_(ctx.words) > 100, step(shorten, in_=ctx.words, out=ctx.words)),
    )

What a step reads and writes may be left out where the agent is a function:

* It writes to the ctx key of its own name: `size` to `ctx.size`.
* It reads the ctx keys of its parameters' names; several become an object. A parameter with a default keeps it, and
  `ctx`, `token` and `prompt` are given by the engine.
* In a `pipeline`, a parameter named like an earlier step reads what that step wrote. If none is named like the step
  just before, that one's answer goes to the first parameter that is named like no step. Defaults give way to these
  two only in a function where every parameter has one.

A function may stand for its step, and a list of nodes for a `seq`, wherever a node is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, TypeAlias, get_args

from flowbench.errors import nearest
from flowbench.flow.callees import callee_of, input_of, output_of
from flowbench.flow.caller import refuse
from flowbench.flow.nodes import (
    NODES,
    Assign,
    Branch,
    Expr,
    Fanout,
    JoinMode,
    Let,
    Lit,
    Loop,
    Node,
    Path,
    Seq,
    Step,
    Try,
)
from flowbench.flow.spelling import is_boolean
from flowbench.flow.syntax import MAX_TURNS
from flowbench.flow.terms import Target, Term, ctx, expr_of, target_of

Agent: TypeAlias = str | Callable[..., Any]
Part: TypeAlias = Node | Callable[..., Any] | Sequence[Any]


class Left(Enum):
    """What an argument is that nobody gave; None would be the value null."""

    OUT = "left out"


def step(agent: Agent, in_: object = Left.OUT, out: Target | None = None) -> Step:
    """Call an agent, a function or a name, with the value `in_`, and write its answer to the place `out`.

    in_, out: may be left out for functions, out for names too; see the top of this file. Raises: AuthoringError.
    """
    if isinstance(agent, str):
        if in_ is Left.OUT:
            raise refuse(f"step({agent!r}): say what it reads, in_=ctx.a; only functions tell that by their parameters")
        where = ctx[agent]._expr if out is None else target_of(out, "out")
        return Step(agent, expr_of(in_), where)
    if isinstance(agent, Term) or not callable(agent):
        raise refuse(f"a step calls an agent: a function under @agent, or its name as text; not `{agent!r}`")
    callee = callee_of(agent)
    read = input_of(callee, None, {}) if in_ is Left.OUT else expr_of(in_)
    return Step(callee.ref, read, output_of(callee) if out is None else target_of(out, "out"))


def seq(*nodes: Part) -> Seq:
    """One after the other. Raises: AuthoringError."""
    return Seq(tuple(_node(each, "seq") for each in nodes))


def pipeline(*parts: Part | str) -> Seq:
    """A seq of functions, each of which reads what those before it wrote: the rules at the top of this file.

    Nodes may stand between functions and are taken as they are; the name of an agent reads the answer before it.
    Raises: AuthoringError.
    """
    done: list[Node] = []
    results: dict[str, Expr] = {}
    before: Expr | None = None
    for part in parts:
        node = _linked(part, before, results)
        before = _result(node)
        if isinstance(node, Step) and before is not None:
            results[node.ref] = before
        done.append(node)
    return Seq(tuple(done))


def branch(cond: object, then: Part, else_: Part = ()) -> Branch:
    """`then` if `cond` is true, else `else_`; a cond that is neither true nor false fails. Raises: AuthoringError."""
    if isinstance(cond, bool):
        raise refuse(f"branch: the condition is {cond} before the flow runs; compare places, with == instead of `is`")
    test = expr_of(cond)
    if not is_boolean(test):
        raise refuse(f"branch: `{test!r}` is never true or false; compare it, as in {test!r} > 0, or ask exists(...)")
    return Branch(test, _node(then, "branch"), _node(else_, "branch"))


def fanout(items: object, bind: Target, body: Part, *, out: Target, join: JoinMode = "all") -> Fanout:
    """`body` for each of `items`, side by side, each on its own copy of the ctx with the item at `bind`.

    out: where the joined result goes. join: "all" and "all_settled" give a list of the branches' ctx in the order of
    the items; "any" and "race" the ctx of the branch that succeeded or ended first. Raises: AuthoringError.
    """
    if join not in get_args(JoinMode):
        meant = nearest(join, get_args(JoinMode)) if isinstance(join, str) else None
        guess = f" (did you mean {meant!r}?)" if meant else ""
        raise refuse(f"fanout: unknown join {join!r}{guess}; there are {', '.join(map(repr, get_args(JoinMode)))}")
    source = expr_of(items)
    if isinstance(source, Lit) and not isinstance(source.value, list):
        raise refuse(f"fanout: items must be a list or a place of one, not `{source!r}`")
    return Fanout(source, target_of(bind, "bind"), _node(body, "fanout"), join, target_of(out, "out"))


def loop(cond: object, body: Part, *, max: int, counter: Target = ctx.turn) -> Loop:
    """`body` while `cond` is truthy, at most `max` times. counter: where the number of the turn is, from 0.

    `True` as cond leaves the end to max. Raises: AuthoringError.
    """
    if cond is False:
        raise refuse("loop: the condition is False before the flow runs; compare places, with == instead of `is`")
    if isinstance(max, bool) or not isinstance(max, int) or not 0 <= max <= MAX_TURNS:
        raise refuse(f"loop: max is a whole number from 0 to {MAX_TURNS}, not {max!r}")
    return Loop(target_of(counter, "counter"), expr_of(cond), _node(body, "loop"), max)


def try_(body: Part, catch: Part = (), *, err_at: Target | None = None) -> Try:
    """If `body` fails: the ctx as it was before, the error's text at `err_at`, then `catch`. Raises: AuthoringError."""
    where = None if err_at is None else target_of(err_at, "err_at")
    return Try(_node(body, "try_"), _node(catch, "try_"), where)


def assign(at: Target, value: object) -> Assign:
    """Write a value to a place. Raises: AuthoringError."""
    return Assign(target_of(at, "at"), expr_of(value))


def let(at: Target, value: object) -> Let:
    """`assign` in the newer spelling of the language. Raises: AuthoringError."""
    return Let(target_of(at, "at").at, expr_of(value))


def _node(part: object, where: str) -> Node:
    """The node that a part stands for."""
    if isinstance(part, NODES):
        return part  # type: ignore[return-value]  # NODES are the members of Node
    if isinstance(part, Term):
        raise refuse(f"{where}: the value `{part!r}` stands where a node is wanted; assign(ctx.a, ...) writes one")
    if isinstance(part, str):
        raise refuse(
            f"{where}: the text {part!r} stands where a node is wanted; write step({part!r}, in_=..., out=...)"
        )
    if isinstance(part, list | tuple):
        nodes = tuple(_node(each, where) for each in part)
        return nodes[0] if len(nodes) == 1 else Seq(nodes)
    if callable(part):
        return step(part)
    raise refuse(f"{where}: a node is wanted, such as step(...) or seq(...), not `{part!r}`")


def _linked(part: object, before: Expr | None, results: dict[str, Expr]) -> Node:
    if isinstance(part, str):
        if before is None:
            raise refuse(f"pipeline: nothing is in front of {part!r} that it could read; write step({part!r}, in_=...)")
        return step(part, before)
    if callable(part) and not isinstance(part, Term):
        callee = callee_of(part)
        return Step(callee.ref, input_of(callee, before, results), output_of(callee))
    return _node(part, "pipeline")


def _result(node: Node) -> Path | None:
    """Where a node has written last, if that is certain."""
    while isinstance(node, Seq) and node.children:
        node = node.children[-1]
    if isinstance(node, Let):
        return Path(node.at)
    written = node.out if isinstance(node, Step | Fanout) else node.at if isinstance(node, Assign) else None
    return written if isinstance(written, Path) else None
