"""Terms: expressions as Python writes them, `ctx.size > 400`; nothing is computed until the flow runs.

`ctx.a.b` and `ctx["odd key"]` are places; `ctx` alone is the whole ctx. Between places, terms and plain JSON values:
`== != < <= > >=`, `+ - * / %` (always a float), and `& | ~` for and, or, not, with parentheses around comparisons.
A dict or a list may hold terms: `{"text": ctx.text, "limit": 3}`. Any other plain value is a literal.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, ClassVar, NoReturn, TypeAlias

from flowbench.flow.caller import refuse
from flowbench.flow.errors import InvalidPath, NotJson
from flowbench.flow.nodes import (
    EXPRESSIONS,
    NODES,
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
from flowbench.flow.paths import is_path, parse, under
from flowbench.flow.spelling import spelled
from flowbench.flow.values import take_value

Target: TypeAlias = "Place | str"

_NOW = (
    "its value is known only while the flow runs. `and`, `or`, `not`, `if`, `in` and chains such as a < b < c ask for "
    "it now: write & | ~ with parentheses around each comparison, is_in(x, xs), or branch(cond, then, else_)"
)


class Term:
    """An expression. Operators make further terms; `==` too, so compare `repr`s or flows, not terms."""

    __slots__ = ("_expr",)
    _expr: Expr
    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __init__(self, expr: Expr) -> None:
        object.__setattr__(self, "_expr", expr)

    def __eq__(self, other: object) -> Term:  # type: ignore[override]
        return Value(Eq(self._expr, expr_of(other)))

    def __ne__(self, other: object) -> Term:  # type: ignore[override]
        return Value(Ne(self._expr, expr_of(other)))

    def __lt__(self, other: object) -> Term:
        return Value(Lt(self._expr, expr_of(other)))

    def __le__(self, other: object) -> Term:
        return Value(Lte(self._expr, expr_of(other)))

    def __gt__(self, other: object) -> Term:
        return Value(Gt(self._expr, expr_of(other)))

    def __ge__(self, other: object) -> Term:
        return Value(Gte(self._expr, expr_of(other)))

    def __add__(self, other: object) -> Term:
        return Value(Add(self._expr, expr_of(other)))

    def __radd__(self, other: object) -> Term:
        return Value(Add(expr_of(other), self._expr))

    def __sub__(self, other: object) -> Term:
        return Value(Sub(self._expr, expr_of(other)))

    def __rsub__(self, other: object) -> Term:
        return Value(Sub(expr_of(other), self._expr))

    def __mul__(self, other: object) -> Term:
        return Value(Mul(self._expr, expr_of(other)))

    def __rmul__(self, other: object) -> Term:
        return Value(Mul(expr_of(other), self._expr))

    def __truediv__(self, other: object) -> Term:
        return Value(Div(self._expr, expr_of(other)))

    def __rtruediv__(self, other: object) -> Term:
        return Value(Div(expr_of(other), self._expr))

    def __mod__(self, other: object) -> Term:
        return Value(Mod(self._expr, expr_of(other)))

    def __rmod__(self, other: object) -> Term:
        return Value(Mod(expr_of(other), self._expr))

    def __neg__(self) -> Term:
        return Value(Sub(expr_of(0), self._expr))

    def __pow__(self, other: object) -> NoReturn:
        raise refuse(f"the language has no power; let an agent compute it, or call('name', {self!r})")

    def __floordiv__(self, other: object) -> NoReturn:
        raise refuse(f"the language has no //; write ({self!r} - {self!r} % n) / n")

    def __and__(self, other: object) -> Term:
        first = self._expr
        return Value(And((*(first.args if isinstance(first, And) else (first,)), _operand(other, "&"))))

    def __rand__(self, other: object) -> Term:
        return Value(And((_operand(other, "&"), self._expr)))

    def __or__(self, other: object) -> Term:
        first = self._expr
        return Value(Or((*(first.args if isinstance(first, Or) else (first,)), _operand(other, "|"))))

    def __ror__(self, other: object) -> Term:
        return Value(Or((_operand(other, "|"), self._expr)))

    def __invert__(self) -> Term:
        return Value(Not(self._expr))

    def __bool__(self) -> NoReturn:
        raise refuse(f"`{self!r}` is neither true nor false here: {_NOW}")

    def __contains__(self, item: object) -> NoReturn:
        raise refuse(f"`in` cannot look into `{self!r}` here: write is_in(x, {self!r})")

    def __iter__(self) -> NoReturn:
        raise refuse(
            f"`{self!r}` has no elements here: write fanout({self!r}, ctx.item, body, out=...) to go through them"
        )

    def __len__(self) -> NoReturn:
        raise refuse(f"`{self!r}` has no length here: write len_({self!r})")

    def __repr__(self) -> str:
        return spelled(self._expr)


class Value(Term):
    """What an operation or a function gives. No base of Place: Python would turn `value < place` round otherwise."""

    __slots__ = ()


class Place(Term):
    """A place of the ctx: a value to read, or where to write. Attributes and keys go deeper."""

    __slots__ = ()
    _expr: Path

    def __getattr__(self, name: str) -> Place:
        if name.startswith("_"):  # Python, IPython and others look such names up on everything
            raise AttributeError(f'a key that begins with an underscore is written ctx["{name}"]')
        return self[name]

    def __getitem__(self, key: str) -> Place:
        if not isinstance(key, str):
            raise refuse(f"{key!r} is no key: keys are text and lists have no index; fanout goes through a list")
        return Place(Path(_deeper(self._expr.at, key)))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise refuse(f"a flow writes with assign({self!r}.{name}, ...), or with the out= of a step")

    def __setitem__(self, key: str, value: object) -> NoReturn:
        raise refuse(f"a flow writes with assign({self!r}[{key!r}], ...), or with the out= of a step")

    def __call__(self, *args: object, **named: object) -> NoReturn:
        name = self._expr.at.rpartition(".")[2]
        raise refuse(
            f"`{self!r}` is a place, no function; functions are exists(x), len_(x), is_in(x, xs), call('{name}', x)"
        )

    def __dir__(self) -> list[str]:
        return []  # every key is possible, none is known


ctx = Place(Path("$"))


def path(text: str) -> Place:
    """A place by its path text, `$.a["odd key"]`. Raises: AuthoringError."""
    try:
        parse(text)
    except InvalidPath as error:
        raise refuse(error.message) from None
    return Place(Path(text))


def lit(value: Any) -> Term:
    """A literal, never interpreted: for a text such as "$.a" that would be taken for a path. Raises: AuthoringError."""
    try:
        if _holds_term(value):
            raise refuse("lit(...) takes plain JSON values; with terms inside, leave lit away: {'a': ctx.a}")
        return Value(_literal(value))
    except RecursionError:
        raise refuse("a value nested too deeply, or one that contains itself") from None


def exists(value: object) -> Term:
    """False if the value is null, or not there."""
    return Value(Exists(expr_of(value)))


def len_(value: object) -> Term:
    """Elements of an array, characters of a text, or keys of an object."""
    return Value(Len(expr_of(value)))


def is_in(value: object, array: object) -> Term:
    """Is it an element of the array?"""
    return Value(In(expr_of(value), expr_of(array)))


def call(extern: str, *args: object) -> Term:
    """A pure function of the host, given to `launch(externs={...})` under that name. Raises: AuthoringError."""
    if not isinstance(extern, str):
        raise refuse(
            f"call({extern!r}, ...): an extern is named by text; a function that is an agent belongs into step(...)"
        )
    return Value(CallExtern(extern, tuple(expr_of(arg) for arg in args)))


def expr_of(value: object) -> Expr:
    """The expression of a term or of a plain value; a dict or a list with terms inside is put together when it runs.

    Raises: AuthoringError.
    """
    if isinstance(value, Term):
        return value._expr
    if isinstance(value, EXPRESSIONS):
        return value  # type: ignore[return-value]  # EXPRESSIONS are the members of Expr
    if isinstance(value, NODES):
        raise refuse("a node stands where a value is wanted; a step's answer is read where its out= has written it")
    if callable(value):
        name = getattr(value, "__name__", "f")
        raise refuse(
            f"the function {name} stands where a value is wanted; step({name}, ...) calls it and writes its answer"
        )
    try:
        if isinstance(value, dict) and _holds_term(value):
            pairs = [(_key(key), expr_of(each)) for key, each in value.items()]
            return CallExtern("object", tuple(each for pair in pairs for each in pair))
        if isinstance(value, list | tuple) and _holds_term(value):
            return CallExtern("array", tuple(expr_of(each) for each in value))
        _refuse_paths(value)
        return _literal(value)
    except RecursionError:
        raise refuse("a value nested too deeply, or one that contains itself") from None


def target_of(value: object, what: str) -> Path:
    """The path of a place or of a path text. what: the argument, for the refusal. Raises: AuthoringError."""
    if isinstance(value, Place):
        return value._expr
    if isinstance(value, Path):
        return value
    if isinstance(value, str):
        try:
            parse(value)
        except InvalidPath:
            meant = under("ctx", value) if value.isidentifier() else f"ctx[{value!r}]"
            raise refuse(f"{what}={value!r} is no place; write {what}={meant}") from None
        return Path(value)
    raise refuse(f"{what} is where to write: a place such as ctx.a, not {_shown(value)}")


def _operand(value: object, symbol: str) -> Expr:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        raise refuse(
            f"{value!r} beside {symbol}: it binds more tightly than comparisons; write (a < b) {symbol} (c < d)"
        )
    return expr_of(value)


def _deeper(at: str, key: str) -> str:
    deeper = under(at, key)
    try:
        key.encode()
        if parse(deeper) == (*parse(at), key):
            return deeper
    except (InvalidPath, UnicodeEncodeError):
        pass
    raise refuse(f"no path can hold the key {key!r}")


def _key(key: object) -> Lit:
    if not isinstance(key, str):
        raise refuse(f"the key {key!r} of an object is no text")
    return Lit(key)


def _holds_term(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_term(each) for each in value.values())
    if isinstance(value, list | tuple):
        return any(_holds_term(each) for each in value)
    return isinstance(value, (Term, *EXPRESSIONS))


def _literal(value: object) -> Lit:
    try:
        return Lit(take_value(_listed(value)))
    except NotJson as error:
        raise refuse(f"no JSON value: {error}") from None


def _listed(value: object) -> object:
    """Tuples become lists."""
    if isinstance(value, dict):
        return {key: _listed(each) for key, each in value.items()}
    return [_listed(each) for each in value] if isinstance(value, list | tuple) else value


def _refuse_paths(value: object) -> None:
    """A text that would be a path in YAML was hardly meant as a text."""
    if isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            _refuse_paths(each)
    elif isinstance(value, str) and is_path(value):
        place = spelled(Path(reduce(under, parse(value), "$")))
        raise refuse(f"{value!r} is a text here; write {place} for the place, lit({value!r}) for the text")


def _shown(value: object) -> str:
    text = repr(value)
    return f"`{text if len(text) <= 60 else text[:60] + '…'}`"
