"""Syntax: plain JSON data to nodes; every refusal names its place, like `$.flow.children[0].in`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any, NamedTuple, NoReturn, TypeAlias, TypeVar, get_args

import msgspec

from flowbench.flow.errors import InvalidPath, NotJson, ParseError
from flowbench.flow.meant import meant, synonym
from flowbench.flow.nodes import EXPRESSIONS, NODES, Expr, JoinMode, Let, Node
from flowbench.flow.paths import SEED
from flowbench.flow.paths import parse as parse_path
from flowbench.flow.values import encode, take_value

MAX_NODE_DEPTH = 200  # nodes around a node
MAX_EXPR_DEPTH = 200  # expressions around an expression: their functions call each other
MAX_FANOUT_DEPTH = 32  # the one kind of node that nests at run time
MAX_TURNS = 2**32 - 1
JOINS: tuple[str, ...] = get_args(JoinMode)

T = TypeVar("T")
Place: TypeAlias = "str | tuple[Place, str | int]"


class Rule(Enum):
    """What a field may hold."""

    NODE = auto()
    NODES = auto()
    EXPR = auto()
    MAYBE_EXPR = auto()
    EXPRS = auto()
    TEXT = auto()
    PATH = auto()
    COUNT = auto()
    JOIN = auto()
    ANY = auto()


class Shape(NamedTuple):
    """The fields of one kind or op. rules: wire name -> rule. names: all of them, and the tag."""

    rules: dict[str, Rule]
    names: frozenset[str]


def parse(data: Any, compat: str | None = None, *, root: str = "$") -> Node:
    """A private copy of `data` as structs. root: what places begin with. Raises: ParseError."""
    _Reading(compat).nodes(data, root)
    return _built(_node_decoder, data, root)


def parse_expr(data: Any, compat: str | None = None, *, root: str = "$") -> Expr:
    """One expression. Raises: ParseError."""
    _Reading(compat).expressions(data, root)
    return _built(_expr_decoder, data, root)


def _built(decoder: msgspec.json.Decoder[T], data: Any, root: str) -> T:
    try:
        return decoder.decode(encode(data))
    except RecursionError:  # within our limits, but the caller's own stack is nearly full
        raise ParseError("nested too deeply to be read from here", root) from None
    except (TypeError, ValueError) as error:  # subclasses of str and the like, which our walk lets pass
        raise ParseError(str(error), root) from None


class _Reading:
    """One walk over the data, with lists instead of recursion. known: path texts found to be good."""

    def __init__(self, compat: str | None) -> None:
        if compat not in (None, SEED):  # read as the later one it would mean something else without a word
            raise ParseError(f'compat is "{SEED}" or None, not {compat!r}')
        self.compat = compat
        self.known: set[str] = set()
        self.kinds = _seed_kinds if compat == SEED else _all_kinds

    def nodes(self, data: Any, root: str) -> None:
        todo: list[tuple[Any, Place, int, int]] = [(data, root, 0, 0)]
        while todo:
            node, place, depth, fans = todo.pop()
            kind, shape = _tagged(node, "kind", self.kinds, place)
            if depth > MAX_NODE_DEPTH:
                _refuse(f"nodes nested deeper than {MAX_NODE_DEPTH}", place)
            if kind == "fanout":
                fans += 1
                if fans > MAX_FANOUT_DEPTH:
                    _refuse(f"fan-outs nested deeper than {MAX_FANOUT_DEPTH}", place)
            children: list[tuple[Any, Place, int, int]] = []
            for name, rule in shape.rules.items():
                if rule is Rule.EXPR:
                    self.expressions(node[name], (place, name))
                elif rule is Rule.NODE:
                    children.append((node[name], (place, name), depth + 1, fans))
                elif rule is Rule.NODES:
                    for index, child in enumerate(_array(node, name, place)):
                        children.append((child, ((place, name), index), depth + 1, fans))
                else:
                    self.field(node, name, rule, place)
            children.reverse()
            todo += children

    def expressions(self, data: Any, start: Place) -> None:
        if data.__class__ is dict and len(data) == 2 and data.get("op") == "path":
            at = data.get("at")
            if at.__class__ is str and at in self.known:  # the same few paths again and again
                return
        todo: list[tuple[Any, Place, int]] = [(data, start, 0)]
        while todo:
            expr, place, depth = todo.pop()
            _, shape = _tagged(expr, "op", _ops, place)
            if depth > MAX_EXPR_DEPTH:
                _refuse(f"expressions nested deeper than {MAX_EXPR_DEPTH}", place)
            children: list[tuple[Any, Place, int]] = []
            for name, rule in shape.rules.items():
                if rule is Rule.EXPR:
                    children.append((expr[name], (place, name), depth + 1))
                elif rule is Rule.EXPRS:
                    for index, child in enumerate(_array(expr, name, place)):
                        children.append((child, ((place, name), index), depth + 1))
                else:
                    self.field(expr, name, rule, place)
            children.reverse()
            todo += children

    def field(self, holder: dict[str, Any], name: str, rule: Rule, place: Place) -> None:
        """Check a field that holds neither a node nor an expression that must be there."""
        value = holder.get(name)
        where = (place, name)
        if rule is Rule.MAYBE_EXPR:
            if value is not None:
                self.expressions(value, where)
        elif rule is Rule.TEXT:
            _string(value, name, where)
        elif rule is Rule.PATH:
            self.path(_string(value, name, where), where)
        elif rule is Rule.COUNT:
            if type(value) is not int or not 0 <= value <= MAX_TURNS:
                _refuse(f"`{name}` must be an integer from 0 to {MAX_TURNS}, got {_shown(value)}", where)
        elif rule is Rule.JOIN:
            if not isinstance(value, str) or value not in JOINS:
                _refuse(f"unknown join {_shown(value)}: {_expected(value, JOINS)}", where)
        else:
            try:
                take_value(value)
            except NotJson as error:
                _refuse(f"`{name}` is no JSON value: {error}", where)

    def path(self, text: str, where: Place) -> None:
        if self.compat == SEED or text in self.known:  # 0.1.1 reads a path only when it is evaluated
            return
        try:
            parse_path(text)
        except InvalidPath as error:
            _refuse(error.message, where)
        self.known.add(text)


def _tagged(data: Any, tag: str, shapes: dict[str, Shape], place: Place) -> tuple[str, Shape]:
    """The tag of a node or an expression, and its shape, once it has exactly the fields it should have."""
    what = "a node" if tag == "kind" else "an expression"
    if not isinstance(data, dict):
        _refuse(f"{what} must be an object with `{tag}`, got {_shown(data)}", place)
    name = data.get(tag)
    if tag not in data:
        other = "op" if tag == "kind" else "kind"
        hint = next((f" (here `{key}` is called `{tag}`)" for key in data if synonym(str(key), [tag])), "")
        if other in data:
            hint = f" (an object with `{other}` is {'an expression' if tag == 'kind' else 'a node'})"
        _refuse(f"missing field `{tag}` of {what}{hint}: {_expected(None, shapes)}", place)
    if not isinstance(name, str) or (shape := shapes.get(name)) is None:
        _refuse(f"unknown {tag} {_shown(name)}: {_expected(name, shapes)}", (place, tag))
    if data.keys() != shape.names:
        _fields(data, tag, shape.rules, place)
    return name, shape


def _fields(data: dict[Any, Any], tag: str, shape: dict[str, Rule], place: Place) -> None:
    name = data[tag]
    for field in data:
        if field != tag and field not in shape:
            rest = [known for known in shape if known not in data] or list(shape)
            names = ", ".join(f"`{known}`" for known in shape)
            _refuse(f"unknown field `{field}` in `{name}`{_meant(field, rest)}; its fields are {names}", place, field)
    for field, rule in shape.items():
        if field not in data and rule is not Rule.MAYBE_EXPR:
            _refuse(f"missing field `{field}` in `{name}`", place)


def _array(data: dict[str, Any], name: str, place: Place) -> list[Any]:
    value = data[name]
    if not isinstance(value, list):
        _refuse(f"`{name}` must be an array, got {_shown(value)}", (place, name))
    return value


def _string(value: Any, name: str, where: Place) -> str:
    if not isinstance(value, str):
        _refuse(f"`{name}` must be a string, got {_shown(value)}", where)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            _refuse(f"`{name}` holds a lone surrogate, which JSON cannot carry", where)
    return value


def _expected(given: Any, names: Iterable[str]) -> str:
    known = list(names)
    return "expected one of " + ", ".join(f"`{name}`" for name in known) + _meant(given, known)


def _meant(given: Any, names: list[str]) -> str:
    found = meant(given, names) if isinstance(given, str) else None
    return f" (did you mean `{found}`?)" if found else ""


def _shown(value: Any) -> str:
    """A short name for a value that is in the wrong place."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    text = (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else repr(value)
    )
    return f"`{value}`" if isinstance(value, str) and len(value) <= 60 else text[:60]


