"""NumPy's functions on nodes that join numbers along axes: sums, products, extremes, norms, differences."""

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import ShapeError, UnsupportedError
from chainrule.graph import shapes
from chainrule.graph.node import Node, apply, as_node, cast, count, of_array
from chainrule.graph.numpy_api.elementwise import sqrt
from chainrule.graph.numpy_api.operands import along, closed_length, floats, part


def sum_(a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    a = as_node(a)
    return apply("sum", a, axes=shapes.axes_tuple(axis, a.ndim), keepdims=bool(keepdims))


def mean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    a = floats(a)
    axes = shapes.axes_tuple(axis, a.ndim)
    return sum_(a, axes, keepdims=keepdims) / count(tuple(a.shape[i] for i in axes), a.dtype)


def max_(a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    a = as_node(a)
    return apply("max", a, axes=shapes.axes_tuple(axis, a.ndim), keepdims=bool(keepdims))


def min_(a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    a = as_node(a)
    return _turned_round(max_(_turned_round(a), axis, keepdims=keepdims))


def _turned_round(a: Node) -> Node:
    """Return numbers in the opposite order, each of its own dtype: -(-128) is -128 in 8 bits, and -1 is 255."""
    if a.dtype == bool:
        return ~a
    if a.dtype.kind in "iu":
        ends = np.iinfo(a.dtype)
        return of_array(np.array(ends.min + ends.max, a.dtype)) - a
    return -a


def var(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Node:
    a = as_node(a)
    axes = shapes.axes_tuple(axis, a.ndim)
    centred = a - mean(a, axes, keepdims=True)
    if ddof == 0:
        return mean(centred * centred, axes, keepdims=keepdims)
    divisor = count(tuple(a.shape[i] for i in axes), a.dtype) - ddof
    return sum_(centred * centred, axes, keepdims=keepdims) / divisor


def std(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Node:
    return sqrt(var(a, axis, ddof=ddof, keepdims=keepdims))


def argmax(a: Any, axis: Any = None) -> Node:
    a, axis = along(a, axis)
    return apply("argmax", a, axis=axis)


def argmin(a: Any, axis: Any = None) -> Node:
    return argmax(_turned_round(as_node(a)), axis)


OF_SIZES: dict[Any, Callable[..., Node]] = {1: sum_, np.inf: max_, -np.inf: min_}


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Node:
    x = floats(x)
    vectors = isinstance(axis, int) or (axis is None and x.ndim == 1)
    if vectors and ord in OF_SIZES:
        return OF_SIZES[ord](np.abs(x), axis, keepdims=keepdims)
    if ord is not None and ord != (2 if vectors else "fro"):
        raise UnsupportedError(
            "np.linalg.norm of a node is the Euclidean one, ord=None, or of vectors ord=1, np.inf or -np.inf."
        )
    return sqrt(sum_(x * x, axis, keepdims=keepdims))


def any_(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.max(cast(a, bool), axis=axis, keepdims=keepdims)


def all_(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.min(cast(a, bool), axis=axis, keepdims=keepdims)


def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.sum(np.not_equal(a, 0), axis=axis, keepdims=keepdims)


def nansum(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.sum(np.where(np.isnan(a), 0, a), axis=axis, keepdims=keepdims)


def nanmean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    there = np.sum(~np.isnan(a), axis=axis, keepdims=keepdims)
    return nansum(a, axis, keepdims=keepdims) / cast(there, floats(a).dtype)


def nanmax(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.max(np.where(np.isnan(a), -np.inf, a), axis=axis, keepdims=keepdims)


def nanmin(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.min(np.where(np.isnan(a), np.inf, a), axis=axis, keepdims=keepdims)


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
    length = closed_length("prod", x, axis, "np.exp(np.sum(np.log(x), axis)) does it for numbers above 0")
    if length == 0:
        return np.broadcast_to(as_node(1, [x.dtype]), shapes.reduce(x.shape, (axis,), True))
    while length > 1:
        half = length // 2
        product = part(x, axis, 0, half) * part(x, axis, half, 2 * half)
        x = np.concatenate([product, part(x, axis, 2 * half, length)], axis) if length % 2 else product
        length -= half
    return x


def cumprod(a: Any, axis: int | None = None) -> Any:
    a, axis = along(a, axis)
    length = closed_length(
        "cumprod", a, axis, "np.exp(np.cumsum(np.log(x), axis)) does it for numbers above 0"
    )
    product: Any = cast(a, np.prod(np.zeros(0, a.dtype)).dtype)
    step = 1
    while step < length:
        grown = part(product, axis, step, length) * part(product, axis, 0, length - step)
        product = np.concatenate([part(product, axis, 0, step), grown], axis)
        step *= 2
    return product


def cumsum(a: Any, axis: int | None = None) -> Any:
    a, axis = along(a, axis)
    return apply("cumsum", a, axis=axis)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    a = as_node(a)
    axis = shapes.axis_index(axis, a.ndim)
    before = (slice(None),) * axis
    for _ in range(n):
        later, earlier = a[(*before, slice(1, None))], a[(*before, slice(None, -1))]
        a = np.not_equal(later, earlier) if a.dtype == bool else later - earlier
    return a
