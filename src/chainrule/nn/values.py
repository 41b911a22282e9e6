"""Values of attributes and settings as plain data for JSON, and back: numbers, texts, open lengths, arrays."""

import math
from typing import Any

import numpy as np

from chainrule.errors import FileFormatError, GraphError, short
from chainrule.graph.closed import ClosedGraph
from chainrule.graph.primitives.attributes import DTYPES
from chainrule.graph.shapes import Extent
from chainrule.nn.architecture import BATCH

NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}  # numbers for which JSON has no words


def to_plain(value: Any) -> Any:
    """Return a value as data that JSON can hold."""
    if isinstance(value, ClosedGraph):
        raise GraphError(
            "A graph inside a graph (the body of a loop) cannot be saved where it stands among the rows of a network: "
            "a file holds such graphs only as layers build them. Put it into a layer of your own."
        )
    if isinstance(value, Extent):
        return {"extent": value.name}
    if isinstance(value, tuple):
        return [to_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        finite = value.dtype.kind != "f" or np.isfinite(value).all()
        return {
            "array": value.tolist() if finite else _in_words(value.tolist()),
            "dtype": value.dtype.name,
        }
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": _in_words(value)}
    return value


def _in_words(numbers: Any) -> Any:
    if isinstance(numbers, list):
        return [_in_words(x) for x in numbers]
    return numbers if math.isfinite(numbers) else str(numbers)


def from_plain(value: Any, where: str) -> Any:
    """Return the value that :func:`to_plain` wrote; what is none raises FileFormatError, which says where."""
    match value:
        case None | bool() | int() | float() | str() | np.ndarray() | ClosedGraph():
            return value
        case list() | tuple():
            return tuple([from_plain(v, where) for v in value])
        case {"extent": name} if len(value) == 1 and name == BATCH:
            return Extent(BATCH)
        case {"number": str(word)} if len(value) == 1 and word in NOT_FINITE:
            return NOT_FINITE[word]
        case {"array": numbers, "dtype": str(dtype)} if len(value) == 2 and dtype in DTYPES:
            return _array(numbers, np.dtype(dtype), where)
    raise FileFormatError(f"{where}: found {short(value)}, which is no number, text, length or array.")


def _array(numbers: Any, dtype: np.dtype, where: str) -> np.ndarray:
    numbers = _from_words(numbers) if dtype.kind == "f" else numbers
    found = np.asarray(numbers)
    kinds = {found.dtype.kind, dtype.kind}
    if found.size and len(kinds) > 1 and not kinds <= {"i", "u"}:
        raise FileFormatError(f"{where}: expected an array of {dtype}; found {short(numbers)}.")
    return np.asarray(numbers, dtype)


def _from_words(numbers: Any) -> Any:
    if isinstance(numbers, list):
        return [_from_words(x) for x in numbers]
    return NOT_FINITE.get(numbers, numbers) if isinstance(numbers, str) else numbers
