"""Pictures read back from plain data, as ``Picture.to_dict`` gives it: from files, which may be anybody's."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from chainrule.errors import ChainruleError, FileFormatError, short
from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.explaining.pictures.marks import (
    Band,
    Bars,
    Colour,
    Contours,
    Heat,
    Line,
    Mark,
    Patches,
    Points,
    Rule,
    Spans,
    Text,
)
from chainrule.explaining.pictures.picture import Axis, Panel, Picture

MARKS = (Arrow, Band, Bars, Box, Contours, Heat, Line, Patches, Points, Rule, Spans, Text)
KINDS: dict[str, type[Mark]] = {kind.__name__: kind for kind in MARKS}
COLOURS = get_args(Colour)


def picture_from(data: Any, where: str = "picture") -> Picture:
    """Return the picture that ``Picture.to_dict`` wrote; what is not there, None, is NaN again among numbers.

    >>> line = Picture(Panel([Line([1, 2, 3], [1.0, float("nan"), 2.0], "cost")]), "A training")
    >>> again = picture_from(line.to_dict())
    >>> again.title, again.panels[0].marks[0].y
    ('A training', array([ 1., nan,  2.]))
    """
    given = _fields(Picture, data, where)
    given["panels"] = [
        _panel(each, f"{where}.panels[{i}]") for i, each in enumerate(_list(given.get("panels"), where))
    ]
    made: Picture = _made(Picture, given, where)
    return made


def _panel(data: Any, where: str) -> Panel:
    given = _fields(Panel, data, where)
    given["marks"] = [
        _mark(each, f"{where}.marks[{i}]") for i, each in enumerate(_list(given.get("marks"), where))
    ]
    for name in ("x", "y"):
        if name in given:
            axis = f"{where}.{name}"
            given[name] = _made(Axis, _fields(Axis, given[name], axis), axis)
    made: Panel = _made(Panel, given, where)
    return made


def _mark(data: Any, where: str) -> Mark:
    name = data.get("mark") if isinstance(data, Mapping) else None
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise FileFormatError(f"{where}: there is no mark {short(name)}; there are {', '.join(KINDS)}.")
    given = _fields(kind, {key: value for key, value in data.items() if key != "mark"}, where)
    colour = given.get("colour", "")
    if not isinstance(colour, str) or colour not in COLOURS:
        raise FileFormatError(f"{where}.colour: expected a role such as 'c1'; found {short(colour)}.")
    made: Mark = _made(kind, given, where)
    return made


def _fields(kind: type, data: Any, where: str) -> dict[str, Any]:
    """Return the fields that data has for a class; FileFormatError where it has others, or lacks one."""
    known: dict[str, Any] = {field.name: field for field in fields(kind)}
    if not isinstance(data, Mapping) or not set(data) <= set(known):
        raise FileFormatError(f"{where}: expected the fields of {kind.__name__}; found {short(data)}.")
    return dict(data)


def _list(data: Any, where: str) -> list[Any]:
    if not isinstance(data, list | tuple):
        raise FileFormatError(f"{where}: expected a list; found {short(data)}.")
    return list(data)


def _made(kind: type, given: Mapping[str, Any], where: str) -> Any:
    """Return an object of a class, which checks its fields itself."""
    try:
        return kind(**given)
    except (ChainruleError, TypeError, ValueError) as error:
        raise FileFormatError(f"{where}: {error}") from None
