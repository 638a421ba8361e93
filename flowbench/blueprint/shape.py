"""Shape: plain data to frozen structs and back, by the structs' own annotations; refusals name the exact place."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from flowbench.blueprint.errors import InvalidBlueprint
from flowbench.blueprint.place import under
from flowbench.blueprint.words import did_you_mean, one_of, what
from flowbench.flow import synonym

T = TypeVar("T")
Reader = Callable[[Any, str], Any]
UNSIGNED = 2**64 - 1


class Record(msgspec.Struct, frozen=True):
    """Base of what a file holds: unknown fields are refused, and null where the annotation has no None."""


class Omitted:
    """In Annotated: this field is left out of the written form when it is null."""


class Unwritten:
    """In Annotated: this field is known to the program alone; no file says it."""


class Unsigned:
    """In Annotated: an integer from 0 to 2**64 - 1."""


class ReadBy:
    """In Annotated: how to read and write a field that another room owns."""

    def __init__(self, read: Reader, write: Callable[[Any], Any]) -> None:
        self.read = read
        self.write = write


def from_plain(cls: type[T], data: Any, place: str) -> T:
    """A Record out of plain data. Raises: InvalidBlueprint."""
    hint: Any = cls
    made: T = _reader(hint)(data, place)
    return made


def to_plain(record: Record) -> dict[str, Any]:
    """The plain data of a Record, fields in their order."""
    written: dict[str, Any] = {}
    tag = record.__struct_config__.tag
    if tag is not None:
        written["kind"] = tag
    for field, hint in written_fields(type(record)):
        value = getattr(record, field.name)
        marks = getattr(hint, "__metadata__", ())
        if value is None and Omitted in marks:
            continue
        owner = next((mark for mark in marks if isinstance(mark, ReadBy)), None)
        written[field.encode_name] = owner.write(value) if owner else _plain(value)
    return written


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return to_plain(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict) and any(isinstance(each, Enum) for each in value.values()):
        return {key: _plain(each) for key, each in value.items()}
    return value.value if isinstance(value, Enum) else value


@cache
def written_fields(cls: type) -> tuple[tuple[msgspec.structs.FieldInfo, Any], ...]:
    """The fields that are written, each with its annotation."""
    hints = get_type_hints(cls, include_extras=True)
    named = ((field, hints[field.name]) for field in msgspec.structs.fields(cls))
    return tuple((field, hint) for field, hint in named if Unwritten not in getattr(hint, "__metadata__", ()))


@cache
def _reader(hint: Any) -> Reader:
    """The function that reads one annotation."""
    marks = getattr(hint, "__metadata__", ())
    owner = next((mark for mark in marks if isinstance(mark, ReadBy)), None)
    if owner:
        return owner.read
    if Unsigned in marks:
        base = _unsigned
        return _optional(base) if type(None) in get_args(get_args(hint)[0]) else base
    if marks:
        return _reader(get_args(hint)[0])
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value, place: value
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is tuple:
        return _list(_reader(arguments[0]))
    if origin is dict:
        return _map(_reader(arguments[1]))
    if issubclass(hint, Record):
        return _record(hint)
    if issubclass(hint, Enum):
        return _enum(hint)
    return _scalar(hint)


def _scalar(kind: type) -> Reader:
    name = {str: "a string", bool: "true or false"}[kind]

    def read(value: Any, place: str) -> Any:
        if type(value) is not kind:
            raise InvalidBlueprint(place, f"expected {name}, not {what(value)}")
        return value

    return read


def _unsigned(value: Any, place: str) -> int:
    if type(value) is not int or not 0 <= value <= UNSIGNED:
        raise InvalidBlueprint(place, f"expected a whole number from 0 to {UNSIGNED}, not {what(value)}")
    return value


def _optional(base: Reader) -> Reader:
    return lambda value, place: None if value is None else base(value, place)


def _union(arguments: tuple[Any, ...]) -> Reader:
    """`X | None`, or Records that their field `kind` tells apart."""
    members = tuple(each for each in arguments if each is not type(None))
    base = _reader(members[0]) if len(members) == 1 else _tagged(members)
    return _optional(base) if len(members) < len(arguments) else base


def _tagged(members: tuple[type[Record], ...]) -> Reader:
    by_tag = {str(member.__struct_config__.tag): member for member in members}

    def read(value: Any, place: str) -> Any:
        _object(value, place)
        if "kind" not in value:
            other = next((key for key in value if synonym(key, ["kind"])), None)
            raise _missing(place, "kind") if other is None else unknown_field(place, other, ["kind"])
        tag = value["kind"]
        if not isinstance(tag, str) or tag not in by_tag:
            raise _not_one_of(tag, by_tag, under(place, "kind"))
        return _record(by_tag[tag])({key: each for key, each in value.items() if key != "kind"}, place)

    return read


def _enum(kinds: type[Enum]) -> Reader:
    allowed = {str(kind.value): kind for kind in kinds}

    def read(value: Any, place: str) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise _not_one_of(value, allowed, place)
        return allowed[value]

    return read


def _list(member: Reader) -> Reader:
    def read(value: Any, place: str) -> Any:
        if not isinstance(value, (list, tuple)):
            raise InvalidBlueprint(place, f"expected a list, not {what(value)}")
        return tuple(member(each, under(place, index)) for index, each in enumerate(value))

    return read


def _map(member: Reader) -> Reader:
    def read(value: Any, place: str) -> Any:
        _object(value, place)
        return {key: member(each, under(place, key)) for key, each in value.items()}

    return read


def _record(cls: type[Record]) -> Reader:
    readers = [(field, _reader(hint)) for field, hint in written_fields(cls)]
    known = {field.encode_name for field, _ in readers}
    tolerant = cls.__struct_config__.tag is not None  # a tagged record is provenance: later versions may say more

    def read(value: Any, place: str) -> Any:
        _object(value, place)
        if not tolerant:
            for key in value:
                if key not in known:
                    raise unknown_field(place, key, [field.encode_name for field, _ in readers], value)
        made = {}
        for field, reader in readers:
            if field.encode_name in value:
                made[field.name] = reader(value[field.encode_name], under(place, field.encode_name))
            elif field.required:
                raise _missing(place, field.encode_name)
        return cls(**made)

    return read


def _object(value: Any, place: str) -> None:
    if not isinstance(value, Mapping):
        raise InvalidBlueprint(place, f"expected an object, not {what(value)}")


def unknown_field(place: str, key: str, known: list[str], given: Collection[str] = ()) -> InvalidBlueprint:
    """The refusal of a key that nothing reads. given: fields that are there already, less likely meant."""
    meant = did_you_mean(key, [name for name in known if name not in given]) or did_you_mean(key, known)
    message = f'unknown field "{key}"{meant}; allowed here: {", ".join(known)}'
    return InvalidBlueprint(under(place, key), message, names_key=True)


def _missing(place: str, name: str) -> InvalidBlueprint:
    return InvalidBlueprint(place, f'the field "{name}" is missing')


def _not_one_of(value: Any, allowed: Mapping[str, Any], place: str) -> InvalidBlueprint:
    guess = did_you_mean(value, allowed) if isinstance(value, str) else ""
    return InvalidBlueprint(place, f"{what(value)} is not known here{guess}; allowed: {one_of(allowed)}")
