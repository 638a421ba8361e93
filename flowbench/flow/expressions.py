"""Expressions: a struct to a plain function of the ctx. Pure; made once.

Externs are pure functions of the host: name -> function of the list of arguments. Its own win over the standard ones.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from flowbench.flow.errors import (
    ArithError,
    DispatcherError,
    ExternError,
    FlowError,
    ParseError,
    PathNotFound,
    TypeMismatch,
    text_of,
)
from flowbench.flow.nodes import (
    Add,
    And,
    CallExtern,
    Div,
    Eq,
    Exists,
    Expr,
    Gt,
    Gte,
    In,
    Len,
    Lit,
    Lt,
    Lte,
    Mod,
    Mul,
    Ne,
    Not,
    Or,
    Path,
    Sub,
)
from flowbench.flow.paths import SEED, Reader, reader
from flowbench.flow.standard import STANDARD
from flowbench.flow.syntax import MAX_EXPR_DEPTH
from flowbench.flow.values import NUMBERS, debug, equal, hand_copy, is_number, strictly_equal, take, truthy

Externs = Mapping[str, Callable[[list[Any]], Any]]
Binary: TypeAlias = Eq | Ne | Lt | Lte | Gt | Gte | Add | Sub | Mul | Div | Mod

_COMPARE: dict[type[Any], Callable[[Any, Any], bool]] = {
    Lt: operator.lt,
    Lte: operator.le,
    Gt: operator.gt,
    Gte: operator.ge,
}


def floor_mod(a: float, b: float) -> float:
    """a - floor(a / b) * b."""
    quotient = a / b
    return a - (quotient // 1.0 if math.isfinite(quotient) else quotient) * b


_CALCULATE: dict[type[Any], tuple[str, Callable[[float, float], float]]] = {
    Add: ("add", operator.add),
    Sub: ("sub", operator.sub),
    Mul: ("mul", operator.mul),
    Div: ("div", operator.truediv),
    Mod: ("mod", floor_mod),
}


def compile_expr(expr: Expr, compat: str | None = None, externs: Externs | None = None) -> Reader:
    """The function; it raises FlowError. Raises: ParseError if built deeper than parsing allows, NotJson."""
    return Maker(compat, externs).make(expr, 0)


class Maker:
    """Makes the functions of one program; the same path text gives the same function."""

    def __init__(self, compat: str | None, externs: Externs | None) -> None:
        self.compat = compat
        self.seed = compat == SEED
        self.externs = externs
        self.readers: dict[str, Reader] = {}

    def make(self, expr: Expr, depth: int) -> Reader:
        if expr.__class__ is Path:
            return self.path(expr.at)
        if depth > MAX_EXPR_DEPTH:
            raise ParseError(f"expressions nested deeper than {MAX_EXPR_DEPTH}")
        depth += 1
        match expr:
            case Lit(value):
                fixed = take(value)[0]
                return lambda ctx: fixed
            case Eq(lhs, rhs):
                return self.same(self.make(lhs, depth), self.make(rhs, depth))
            case Ne(lhs, rhs):
                same = self.same(self.make(lhs, depth), self.make(rhs, depth))
                return lambda ctx: not same(ctx)
            case Lt(lhs, rhs) | Lte(lhs, rhs) | Gt(lhs, rhs) | Gte(lhs, rhs):
                return self.compare(_COMPARE[type(expr)], self.make(lhs, depth), self.make(rhs, depth))
            case Add(lhs, rhs) | Sub(lhs, rhs) | Mul(lhs, rhs) | Div(lhs, rhs) | Mod(lhs, rhs):
                return self.calculate(*_CALCULATE[type(expr)], self.make(lhs, depth), self.make(rhs, depth))
            case Not(arg):
                inner = self.make(arg, depth)
                return lambda ctx: not truthy(inner(ctx))
            case And(args):
                return _every([self.make(arg, depth) for arg in args])
            case Or(args):
                return _some([self.make(arg, depth) for arg in args])
            case Exists(arg):
                return _exists(self.make(arg, depth))
            case Len(arg):
                return self.length(self.make(arg, depth))
            case In(needle, haystack):
                return self.contains(self.make(needle, depth), self.make(haystack, depth))
            case CallExtern(ref, args):
                return self.extern(ref, [self.make(arg, depth) for arg in args])
            case _:
                raise ParseError(f"{type(expr).__name__} is no expression")

    def path(self, text: str) -> Reader:
        if (found := self.readers.get(text)) is None:
            found = self.readers[text] = reader(text, self.compat)
        return found

    def type_error(self, ref: str, message: str) -> FlowError:
        return DispatcherError(ref, message) if self.seed else TypeMismatch(ref, message)

    def same(self, left: Reader, right: Reader) -> Reader:
        alike = strictly_equal if self.seed else equal
        return lambda ctx: alike(left(ctx), right(ctx))

    def compare(self, test: Callable[[Any, Any], bool], left: Reader, right: Reader) -> Reader:
        ref = "expr.cmp" if self.seed else "cmp"

        def compare(ctx: Any) -> bool:
            a, b = left(ctx), right(ctx)
            if a.__class__ in NUMBERS and b.__class__ in NUMBERS:
                return test(float(a), float(b))
            if a.__class__ is str and b.__class__ is str:
                return test(a, b)
            raise self.type_error(ref, f"cmp: both sides must be numbers or strings, got {debug(a)} vs {debug(b)}")

        return compare

    def calculate(self, op: str, calc: Callable[[float, float], float], left: Reader, right: Reader) -> Reader:
        ref = f"expr.{op}" if self.seed else op
        failure: type[DispatcherError | ArithError] = DispatcherError if self.seed else ArithError

        def calculate(ctx: Any) -> float:
            a, b = left(ctx), right(ctx)
            if a.__class__ not in NUMBERS or b.__class__ not in NUMBERS:
                wrong = b if is_number(a) else a
                raise self.type_error(ref, f"expected number, got {debug(wrong)}")
            try:
                result = calc(float(a), float(b))
            except ZeroDivisionError:
                raise failure(ref, "arithmetic failure (e.g. division by zero)") from None
            if result - result != 0.0:
                text = "NaN" if math.isnan(result) else "inf" if result > 0 else "-inf"
                raise failure(ref, f"result not f64-representable: {text}")
            return result

        return calculate

    def length(self, arg: Reader) -> Reader:
        def length(ctx: Any) -> int:
            value = arg(ctx)
            if value.__class__ in (list, str, dict):
                return len(value)
            raise self.type_error("expr.len", f"len: unsupported type {debug(value)}")

        return length

    def contains(self, needle: Reader, haystack: Reader) -> Reader:
        alike = strictly_equal if self.seed else equal

        def contains(ctx: Any) -> bool:
            wanted, values = needle(ctx), haystack(ctx)
            if values.__class__ is not list:
                raise self.type_error("expr.in", f"in: haystack must be array, got {debug(values)}")
            return any(alike(wanted, value) for value in values)

        return contains

    def extern(self, ref: str, args: list[Reader]) -> Reader:
        externs = self.externs

        def call(ctx: Any) -> Any:
            values = [hand_copy(arg(ctx)) for arg in args]
            if externs is not None and ref in externs:
                function = externs[ref]
            elif ref in STANDARD:
                function = STANDARD[ref]
            else:
                why = "no externs registry configured" if externs is None else "not registered in externs"
                raise ExternError(ref, why)
            try:
                return take(function(values))[0]
            except ExternError:
                raise
            except Exception as error:  # an extern is user code
                raise ExternError(ref, text_of(error)) from error

        return call


def _every(args: list[Reader]) -> Reader:
    def every(ctx: Any) -> bool:
        for arg in args:  # noqa: SIM110 - `all()` would add a frame for every level of nesting
            if not truthy(arg(ctx)):
                return False
        return True

    return every


def _some(args: list[Reader]) -> Reader:
    def some(ctx: Any) -> bool:
        for arg in args:  # noqa: SIM110 - as above
            if truthy(arg(ctx)):
                return True
        return False

    return some


def _exists(arg: Reader) -> Reader:
    def exists(ctx: Any) -> bool:
        try:
            return arg(ctx) is not None
        except PathNotFound:
            return False

    return exists


def children(expr: Expr) -> tuple[Expr, ...]:
    """Expressions directly inside, in evaluation order."""
    match expr:
        case Path() | Lit():
            return ()
        case Not(arg) | Exists(arg) | Len(arg):
            return (arg,)
        case And(args) | Or(args) | CallExtern(_, args):
            return args
        case In(needle, haystack):
            return needle, haystack
        case _:
            return expr.lhs, expr.rhs


def paths_read(expr: Expr) -> Iterator[str]:
    """Every path text an expression may read; short circuits may read fewer."""
    todo = [expr]
    while todo:
        inner = todo.pop()
        if isinstance(inner, Path):
            yield inner.at
        todo += reversed(children(inner))
