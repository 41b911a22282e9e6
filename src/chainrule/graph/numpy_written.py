"""NumPy's functions that are written in other functions of NumPy, and so have a value and a derivative on nodes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import ShapeError, UnsupportedError
from chainrule.graph import shapes
from chainrule.graph.node import Node, apply, as_node, cast
from chainrule.graph.ranges import range_of
from chainrule.graph.shapes import Extent

__all__ = ["ALSO", "FUNCTIONS", "UFUNCS"]

# --- elementwise ----------------------------------------------------------------------------------------


def isnan(x: Any) -> Any:
    return np.not_equal(x, x)


def isinf(x: Any) -> Any:
    return np.equal(np.abs(_floats(x)), np.inf)


def isfinite(x: Any) -> Any:
    return np.less(np.abs(_floats(x)), np.inf)


def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    del copy  # nodes are frozen
    x = _floats(x)
    large = float(np.finfo(x.dtype).max)
    above, below = large if posinf is None else posinf, -large if neginf is None else neginf
    return np.where(isnan(x), nan, np.where(x > large, above, np.where(x < -large, below, x)))


def ceil(x: Any) -> Any:
    return -np.floor(-x) if as_node(x).dtype.kind == "f" else x


def trunc(x: Any) -> Any:
    return np.where(x < 0, ceil(x), np.floor(x)) if as_node(x).dtype.kind == "f" else x


def rint(x: Any) -> Any:
    if as_node(x).dtype.kind != "f":
        return x
    below = np.floor(x)
    beyond = x - below
    even = np.equal(2 * np.floor(below / 2), below)
    return np.where((beyond > 0.5) | (np.equal(beyond, 0.5) & ~even), below + 1, below)


def round_(a: Any, decimals: int = 0) -> Any:
    if a.dtype.kind != "f":
        return a if decimals >= 0 else cast(round_(_floats(a), decimals), a.dtype)
    scale = 10.0 ** abs(decimals)
    return rint(a) if decimals == 0 else rint(a * scale) / scale if decimals > 0 else rint(a / scale) * scale


def _pair(a: Any, b: Any) -> tuple[Any, Any, np.dtype]:
    """Return two operands as floats, and the dtype of what NumPy makes of them."""
    known = [x.dtype for x in (a, b) if isinstance(x, Node)]
    a, b = as_node(a, known), as_node(b, known)
    dtype = np.result_type(a.dtype, b.dtype)
    return _floats(a), _floats(b), dtype if dtype.kind != "b" else np.dtype(np.int8)


def _as_whole(result: Any, divisor: Any, dtype: np.dtype) -> Any:
    """Give a result for whole numbers their dtype; by 0 they leave 0."""
    return result if dtype.kind == "f" else cast(np.where(np.equal(divisor, 0), 0, result), dtype)


def sqrt(x: Any) -> Node:
    """Return the root of ``x``; that of a sum of squares, which may be 0, has a derivative there."""
    known = range_of(as_node(x))
    return apply("root" if known.square and known.low <= 0 else "sqrt", x)


def power(x: Any, exponent: Any) -> Node:
    """Return ``x ** exponent``; an exponent that is a plain number belongs to the node."""
    if isinstance(exponent, np.number):
        node = as_node(x)  # NumPy's own numbers are strong: they decide the dtype as an array would
        return apply("raised", cast(node, np.result_type(node.dtype, exponent)), exponent=exponent.item())
    if isinstance(exponent, int | float):
        if exponent == 0.5 and range_of(as_node(x)).square:
            return sqrt(x)
        return apply("raised", x, exponent=exponent)
    return apply("power", x, exponent)


def fmod(a: Any, b: Any) -> Any:
    a, b, dtype = _pair(a, b)
    return _as_whole(apply("fmod", a, b), b, dtype)


def remainder(a: Any, b: Any) -> Any:
    a, b, dtype = _pair(a, b)
    left, beyond = _left(a, b)
    return _as_whole(np.where(beyond, left + b, left), b, dtype)


def floor_divide(a: Any, b: Any) -> Any:
    a, b, dtype = _pair(a, b)
    left, beyond = _left(a, b)
    ratio = (a - left) / b  # a whole number but for rounding, and in large ones there is no room for + ½
    below = np.floor(ratio)
    quotient = np.where(ratio - below > 0.5, below + 1, below)
    return _as_whole(
        np.where(np.equal(b, 0), np.floor(a / b), np.where(beyond, quotient - 1, quotient)), b, dtype
    )


def _left(a: Any, b: Any) -> tuple[Any, Any]:
    """Return what division towards 0 leaves of a, and where division downwards goes one b further."""
    left = apply("fmod", a, b)
    return left, np.not_equal(left, 0) & np.not_equal(left < 0, b < 0)


def divmod_(a: Any, b: Any) -> tuple[Any, Any]:
    return floor_divide(a, b), remainder(a, b)


def arctanh(x: Any) -> Any:
    return (np.log1p(x) - np.log1p(-_floats(x))) / 2


def fmax(a: Any, b: Any) -> Any:
    return np.where(isnan(a), b, np.where(isnan(b), a, np.maximum(a, b)))


def fmin(a: Any, b: Any) -> Any:
    return np.where(isnan(a), b, np.where(isnan(b), a, np.minimum(a, b)))


def float_power(a: Any, b: Any) -> Any:
    return np.power(cast(a, np.float64), b if isinstance(b, int | float) else cast(b, np.float64))


def logical_xor(a: Any, b: Any) -> Any:
    return np.not_equal(cast(a, bool), cast(b, bool))


def deg2rad(x: Any) -> Any:
    return _floats(x) * (math.pi / 180)


def rad2deg(x: Any) -> Any:
    return _floats(x) * (180 / math.pi)


def _floats(x: Any) -> Any:
    x = as_node(x)
    return x if x.dtype.kind == "f" else cast(x, np.float64)


# --- reductions -----------------------------------------------------------------------------------------


def any_(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.max(cast(a, bool), axis=axis, keepdims=keepdims)


def all_(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.min(cast(a, bool), axis=axis, keepdims=keepdims)


def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.sum(np.not_equal(a, 0), axis=axis, keepdims=keepdims)


def nansum(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.sum(np.where(isnan(a), 0, a), axis=axis, keepdims=keepdims)


def nanmean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    there = np.sum(~isnan(a), axis=axis, keepdims=keepdims)
    return nansum(a, axis, keepdims=keepdims) / cast(there, _floats(a).dtype)


def nanmax(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.max(np.where(isnan(a), -np.inf, a), axis=axis, keepdims=keepdims)


def nanmin(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.min(np.where(isnan(a), np.inf, a), axis=axis, keepdims=keepdims)


def ptp(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def average(a: Any, axis: Any = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    a, weights = as_node(a), as_node(weights)
    if weights.shape != a.shape:
        if axis is None or weights.ndim != 1:
            raise ShapeError(
                f"average: weights {shapes.show(weights.shape)} for {shapes.show(a.shape)}: give one weight for each "
                "number, or one for each position along an axis: np.average(x, axis=0, weights=w)."
            )
        beside = (1,) * (a.ndim - shapes.axis_index(axis, a.ndim) - 1)
        weights = np.broadcast_to(np.reshape(weights, (*weights.shape, *beside)), a.shape)
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    return np.sum(a * weights, axis=axis, keepdims=keepdims) / total


def prod(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    a = as_node(a)
    axes = shapes.axes_tuple(axis, a.ndim)
    product: Any = cast(a, np.prod(np.zeros(0, a.dtype)).dtype)
    for each in axes:
        product = _product(product, each)
    return product if keepdims else np.squeeze(product, axes)


def _product(x: Any, axis: int) -> Any:
    """Multiply halves with each other until one is left: so the derivative is a product of all others, 0 or not."""
    length = _closed("prod", x, axis, "np.exp(np.sum(np.log(x), axis)) does it for numbers above 0")
    if length == 0:
        return np.broadcast_to(as_node(1, [x.dtype]), shapes.reduce(x.shape, (axis,), True))
    while length > 1:
        half = length // 2
        product = _part(x, axis, 0, half) * _part(x, axis, half, 2 * half)
        x = np.concatenate([product, _part(x, axis, 2 * half, length)], axis) if length % 2 else product
        length -= half
    return x


def cumprod(a: Any, axis: int | None = None) -> Any:
    a, axis = _along(a, axis)
    length = _closed("cumprod", a, axis, "np.exp(np.cumsum(np.log(x), axis)) does it for numbers above 0")
    product: Any = cast(a, np.prod(np.zeros(0, a.dtype)).dtype)
    step = 1
    while step < length:
        grown = _part(product, axis, step, length) * _part(product, axis, 0, length - step)
        product = np.concatenate([_part(product, axis, 0, step), grown], axis)
        step *= 2
    return product


def cumsum(a: Any, axis: int | None = None) -> Any:
    a, axis = _along(a, axis)
    return apply("cumsum", a, axis=axis)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    a = as_node(a)
    axis = shapes.axis_index(axis, a.ndim)
    before = (slice(None),) * axis
    for _ in range(n):
        later, earlier = a[(*before, slice(1, None))], a[(*before, slice(None, -1))]
        a = np.not_equal(later, earlier) if a.dtype == bool else later - earlier
    return a


def _along(a: Any, axis: int | None) -> tuple[Any, int]:
    a = as_node(a)
    return (np.ravel(a), 0) if axis is None else (a, shapes.axis_index(axis, a.ndim))


def _closed(name: str, x: Node, axis: int, instead: str) -> int:
    extent = x.shape[axis]
    if isinstance(extent, Extent):
        raise ShapeError(
            f"{name}: axis {axis} of shape {shapes.show(x.shape)} is open, and its length must be known when the "
            f"graph is built. Give the input a length there; {instead}."
        )
    return int(extent)


def _part(x: Node, axis: int, start: int, stop: int) -> Any:
    return x[(slice(None),) * axis + (slice(start, stop),)]


# --- movement -------------------------------------------------------------------------------------------


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    a = as_node(a)
    if axis is None:
        return np.reshape(roll(np.ravel(a), shift, 0), a.shape)
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    shifts = shift if isinstance(shift, tuple | list) else (shift,) * len(axes)
    for each, by in zip(axes, shifts, strict=True):
        at = shapes.axis_index(each, a.ndim)
        length = _closed("roll", a, at, "np.concatenate([x[-1:], x[:-1]]) turns by one")
        cut = -by % length if length else 0
        if cut:
            a = np.concatenate([_part(a, at, cut, length), _part(a, at, 0, cut)], at)
    return a


def tile(A: Any, reps: Any) -> Any:
    A = as_node(A)
    counts = (reps,) if isinstance(reps, int | np.integer) else tuple(reps)
    counts = (1,) * (A.ndim - len(counts)) + counts
    lengths = (1,) * (len(counts) - A.ndim) + A.shape
    apart = tuple(e for length in lengths for e in (1, length))
    wide = tuple(e for count, length in zip(counts, lengths, strict=True) for e in (int(count), length))
    whole = tuple(length if n == 1 else n * length for n, length in zip(counts, lengths, strict=True))
    return np.reshape(np.broadcast_to(np.reshape(A, apart), wide), whole)


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    a, axis = _along(a, axis)
    if isinstance(repeats, Node):
        raise UnsupportedError(
            "np.repeat of a node takes whole numbers: how long the result is must be known when the graph is built."
        )
    length = _closed(
        "repeat", a, axis, "np.broadcast_to(x[:, None], (x.shape[0], n)) repeats along a new axis"
    )
    return np.take(a, np.repeat(np.arange(length), repeats), axis=axis)


def pad(array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0) -> Any:
    array = as_node(array)
    widths = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2)).tolist()
    values = np.broadcast_to(np.asarray(constant_values), (array.ndim, 2)).tolist()
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise UnsupportedError(
            f"np.pad of a node takes the modes constant, edge, reflect, symmetric and wrap; found {mode!r}."
        )
    for axis, (before, after) in enumerate(widths):
        if before == after == 0:
            continue
        if mode == "constant":
            array = _with_constants(array, axis, (before, after), values[axis])
        else:
            length = _closed("pad", array, axis, "pad the data before it becomes an input")
            array = np.take(array, np.pad(np.arange(length), (before, after), mode=mode), axis=axis)
    return array


def _with_constants(x: Node, axis: int, widths: Sequence[int], values: Sequence[Any]) -> Any:
    _closed("pad", x, axis, "pad the data before it becomes an input")
    sides = [
        np.broadcast_to(cast(as_node(value), x.dtype), (*x.shape[:axis], width, *x.shape[axis + 1 :]))
        for width, value in zip(widths, values, strict=True)
    ]
    parts = [part for part, width in ((sides[0], widths[0]), (x, 1), (sides[1], widths[1])) if width]
    return np.concatenate(parts, axis)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = as_node(np.moveaxis(a, (axis1, axis2), (-2, -1)))
    rows, columns = (_closed("diagonal", a, a.ndim + i, "multiply by np.eye(n) and sum") for i in (-2, -1))
    at = np.diagonal(np.arange(rows * columns).reshape(rows, columns), offset)
    return np.take(np.reshape(a, (*a.shape[:-2], rows * columns)), at, axis=-1)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1)


def diag(v: Any, k: int = 0) -> Any:
    v = as_node(v)
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ShapeError(f"diag: a vector or a matrix is needed; found shape {shapes.show(v.shape)}.")
    length = _closed("diag", v, 0, "np.eye(n) * x does it for the main diagonal")
    side = length + abs(k)
    start = k if k >= 0 else -k * side
    stop = start + max(length - 1, 0) * (side + 1) + 1
    if length == 0:
        return np.zeros_like(np.broadcast_to(as_node(0.0, [v.dtype]), (side, side)))
    return np.reshape(apply("pad", v, index=((start, stop, side + 1),), shape=(side * side,)), (side, side))


def tril(m: Any, k: int = 0) -> Any:
    m = as_node(m)
    return np.where(_below("tril", m, k), m, 0)


def triu(m: Any, k: int = 0) -> Any:
    m = as_node(m)
    return np.where(_below("triu", m, k - 1), 0, m)


def _below(name: str, m: Node, k: int) -> np.ndarray:
    instead = "np.where(condition, x, 0) takes a condition of your own"
    rows, columns = (_closed(name, m, m.ndim + i, instead) for i in (-2, -1))
    return np.tri(rows, columns, k, dtype=bool)


def fliplr(m: Any) -> Any:
    return np.flip(m, 1)


def flipud(m: Any) -> Any:
    return np.flip(m, 0)


def dstack(tup: Sequence[Any]) -> Any:
    return np.concatenate([_atleast_3d(x) for x in tup], 2)


def _atleast_3d(x: Any) -> Any:
    x = np.atleast_2d(as_node(x))
    return np.expand_dims(x, -1) if x.ndim == 2 else x


UFUNCS = [
    sqrt, power, float_power, isnan, isinf, isfinite, ceil, trunc, rint, fmod, remainder, floor_divide, divmod_,
    arctanh, fmax, fmin, logical_xor, deg2rad, rad2deg,
]  # fmt: skip
FUNCTIONS = [
    nan_to_num, round_, any_, all_, count_nonzero, nansum, nanmean, nanmax, nanmin, ptp, average, prod, cumprod,
    cumsum, diff, roll, tile, repeat, pad, diagonal, trace, diag, tril, triu, fliplr, flipud, dstack,
]  # fmt: skip
ALSO = {"mod": "remainder", "radians": "deg2rad", "degrees": "rad2deg", "around": "round"}
