"""Plain data, as files hold it, read as what our own dataclasses declare, and as nothing else.

A file comes from anywhere. Each value is held to the annotation of the field that it is for before anything is
made of it, and names of older versions become those of today.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from chainrule.errors import FileFormatError, short

# What files of older versions call what bears another name today, a line for each: (owner, old name) -> name. The
# owner of a row is "row", of a layer "layer", of a class with settings "class", of a function its kind ("activation",
# "initializer", "loss"); of an attribute it is the row's name today, and of a field that of its class.
OLD_NAMES: dict[tuple[str, str], str] = {
    ("row", "place"): "pad",
}


def renamed(owner: str, name: str) -> str:
    """Return today's name of what a file calls ``name``."""
    return OLD_NAMES.get((owner, name), name)


def read(kind: Any, data: Any, where: str) -> Any:
    """Return ``data`` as a value of ``kind``, an annotation; what is none raises FileFormatError, which says where.

    Lists become tuples, whole numbers floats where those are wanted, and dicts dataclasses.

    >>> read(tuple[float, ...], [1, 2.5], "mean")
    (1.0, 2.5)
    >>> read(int, True, "epochs")
    Traceback (most recent call last):
    chainrule.errors.FileFormatError: epochs: expected a whole number; found True.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return data
    if origin in (Union, UnionType):
        return _read_one_of(inner, data, where)
    if origin is tuple and isinstance(data, list | tuple):
        return tuple([read(inner[0], x, f"{where}[{i}]") for i, x in enumerate(data)])
    if origin is dict and isinstance(data, Mapping) and all(isinstance(key, str) for key in data):
        return {key: read(inner[1], x, f"{where}.{short(key)}") for key, x in data.items()}
    if is_dataclass(kind) and isinstance(kind, type):
        return record(kind, data, where)
    if origin is Literal and isinstance(data, str) and data in inner:
        return data
    if kind in _SIMPLE and _SIMPLE[kind][1](data):
        return kind(data) if kind is not NoneType else None
    raise FileFormatError(f"{where}: expected {_say(kind)}; found {short(data)}.")


def record(
    kind: type, data: Any, where: str, value: Callable[[Any, Any, str], Any] = read, typed: bool = True
) -> Any:
    """Return the dataclass ``kind`` whose fields a dict holds, each made by ``value(annotation, data, where)``.

    With ``typed=False`` annotations are left alone: those of the user's own classes may mean anything.
    """
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise FileFormatError(f"{where}: expected the fields of {kind.__name__}; found {short(data)}.")
    wanted = {f.name: f for f in fields(kind) if f.init}
    given = {renamed(kind.__name__, key): x for key, x in data.items()}
    unknown = [key for key in given if key not in wanted]
    if unknown:
        raise FileFormatError(f"{where}: {kind.__name__} has no field {short(unknown[0])}.")
    for name, f in wanted.items():
        if name not in given and f.default is MISSING and f.default_factory is MISSING:
            raise FileFormatError(f"{where}: {kind.__name__} needs its field '{name}'.")
    kinds = _annotations(kind) if typed else dict.fromkeys(given, Any)
    return kind(**{key: value(kinds[key], x, f"{where}.{key}") for key, x in given.items()})


_annotations = lru_cache(maxsize=64)(get_type_hints)


def _read_one_of(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    for kind in kinds:
        try:
            return read(kind, data, where)
        except FileFormatError as error:
            if is_dataclass(kind) and isinstance(data, Mapping):
                raise  # it says more than that nothing fits
            last = error
    raise last


def _is_whole(data: Any) -> bool:
    return isinstance(data, int) and not isinstance(data, bool) and abs(data) < 2**128


def _is_number(data: Any) -> bool:
    return _is_whole(data) or (isinstance(data, float) and math.isfinite(data))


_SIMPLE: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda x: isinstance(x, bool) or (_is_whole(x) and x in (0, 1))),
    int: ("a whole number", _is_whole),
    float: ("a number", _is_number),
    str: ("text", lambda x: isinstance(x, str)),
    NoneType: ("nothing", lambda x: x is None),
}


def _say(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if kind in _SIMPLE:
        return _SIMPLE[kind][0]
    return {tuple: "a list", dict: "fields by name"}.get(origin, "something else")
