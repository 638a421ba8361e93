"""Lint of control: conditions, loops, joins and tries that cannot do what they say."""

from __future__ import annotations

from collections.abc import Iterator

from flowbench.blueprint.phrase import phrase
from flowbench.blueprint.registry import Functions
from flowbench.blueprint.survey import Stop, Survey, overlap
from flowbench.diagnostic import Diagnostic
from flowbench.flow import (
    SEED,
    Add,
    Assign,
    Branch,
    CallExtern,
    Div,
    Eq,
    Expr,
    Fanout,
    In,
    Len,
    Let,
    Lit,
    Loop,
    Mod,
    Mul,
    Ne,
    Node,
    Seq,
    Sub,
    Try,
    sub_expressions,
    to_json,
)

_ARITHMETIC = (Add, Sub, Mul, Div, Mod)


def branch_never_boolean(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """The condition of a branch is a number, a text or another value that is never true or false."""
    for stop in survey.stops:
        cond = stop.node.cond if isinstance(stop.node, Branch) else None
        literal = isinstance(cond, Lit) and not isinstance(cond.value, bool)
        if cond is not None and (literal or isinstance(cond, (*_ARITHMETIC, Len))):
            text = f"`{phrase(to_json(cond))}` is never true or false, so this branch always fails"
            hint = "compare it with something, for example with `ne` or `gt`"
            yield Diagnostic("error", "branch_never_boolean", f"{stop.place}.cond", text, hint)


def never_runs(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """A side of a branch, the body of a loop or of a fan-out that cannot be reached."""
    for stop in survey.stops:
        match stop.node:
            case Branch(cond=Lit(value=bool() as value)):
                field = "else" if value else "then"
                if not _is_empty(stop.node.otherwise if value else stop.node.then):
                    text = f"the condition is always {str(value).lower()}, so this side never runs"
                    yield Diagnostic("warning", "never_runs", f"{stop.place}.{field}", text, "remove it, or the branch")
            case Loop(max=0):
                yield Diagnostic(
                    "warning", "never_runs", f"{stop.place}.body", "`max` is 0, so this never runs", "raise `max`"
                )
            case Loop(cond=Lit(value=None | False)):
                text = "the condition is never met, so this never runs"
                yield Diagnostic("warning", "never_runs", f"{stop.place}.body", text, "give the loop another `cond`")
            case Fanout(items=Lit(value=[])) if stop.node.join in ("any", "race") and survey.compat != SEED:
                text = f"`{stop.node.join}` needs at least one item, so this always fails"
                yield Diagnostic("error", "no_items", f"{stop.place}.items", text, "give it items")
            case Fanout(items=Lit(value=[])):
                text = "there are no items, so this never runs"
                yield Diagnostic("warning", "never_runs", f"{stop.place}.body", text, "give the fan-out items")


def loop_without_progress(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """The condition of a loop reads paths that neither its body nor its counter writes."""
    for stop in survey.stops:
        if not isinstance(stop.node, Loop) or stop.node.max < 2:
            continue
        read = list(survey.touches(stop.node.cond, f"{stop.place}.cond"))
        fans = survey.fans(stop)
        # What a fan-out's branches write stays inside of them.
        turn = [inner for inner in survey.inside(stop, "body") if survey.fans(inner) == fans]
        written = [each for part in (stop, *turn) for each in part.writes]
        if read and not _calls(stop.node.cond) and not any(overlap(a.keys, b.keys) for a in read for b in written):
            names = ", ".join(f"`{each.text}`" for each in read[:3])
            text = f"the condition reads {names}, which no turn writes: it runs not at all or {stop.node.max} times"
            hint = "let a step of the body write it, or read the counter"
            yield Diagnostic("warning", "loop_without_progress", f"{stop.place}.cond", text, hint)


def lonely_race(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """`any` or `race` over a single item."""
    for stop in survey.stops:
        match stop.node:
            case Fanout(items=Lit(value=[_]), join="any" | "race" as join):
                text = f"`{join}` over one item has nothing to choose from"
                yield Diagnostic(
                    "warning", "lonely_race", f"{stop.place}.items", text, "give it more items, or no fan-out"
                )


def useless_try(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """Nothing in the body of a try can fail, so `catch` never runs."""
    for stop in survey.stops:
        if isinstance(stop.node, Try) and all(_is_safe(each) for each in survey.inside(stop, "body")):
            text = "nothing in this body can fail, so `catch` never runs"
            yield Diagnostic(
                "warning", "useless_try", f"{stop.place}.body", text, "put the steps that may fail inside it"
            )


def never_equal(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """In 0.1.1 a float equals no integer; arithmetic gives floats, `len` and whole literals are integers."""
    if survey.compat != SEED:
        return
    for stop in survey.stops:
        for expr, place in _expressions(stop):
            if _mixes(expr):
                text = f"`{phrase(to_json(expr))}` compares a float with an integer, which in 0.1.1 are never equal"
                hint = "write the literal with or without .0 as the other side is, or compare with lte and gte"
                yield Diagnostic("warning", "never_equal", place, text, hint)


def _is_empty(node: Node) -> bool:
    return isinstance(node, Seq) and all(_is_empty(child) for child in node.children)


def _is_safe(stop: Stop) -> bool:
    """A seq, or a literal written to a key of the ctx itself."""
    if isinstance(stop.node, (Assign, Let)):
        return isinstance(stop.node.value, Lit) and any(len(each.keys) <= 1 for each in stop.writes)
    return isinstance(stop.node, Seq)


def _calls(cond: Expr) -> bool:
    """It calls a function of the host, which may know more than the ctx."""
    work: list[Expr] = [cond]
    while work:
        each = work.pop()
        if isinstance(each, CallExtern):
            return True
        work += sub_expressions(each)
    return False


def _expressions(stop: Stop) -> Iterator[tuple[Expr, str]]:
    """All expressions of a node, inner ones too, each with the place of the field it stands in."""
    fields = {"input": "in", "value": "value", "cond": "cond", "items": "items"}
    for name, wire in fields.items():
        work = [getattr(stop.node, name)] if hasattr(stop.node, name) else []
        while work:
            each = work.pop()
            yield each, f"{stop.place}.{wire}"
            work += reversed(sub_expressions(each))


def _mixes(expr: Expr) -> bool:
    if isinstance(expr, (Eq, Ne)):
        return {_number(expr.lhs), _number(expr.rhs)} == {int, float}
    if isinstance(expr, In) and isinstance(expr.haystack, Lit) and isinstance(expr.haystack.value, (list, tuple)):
        kinds = {_number(Lit(each)) for each in expr.haystack.value}
        return bool(kinds) and None not in kinds and {*kinds, _number(expr.needle)} == {int, float} and len(kinds) == 1
    return False


def _number(expr: Expr) -> type | None:
    """int or float if that is what it always gives."""
    if isinstance(expr, _ARITHMETIC):
        return float
    if isinstance(expr, Len):
        return int
    if isinstance(expr, Lit) and type(expr.value) in (int, float):
        return type(expr.value)
    return None
