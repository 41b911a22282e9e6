"""What may stand in a column of a row: of the kind that the column is, and in its words."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from chainrule.errors import GraphError, short
from chainrule.graph.primitives.attributes import Kind

ALIKE: dict[Any, tuple[type, ...]] = {float: (int, float), tuple: (tuple, list)}
WORDS: dict[Any, str] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a tuple",
    Mapping: "a dict",
    Callable: "a function",
    type(None): "None",
}


def check_columns(row: Any) -> None:
    """Raise GraphError if a column of a row holds what says nothing there, such as a true range or a linear "yes".

    What a row claims is believed, so what only looks like a claim is refused where the row is written.
    """
    for column in fields(row):
        value = getattr(row, column.name)
        if not _holds(value, column.type) or (column.name == "name" and not value):
            raise GraphError(
                f"Primitive {short(row.name)}: {column.name} is {short(value)}; expected {_said(column.type)}."
            )
    for name, kind in (row.attributes or {}).items():
        if not isinstance(kind, Kind):
            raise GraphError(
                f"Primitive {short(row.name)}: the attribute {short(name)} is of {short(kind)}; expected a Kind."
            )


def _holds(value: Any, kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if isinstance(value, type):  # it can be called, and is no rule
        return False
    return any(isinstance(value, ALIKE.get(k, k)) for k in _kinds(kind))


def _kinds(kind: Any) -> list[Any]:
    """Return the classes whose values a column takes."""
    return [get_origin(k) or k for k in (get_args(kind) if isinstance(kind, UnionType) else (kind,))]


def _said(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    return " or ".join([WORDS[k] for k in _kinds(kind)])
