"""NumPy's functions on nodes that choose by position: brackets, take, diagonals, triangles."""

from typing import Any

import numpy as np

from chainrule.errors import ShapeError, UnsupportedError
from chainrule.graph import shapes
from chainrule.graph.node import Node, apply, as_node, broadcast, of_array
from chainrule.graph.numpy_api.operands import along, closed_length
from chainrule.graph.shapes import Extent


def take(a: Any, indices: Any, axis: int | None = None) -> Node:
    a, axis = along(a, axis)
    return apply("gather", a, _positions(indices, a.shape, axis), axis=axis)


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Node:
    arr, axis = along(arr, axis)
    at = _positions(indices, arr.shape, axis)
    if at.ndim != arr.ndim:
        raise ShapeError(
            f"take_along_axis: positions {shapes.show(at.shape)} need as many axes as {shapes.show(arr.shape)} has."
        )
    wide = list(shapes.broadcast(_with_one(arr.shape, axis), _with_one(at.shape, axis)))
    wide[axis] = arr.shape[axis]
    return apply("take_along", broadcast(arr, tuple(wide)), at, axis=axis)


def _with_one(shape: shapes.Shape, axis: int) -> shapes.Shape:
    return (*shape[:axis], 1, *shape[axis + 1 :])


def _positions(indices: Any, shape: shapes.Shape, axis: int) -> Node:
    if isinstance(indices, Node):
        if indices.dtype.kind not in "iu":
            raise UnsupportedError(
                f"Positions are whole numbers; this node holds {indices.dtype}. "
                "Make it with cr.input(name, shape, 'int64'); choose by a condition with np.where(mask, x, 0)."
            )
        return indices
    array = np.asarray(indices)
    if array.dtype.kind not in "iu" and array.size:
        raise UnsupportedError(
            "A mask or fractions cannot index a node: how many are chosen must be known when the graph is "
            "built. Choose with np.where(mask, x, 0)."
        )
    extent = shape[axis]
    if not isinstance(extent, Extent):
        low, high = (array.min(), array.max()) if array.size else (0, -1)
        if low < -extent or high >= extent:
            raise ShapeError(f"an index in {low}..{high} is out of range for axis {axis} of {extent}.")
    array = array.astype(np.int64)  # in which there is room for what is counted from the end
    return of_array(array if isinstance(extent, Extent) else np.where(array < 0, array + extent, array))


def index(x: Node, key: Any) -> Node:
    """Build the node for ``x[key]``."""
    entries = key if isinstance(key, tuple) else (key,)
    fancy = [i for i, e in enumerate(entries) if isinstance(e, Node | np.ndarray | list) and np.ndim(e) > 0]
    fancy += [i for i, e in enumerate(entries) if isinstance(e, Node) and i not in fancy]
    if not fancy:
        for entry in entries:
            plain = entry is None or entry is Ellipsis or isinstance(entry, slice)
            if not plain and (isinstance(entry, bool) or not hasattr(entry, "__index__")):
                raise UnsupportedError(
                    f"A node is indexed by whole numbers, slices and None; found {entry!r}."
                )
        normal = shapes.normalize_index(x.shape, key)
        return x if all(e == shapes.FULL for e in normal) else apply("slice", x, index=normal)
    others = [e for i, e in enumerate(entries) if i not in fancy]
    if len(fancy) > 1 or any(e != slice(None) for e in others if isinstance(e, slice)) or None in others:
        raise UnsupportedError(
            "A node takes one array of positions among the brackets, beside ':' alone. "
            "For several, index in steps, or multiply by cr.one_hot(labels, classes) and sum."
        )
    if any(not isinstance(e, slice) for e in others):
        raise UnsupportedError(
            "Index a node by an array of positions or by single numbers, one after the other."
        )
    return take(x, entries[fancy[0]], axis=fancy[0])


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = as_node(np.moveaxis(a, (axis1, axis2), (-2, -1)))
    rows, columns = (
        closed_length("diagonal", a, a.ndim + i, "multiply by np.eye(n) and sum") for i in (-2, -1)
    )
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
    length = closed_length("diag", v, 0, "np.eye(n) * x does it for the main diagonal")
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
    rows, columns = (closed_length(name, m, m.ndim + i, instead) for i in (-2, -1))
    return np.tri(rows, columns, k, dtype=bool)
