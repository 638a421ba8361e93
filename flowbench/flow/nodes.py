"""Nodes and expressions: the wire form of a flow, as frozen structs. Wire names live here and nowhere else."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from flowbench.flow.spelling import spelled
from flowbench.flow.values import decode, encode

JoinMode = Literal["all", "any", "race", "all_settled"]


class _Op(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=True):
    """Base of expressions; shown as the Python that makes them."""

    def __repr__(self) -> str:
        return spelled(self)


class Path(_Op, frozen=True, tag="path"):
    """The value at a place of the ctx."""

    at: str


class Lit(_Op, frozen=True, tag="lit"):
    """A literal, never interpreted. value: any JSON value."""

    value: Any


class Eq(_Op, frozen=True, tag="eq"):
    lhs: Expr
    rhs: Expr


class Ne(_Op, frozen=True, tag="ne"):
    lhs: Expr
    rhs: Expr


class Lt(_Op, frozen=True, tag="lt"):
    lhs: Expr
    rhs: Expr


class Lte(_Op, frozen=True, tag="lte"):
    lhs: Expr
    rhs: Expr


class Gt(_Op, frozen=True, tag="gt"):
    lhs: Expr
    rhs: Expr


class Gte(_Op, frozen=True, tag="gte"):
    lhs: Expr
    rhs: Expr


class Not(_Op, frozen=True, tag="not"):
    arg: Expr


class And(_Op, frozen=True, tag="and"):
    args: tuple[Expr, ...]


class Or(_Op, frozen=True, tag="or"):
    args: tuple[Expr, ...]


class Exists(_Op, frozen=True, tag="exists"):
    """False if `arg` is null or meets a missing path."""

    arg: Expr


class Add(_Op, frozen=True, tag="add"):
    lhs: Expr
    rhs: Expr


class Sub(_Op, frozen=True, tag="sub"):
    lhs: Expr
    rhs: Expr


class Mul(_Op, frozen=True, tag="mul"):
    lhs: Expr
    rhs: Expr


class Div(_Op, frozen=True, tag="div"):
    lhs: Expr
    rhs: Expr


class Mod(_Op, frozen=True, tag="mod"):
    """The sign follows `rhs`."""

    lhs: Expr
    rhs: Expr


class Len(_Op, frozen=True, tag="len"):
    """Array elements, characters of a string, or keys of an object."""

    arg: Expr


class In(_Op, frozen=True, tag="in"):
    needle: Expr
    haystack: Expr


class CallExtern(_Op, frozen=True, tag="call_extern"):
    """A pure function of the host."""

    ref: str
    args: tuple[Expr, ...]


Expr: TypeAlias = (
    Path
    | Lit
    | Eq
    | Ne
    | Lt
    | Lte
    | Gt
    | Gte
    | Not
    | And
    | Or
    | Exists
    | Add
    | Sub
    | Mul
    | Div
    | Mod
    | Len
    | In
    | CallExtern
)


class _Kind(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of nodes; shown as the Python that makes them."""

    def __repr__(self) -> str:
        return spelled(self)


class Step(_Kind, frozen=True, tag="step"):
    """One agent call: read `input` from ctx, send it to `ref`, write the answer to `out`."""

    ref: str
    input: Expr = msgspec.field(name="in")
    out: Expr


class Seq(_Kind, frozen=True, tag="seq"):
    children: tuple[Node, ...]


class Branch(_Kind, frozen=True, tag="branch"):
    """`cond` must be a JSON boolean."""

    cond: Expr
    then: Node
    otherwise: Node = msgspec.field(name="else")


class Fanout(_Kind, frozen=True, tag="fanout"):
    """`body` once per element of `items`, side by side, each on its own ctx with the element at `bind`."""

    items: Expr
    bind: Expr
    body: Node
    join: JoinMode
    out: Expr


class Loop(_Kind, frozen=True, tag="loop"):
    """`body` while `cond` is truthy, at most `max` times (0..4294967295); the turn's number is at `counter`."""

    counter: Expr
    cond: Expr
    body: Node
    max: int


class Try(_Kind, frozen=True, tag="try"):
    """If `body` fails: restore the whole ctx, write the error's text to `err_at`, run `catch`."""

    body: Node
    catch: Node
    err_at: Expr | None = None


class Assign(_Kind, frozen=True, tag="assign"):
    """Older spelling of `Let`; its target is an expression, found unusable only when it is written."""

    at: Expr
    value: Expr


class Let(_Kind, frozen=True, tag="let"):
    """Write `value` to the path text `at`."""

    at: str
    value: Expr


Node: TypeAlias = Step | Seq | Branch | Fanout | Loop | Try | Assign | Let

NODES: tuple[type[_Kind], ...] = (Step, Seq, Branch, Fanout, Loop, Try, Assign, Let)
EXPRESSIONS: tuple[type[_Op], ...] = (
    *(Path, Lit, Eq, Ne, Lt, Lte, Gt, Gte, Not, And, Or, Exists),
    *(Add, Sub, Mul, Div, Mod, Len, In, CallExtern),
)


def to_json(node: Node | Expr) -> dict[str, Any]:
    """Plain JSON data; `err_at` is always there, null when absent."""
    plain: dict[str, Any] = decode(encode(node))
    return plain