def _refuse(message: str, place: Place, field: Any = None) -> NoReturn:
    names: list[str] = []
    while not isinstance(place, str):
        place, name = place
        names.append(f"[{name}]" if isinstance(name, int) else f".{name}")
    raise ParseError(message, place + "".join(reversed(names)), field if isinstance(field, str) else None)


def _shape(struct: type[msgspec.Struct]) -> Shape:
    rules = {field.encode_name: _rule(struct, field) for field in msgspec.structs.fields(struct)}
    return Shape(rules, frozenset(rules) | {str(struct.__struct_config__.tag_field)})


def _rule(struct: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> Rule:
    if field.type is str:
        return Rule.PATH if field.name == "at" else Rule.TEXT
    return next(rule for type_, rule in _RULES if field.type == type_)


_RULES: tuple[tuple[Any, Rule], ...] = (
    (Expr, Rule.EXPR),
    (Expr | None, Rule.MAYBE_EXPR),
    (tuple[Expr, ...], Rule.EXPRS),
    (Node, Rule.NODE),
    (tuple[Node, ...], Rule.NODES),
    (int, Rule.COUNT),
    (JoinMode, Rule.JOIN),
    (Any, Rule.ANY),
)


def _tag_of(struct: type[msgspec.Struct]) -> str:
    return str(struct.__struct_config__.tag)


_ops = {_tag_of(struct): _shape(struct) for struct in EXPRESSIONS}
_all_kinds = {_tag_of(struct): _shape(struct) for struct in NODES}
_seed_kinds = {tag: shape for tag, shape in _all_kinds.items() if tag != _tag_of(Let)}
_node_decoder: msgspec.json.Decoder[Node] = msgspec.json.Decoder(Node)
_expr_decoder: msgspec.json.Decoder[Expr] = msgspec.json.Decoder(Expr)
