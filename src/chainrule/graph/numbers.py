"""Numbers from outside, as the arrays that a graph computes with."""

from math import isfinite
from typing import Any

import numpy as np

from chainrule.errors import GraphError, ShapeError, short
from chainrule.graph.shapes import show

FEW = 2**10  # that are looked at one by one: it takes less time than to let a sum overflow in silence
# How many squares are added up at once: not so many that a library calls threads for it, which then wait, awake, where
# others are to work.
TOGETHER = {"f": 2**16, "d": 2**13}


def numbers(value: Any, dtype: Any = None) -> np.ndarray:
    """Return ``value`` as an array of floats (float arrays keep their dtype) or truth values."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError("These numbers have no shape: the rows are of different lengths.") from None
    if array.dtype.kind not in "biuf":
        raise GraphError(f"A graph computes with real numbers; found {array.dtype.name}: {short(value)}.")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if dtype is not None:
        dtype = np.dtype(dtype).newbyteorder("=")
        return array if array.dtype == dtype else _cast_finite(array, dtype)
    if array.dtype.kind in "iu" or array.dtype == np.float16:
        return array.astype(np.float64 if array.dtype.kind in "iu" else np.float32)
    return array


def value_for(variable: Any, new: Any) -> np.ndarray:
    """Return ``new`` as a variable holds it: a read-only array of its shape and dtype, which is nobody else's."""
    array = np.array(numbers(new, variable.dtype))
    if array.shape != variable.shape:
        raise ShapeError(
            f"The variable '{variable.name}' has shape {show(variable.shape)}; "
            f"the value given has {show(array.shape)}."
        )
    array.flags.writeable = False
    return array


def is_finite(array: np.ndarray) -> bool:
    """Say whether all numbers of an array are finite.

    >>> is_finite(np.array([1e308, 1e308])), is_finite(np.array([1.0, np.nan]))
    (True, False)
    """
    if array.size <= FEW:
        return bool(np.isfinite(array).all())
    # One sum finds almost every array clean, at the price of reading it once: NaN and infinity stay in a sum, in one of
    # squares too, whatever its order and precision. That of large numbers may be infinite all the same.
    with np.errstate(all="ignore"):
        if (count := TOGETHER.get(array.dtype.char)) and array.flags.c_contiguous:
            flat = array.reshape(-1)
            parts = (flat[start : start + count] for start in range(0, len(flat), count))
            clean = all(isfinite(np.dot(part, part)) for part in parts)
        else:
            clean = isfinite(array.sum())
    return clean or bool(np.isfinite(array).all())


def _cast_finite(array: np.ndarray, dtype: Any) -> np.ndarray:
    with np.errstate(over="ignore"):
        cast = array.astype(dtype)
    lost = np.isfinite(array) & ~np.isfinite(cast)
    if lost.any():
        raise GraphError(f"{float(array[lost][0]):g} is too large for {cast.dtype.name}.")
    return cast
