"""NumPy's functions on nodes that move numbers about: other shapes, other orders, several joined, some repeated."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.errors import ShapeError, UnsupportedError, short
from chainrule.graph import shapes
from chainrule.graph.node import Node, apply, as_node, broadcast, record
from chainrule.graph.numpy_api.operands import along, closed_length, part, weak
from chainrule.graph.shapes import Extent
from chainrule.graph.table import TABLE


def transpose(a: Any, axes: Any = None) -> Node:
    a = as_node(a)
    order = (
        tuple(reversed(range(a.ndim))) if axes is None else tuple(shapes.axis_index(i, a.ndim) for i in axes)
    )
    if sorted(order) != list(range(a.ndim)):
        raise ShapeError(
            f"transpose: axes {axes} do not name each axis of shape {shapes.show(a.shape)} once."
        )
    return a if order == tuple(range(a.ndim)) else apply("transpose", a, axes=order)


def swapaxes(a: Any, axis1: int, axis2: int) -> Node:
    a = as_node(a)
    order = list(range(a.ndim))
    i, j = shapes.axis_index(axis1, a.ndim), shapes.axis_index(axis2, a.ndim)
    order[i], order[j] = order[j], order[i]
    return transpose(a, order)


def moveaxis(a: Any, source: Any, destination: Any) -> Node:
    a = as_node(a)
    sources, targets = (
        [shapes.axis_index(i, a.ndim) for i in ([given] if isinstance(given, int) else given)]
        for given in (source, destination)
    )
    if len(sources) != len(targets) or len(set(sources)) < len(sources) or len(set(targets)) < len(targets):
        raise ShapeError(f"moveaxis: {source} and {destination} do not name as many axes, each once.")
    order = [i for i in range(a.ndim) if i not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        order.insert(target, origin)
    return transpose(a, order)


def reshape(a: Any, shape: Any, order: str = "C") -> Node:
    if order != "C":
        raise UnsupportedError("np.reshape of a node counts the last axis fastest: order='C'.")
    a = as_node(a)
    wanted = (shape,) if isinstance(shape, int | Extent) else tuple(shape)
    target = shapes.reshape(a.shape, wanted)
    return a if target == a.shape else apply("reshape", a, shape=target)


def ravel(a: Any, order: str = "C") -> Node:
    return reshape(a, (-1,), order)


def squeeze(a: Any, axis: Any = None) -> Node:
    a = as_node(a)
    ones = [i for i, e in enumerate(a.shape) if e == 1]
    gone = ones if axis is None else shapes.axes_tuple(axis, a.ndim)
    if any(i not in ones for i in gone):
        raise ShapeError(f"squeeze: axis {axis} of shape {shapes.show(a.shape)} is not of length 1.")
    return reshape(a, tuple(e for i, e in enumerate(a.shape) if i not in gone))


def expand_dims(a: Any, axis: Any) -> Node:
    a = as_node(a)
    rank = a.ndim + (1 if isinstance(axis, int) else len(axis))
    new = shapes.axes_tuple(axis, rank)
    old = iter(a.shape)
    return reshape(a, tuple(1 if i in new else next(old) for i in range(rank)))


def broadcast_to(array: Any, shape: Any) -> Node:
    array = as_node(array)
    target = (shape,) if isinstance(shape, int | Extent) else tuple(shape)
    if not shapes.fits(array.shape, target):
        raise ShapeError(f"shape {shapes.show(array.shape)} cannot be broadcast to {shapes.show(target)}.")
    return broadcast(array, target)


def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Node:
    nodes = weak(*arrays)
    if axis is None:
        nodes, axis = [ravel(x) for x in nodes], 0
    if any(x.ndim == 0 for x in nodes):
        raise ShapeError("concatenate: a number has no axis to join along; use np.stack.")
    axis = shapes.axis_index(axis, nodes[0].ndim)
    return nodes[0] if len(nodes) == 1 else record(TABLE["concatenate"], nodes, {"axis": axis})


def stack(arrays: Sequence[Any], axis: int = 0) -> Node:
    return concatenate([expand_dims(x, axis) for x in weak(*arrays)], axis)


def vstack(tup: Sequence[Any]) -> Node:
    return concatenate([atleast_2d(x) for x in tup], 0)


def hstack(tup: Sequence[Any]) -> Node:
    nodes = [atleast_1d(x) for x in tup]
    return concatenate(nodes, 0 if nodes[0].ndim == 1 else 1)


def dstack(tup: Sequence[Any]) -> Any:
    return np.concatenate([_atleast_3d(x) for x in tup], 2)


def column_stack(tup: Sequence[Any]) -> Node:
    nodes = [as_node(x) for x in tup]
    return concatenate([reshape(x, (*x.shape, 1)) if x.ndim == 1 else x for x in nodes], 1)


def atleast_1d(a: Any) -> Node:
    a = as_node(a)
    return a if a.ndim else reshape(a, (1,))


def atleast_2d(a: Any) -> Node:
    a = as_node(a)
    return a if a.ndim >= 2 else reshape(a, (1,) * (2 - a.ndim) + a.shape)


def _atleast_3d(x: Any) -> Any:
    x = np.atleast_2d(as_node(x))
    return np.expand_dims(x, -1) if x.ndim == 2 else x


def flip(m: Any, axis: Any = None) -> Node:
    m = as_node(m)
    axes = shapes.axes_tuple(axis, m.ndim)
    return m[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(m.ndim))]


def fliplr(m: Any) -> Any:
    return np.flip(m, 1)


def flipud(m: Any) -> Any:
    return np.flip(m, 0)


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Node]:
    ary = as_node(ary)
    axis = shapes.axis_index(axis, ary.ndim)
    extent = ary.shape[axis]
    if isinstance(extent, Extent):
        raise ShapeError(f"split: axis {axis} of shape {shapes.show(ary.shape)} is open.")
    if isinstance(indices_or_sections, int):
        if extent % indices_or_sections:
            raise ShapeError(
                f"split: {extent} elements do not divide into {indices_or_sections} equal parts."
            )
        step = extent // indices_or_sections
        cuts = list(range(step, extent, step))
    else:
        cuts = list(indices_or_sections)
    ends = [0, *cuts, extent]
    return [ary[(slice(None),) * axis + (slice(a, b),)] for a, b in pairwise(ends)]


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    a = as_node(a)
    if axis is None:
        return np.reshape(roll(np.ravel(a), shift, 0), a.shape)
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    shifts = shift if isinstance(shift, tuple | list) else (shift,) * len(axes)
    for each, by in zip(axes, shifts, strict=True):
        at = shapes.axis_index(each, a.ndim)
        length = closed_length("roll", a, at, "np.concatenate([x[-1:], x[:-1]]) turns by one")
        cut = -by % length if length else 0
        if cut:
            a = np.concatenate([part(a, at, cut, length), part(a, at, 0, cut)], at)
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
    a, axis = along(a, axis)
    if isinstance(repeats, Node):
        raise UnsupportedError(
            "np.repeat of a node takes whole numbers: how long the result is must be known when the graph is built."
        )
    length = closed_length(
        "repeat", a, axis, "np.broadcast_to(x[:, None], (x.shape[0], n)) repeats along a new axis"
    )
    if (
        int(np.max(repeats, initial=0)) * length > np.iinfo(np.int64).max // 8
    ):  # NumPy counts the bytes without a look at overflow
        raise ShapeError(f"np.repeat: {short(repeats)} times {length} elements are more than an array holds.")
    return np.take(a, np.repeat(np.arange(length), repeats), axis=axis)


def copy(a: Any) -> Node:
    return as_node(a)


def zeros_like(a: Any, dtype: Any = None) -> Node:
    return full_like(a, 0, dtype)


def ones_like(a: Any, dtype: Any = None) -> Node:
    return full_like(a, 1, dtype)


def full_like(a: Any, fill_value: Any, dtype: Any = None) -> Node:
    a = as_node(a)
    value = as_node(fill_value, [np.dtype(dtype) if dtype is not None else a.dtype])
    return broadcast_to(value, a.shape)
