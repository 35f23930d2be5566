"""Tables of a TOML file as frozen records: every key is known, every value of the type that its field says."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")
WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def record(kind: type[Record], table: Any, where: str, **given: Any) -> Record:
    """The record that a table describes; `given` fields come from elsewhere and may not stand in it.

    Fields are texts, numbers, truth values, choices (`Literal`), records, tuples of one of these, and mappings from
    texts to one of these. A `ValueError` names the place, what was expected there and what was got.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{where}: expected a table, got {table!r:.60}")
    own = {field.name: field for field in fields(kind) if field.name not in given}  # pyright: ignore[reportArgumentType]
    if unknown := next((name for name in table if name not in own), None):
        raise ValueError(f"{where}: unknown key {unknown!r:.60}, expected some of {', '.join(own)}")
    needed = [field.name for field in own.values() if field.default is field.default_factory is MISSING]
    if missing := next((name for name in needed if name not in table), None):
        raise ValueError(f"{where}: lacks {missing}, which has no default")
    hints = get_type_hints(kind)
    return kind(**given, **{name: value_of(hints[name], value, f"{where}.{name}") for name, value in table.items()})


def value_of(kind: Any, value: Any, where: str) -> Any:
    """A value of TOML as a value of a type; a `ValueError` names the place."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of([each for each in inner if each is not types.NoneType], value, where)
    if origin is Literal:
        return _checked(value in inner and type(value) is type(inner[0]), value, f"one of {', '.join(inner)}", where)
    if origin is tuple:
        rows = _checked(isinstance(value, list), value, "a list", where)
        return tuple(value_of(inner[0], each, f"{where}[{number}]") for number, each in enumerate(rows))
    if origin in (dict, Mapping):
        rows = _checked(isinstance(value, Mapping), value, "a table", where)
        return {name: value_of(inner[1], each, f"{where}.{name}") for name, each in rows.items()}
    if is_dataclass(kind):
        return record(kind, value, where)  # pyright: ignore[reportArgumentType]
    known = type(value) is kind or (kind is float and type(value) is int)
    return kind(_checked(known, value, WORDS[kind], where))


def _one_of(kinds: list[Any], value: Any, where: str) -> Any:
    """The value as the first of the types that it is of."""
    errors = []
    for kind in kinds:
        try:
            return value_of(kind, value, where)
        except ValueError as error:
            errors.append(error)
    raise errors[-1]


def _checked(known: bool, value: Any, expected: str, where: str) -> Any:
    if not known:
        raise ValueError(f"{where}: expected {expected}, got {value!r:.60}")
    return value
