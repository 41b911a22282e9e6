"""What else a row needs beside its inputs: the kinds of attributes, each a test of one value by itself.

Whether a value fits the shapes of the inputs is what the row's shape rule says.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.graph.identity import Structured
from chainrule.graph.shapes import Extent


@dataclass(frozen=True)
class Kind:
    """A kind of value: what an error calls it, and how to tell."""

    what: str
    holds: Callable[[Any], bool]


def whole(value: Any) -> bool:
    """Say whether ``value`` is a whole number that a machine word holds; truth values are none.

    >>> whole(3), whole(True), whole(2**63), whole(3.0)
    (True, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return -(2**63) <= int(value) < 2**63


def _number(value: Any) -> bool:
    """Say whether ``value`` is a number of Python; NumPy's own would decide of which dtype the result is."""
    return not isinstance(value, np.generic) and (isinstance(value, float | bool) or whole(value))


def _length(value: Any) -> bool:
    return isinstance(value, Extent) or (whole(value) and value >= 0)


def _axes(value: Any) -> bool:
    return isinstance(value, tuple) and all(whole(a) and a >= 0 for a in value)


def _entry(value: Any) -> bool:
    if isinstance(value, tuple):
        return len(value) == 3 and all(x is None or whole(x) for x in value) and value[2] != 0
    return value is None or whole(value)


DTYPES = frozenset(np.dtype(code).name for code in "?bBhHiIqQefd")

FLAG = Kind("True or False", lambda v: isinstance(v, bool))
NUMBER = Kind("a number", _number)
BOUND = Kind("a number or None", lambda v: v is None or _number(v))
COUNT = Kind("a whole number of at least 0", lambda v: whole(v) and v >= 0)
WORD = Kind("a whole number of 32 bits", lambda v: whole(v) and 0 <= v < 2**32)
AXIS = Kind("the number of an axis", lambda v: whole(v) and v >= 0)
AXES = Kind("the numbers of axes", _axes)
LENGTH = Kind("the length of an axis", _length)
STEPS = Kind(
    "whole numbers of at least 1", lambda v: isinstance(v, tuple) and all(whole(n) and n >= 1 for n in v)
)
SHAPE = Kind("the lengths of axes", lambda v: isinstance(v, tuple) and all(map(_length, v)))
INDEX = Kind(
    "whole numbers, None and (start, stop, step)", lambda v: isinstance(v, tuple) and all(map(_entry, v))
)
DTYPE = Kind("the name of a dtype of numbers", lambda v: isinstance(v, str) and v in DTYPES)
SPEC = Kind(
    "an index string such as 'ik,kj->ij'",
    lambda v: isinstance(v, str) and re.fullmatch(r"[^\W\d_]*,[^\W\d_]*->[^\W\d_]*", v) is not None,
)
BODY = Kind(
    "a closed graph", lambda v: isinstance(v, Structured) and hasattr(v, "shared")
)  # a program has state
ARRAY = Kind("an array of numbers", lambda v: isinstance(v, np.ndarray) and v.dtype.name in DTYPES)
