"""NumPy's functions on nodes: which primitive each becomes, with NumPy's own signatures and broadcasting."""

import inspect
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.errors import ShapeError, UnsupportedError
from chainrule.graph import numpy_written, shapes
from chainrule.graph.node import (
    Node,
    apply,
    as_node,
    broadcast,
    cast,
    count,
    record,
)
from chainrule.graph.shapes import Extent
from chainrule.graph.table import TABLE

__all__ = ["FUNCTIONS", "METHODS", "UFUNCS", "call_function", "call_ufunc", "index"]

LETTERS = "abcdefghijklmnopqrstuvwxyz"

# --- elementwise ----------------------------------------------------------------------------------------


def _extreme(name: str) -> Callable[[Any, Any], Node]:
    def build(a: Any, b: Any) -> Node:
        a, b = _weak(a, b)
        fixed = [x.primitive.name == "constant" for x in (a, b)]
        if name == "maximum" and fixed != [True, True]:
            for zero, other in ((a, b), (b, a)):
                if (
                    other.dtype.kind == "f"
                    and zero.primitive.name == "constant"
                    and zero.shape == ()
                    and zero.attributes["value"] == 0
                ):
                    return apply("relu", other)
        return apply(name, a, b, tie=0.0 if any(fixed) else 0.5)

    return build


def _weak(a: Any, b: Any) -> tuple[Node, Node]:
    known = [x.dtype for x in (a, b) if isinstance(x, Node)]
    return as_node(a, known), as_node(b, known)


def _logaddexp2(a: Any, b: Any) -> Node:
    a, b = (x * np.log(2.0).item() for x in _weak(a, b))
    return apply("logaddexp", a, b) / np.log(2.0).item()


def _hypot(a: Any, b: Any) -> Node:
    a, b = (_with_fractions(x) for x in _weak(a, b))
    return numpy_written.sqrt(a * a + b * b)


def _with_fractions(x: Node) -> Node:
    """Return whole numbers and truths as floats, since the squares of whole numbers wrap round."""
    return x if x.dtype.kind == "f" else cast(x, np.float64)


def _heaviside(x: Any, at_zero: Any) -> Node:
    if not isinstance(at_zero, int | float) or at_zero != 1:
        raise UnsupportedError("np.heaviside of a node needs its value at 0 to be 1: np.heaviside(x, 1).")
    return apply("step", x)


UFUNCS: dict[np.ufunc, Callable[..., Node]] = {
    **{ufunc: partial(apply, row.name) for row in TABLE.values() for ufunc in row.numpy},
    np.square: lambda x: numpy_written.power(x, 2),
    np.reciprocal: lambda x: 1 / as_node(x),
    np.positive: as_node,
    np.hypot: _hypot,
    np.maximum: _extreme("maximum"),
    np.minimum: _extreme("minimum"),
    np.log2: lambda x: apply("log", x) / np.log(2.0).item(),
    np.log10: lambda x: apply("log", x) / np.log(10.0).item(),
    np.exp2: lambda x: apply("exp", as_node(x) * np.log(2.0).item()),
    np.sinh: lambda x: (apply("expm1", x) - apply("expm1", -as_node(x))) / 2,
    np.cosh: lambda x: (apply("exp", x) + apply("exp", -as_node(x))) / 2,
    np.tan: lambda x: apply("sin", x) / apply("cos", x),
    np.logaddexp2: _logaddexp2,
    np.heaviside: _heaviside,
    np.matmul: lambda a, b: matmul(a, b),
}


def where(condition: Any, a: Any = None, b: Any = None) -> Node:
    if a is None or b is None:
        raise UnsupportedError(
            "np.where of a node needs three arguments: np.where(condition, a, b). "
            "Which positions are true is not known before the graph runs."
        )
    known = [x.dtype for x in (a, b) if isinstance(x, Node)]
    return apply("where", cast(condition, bool), as_node(a, known), as_node(b, known))


def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Node:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if not all(x is None or isinstance(x, int | float | np.number) for x in (low, high)):
        result = as_node(a)
        if low is not None:
            result = np.maximum(result, low)
        return result if high is None else np.minimum(result, high)
    if low is None and high is None:
        return as_node(a)
    a = as_node(a)
    bounds = [x for x in (low, high) if x is not None]
    a = cast(a, np.result_type(a.dtype, *bounds))  # as NumPy: its own numbers are strong, Python's are weak
    low, high = (x.item() if isinstance(x, np.number) else x for x in (low, high))
    return apply("clip", a, low=low, high=high)


# --- products -------------------------------------------------------------------------------------------


def matmul(a: Any, b: Any) -> Node:
    a, b = _weak(a, b)
    if not a.shape or not b.shape:
        raise ShapeError(
            f"matmul: shapes {shapes.show(a.shape)} and {shapes.show(b.shape)}: "
            "a number has no axis to sum over; use '*'."
        )
    batch = max(a.ndim, b.ndim) - 2
    left = LETTERS[2 : 2 + batch][max(0, batch - (a.ndim - 2)) :] + ("ak" if a.ndim > 1 else "k")
    right = LETTERS[2 : 2 + batch][max(0, batch - (b.ndim - 2)) :] + ("kb" if b.ndim > 1 else "k")
    left, right = left.replace("k", "z"), right.replace("k", "z")
    if batch > 0:
        common = shapes.broadcast(a.shape[:-2], b.shape[:-2])
        a = _stretch(a, common) if a.ndim > 1 else a
        b = _stretch(b, common) if b.ndim > 1 else b
        left, right = (_with_batch(letters, x.ndim, batch) for letters, x in ((left, a), (right, b)))
    out = LETTERS[2 : 2 + batch] + ("a" if a.ndim > 1 else "") + ("b" if b.ndim > 1 else "")
    return _contract(a, b, f"{left},{right}->{out}", "matmul")


def _with_batch(letters: str, rank: int, batch: int) -> str:
    core = letters[-2:] if rank > 1 else letters[-1:]
    return (LETTERS[2 : 2 + batch] if rank > 1 else "") + core


def _stretch(x: Node, batch: shapes.Shape) -> Node:
    return broadcast(x, (*batch, *x.shape[-2:]))


def _contract(a: Node, b: Node, spec: str, name: str) -> Node:
    """Contract as ``spec`` says; shapes that do not fit are named as the user's function names them."""
    try:
        return apply("contract", a, b, spec=spec)
    except ShapeError as error:
        reason = str(error).removeprefix("contract: ").removeprefix("contract of ")
        raise ShapeError(f"{name}: {reason}") from None


def dot(a: Any, b: Any) -> Node:
    a, b = _weak(a, b)
    if not a.shape or not b.shape:
        return a * b
    if b.ndim == 1 or a.ndim <= 2 >= b.ndim:
        return matmul(a, b)
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 2,)))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
    a, b = _weak(a, b)
    if isinstance(axes, int):
        axes = (tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes)))
    first = [axes[0]] if isinstance(axes[0], int) else list(axes[0])
    second = [axes[1]] if isinstance(axes[1], int) else list(axes[1])
    left = list(LETTERS[: a.ndim])
    right = list(LETTERS[a.ndim : a.ndim + b.ndim])
    if len(first) != len(second):
        raise ShapeError(f"tensordot: {len(first)} axes of the first cannot be summed with {len(second)}.")
    for i, j in zip(first, second, strict=True):
        right[shapes.axis_index(j, b.ndim)] = left[shapes.axis_index(i, a.ndim)]
    out = [x for x in left if x not in right] + [x for x in right if x not in left]
    return _contract(a, b, f"{''.join(left)},{''.join(right)}->{''.join(out)}", "tensordot")


def outer(a: Any, b: Any) -> Node:
    a, b = _weak(a, b)
    return apply("contract", ravel(a), ravel(b), spec="a,b->ab")


def inner(a: Any, b: Any) -> Node:
    a, b = _weak(a, b)
    if not a.shape or not b.shape:
        return a * b
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


def einsum(subscripts: str, *operands: Any, optimize: Any = None) -> Node:
    del optimize
    if not isinstance(subscripts, str) or "." in subscripts:
        raise UnsupportedError("np.einsum of nodes takes an index string without '...': 'ik,kj->ij'.")
    subscripts = subscripts.replace(" ", "")
    inputs, arrow, out = subscripts.partition("->")
    letters = inputs.split(",")
    if not arrow:
        out = "".join(sorted(x for x in set(inputs) - {","} if inputs.count(x) == 1))
    if len(letters) != len(operands):
        raise ShapeError(f"einsum: '{subscripts}' names {len(letters)} arrays; {len(operands)} were given.")
    nodes = [as_node(x) for x in operands]
    for have, x in zip(letters, nodes, strict=True):
        if len(have) != x.ndim:
            raise ShapeError(f"einsum: '{have}' does not name the axes of shape {shapes.show(x.shape)}.")
    if not set(out) <= set(inputs) or len(set(out)) < len(out):
        raise ShapeError(f"einsum: '{out}' must hold letters of '{inputs}', each once.")
    nodes, letters = map(list, zip(*map(_without_repetition, nodes, letters), strict=True))
    current, have = nodes[0], letters[0]
    for k in range(1, len(nodes)):
        rest = set(out).union(*letters[k + 1 :])
        current, have = _einsum_two(current, have, nodes[k], letters[k], rest)
    current, have = _sum_letters(current, have, [x for x in have if x not in out])
    order = tuple(have.index(x) for x in out)
    return current if order == tuple(range(len(order))) else apply("transpose", current, axes=order)


def _einsum_two(a: Node, left: str, b: Node, right: str, keep: set[str]) -> tuple[Node, str]:
    a, left = _sum_letters(a, left, [x for x in left if x not in right and x not in keep])
    b, right = _sum_letters(b, right, [x for x in right if x not in left and x not in keep])
    out = "".join(x for x in left if x not in right or x in keep) + "".join(x for x in right if x not in left)
    return _contract(a, b, f"{left},{right}->{out}", "einsum"), out


def _sum_letters(x: Node, letters: str, gone: list[str]) -> tuple[Node, str]:
    if not gone:
        return x, letters
    axes = tuple(sorted(letters.index(g) for g in gone))
    return apply("sum", x, axes=axes, keepdims=False), "".join(k for k in letters if k not in gone)


def _without_repetition(x: Node, letters: str) -> tuple[Node, str]:
    """Take the diagonal along the axes of a letter that stands there twice."""
    for letter in letters:
        while letters.count(letter) > 1:
            one, two = [i for i, k in enumerate(letters) if k == letter][:2]
            if x.shape[one] != x.shape[two]:
                raise ShapeError(
                    f"einsum: '{letter}' names axes of two lengths in shape {shapes.show(x.shape)}."
                )
            x = numpy_written.diagonal(x, 0, one, two)
            letters = "".join(k for i, k in enumerate(letters) if i not in (one, two)) + letter
    return x, letters


# --- reductions -----------------------------------------------------------------------------------------


def sum_(a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    a = as_node(a)
    return apply("sum", a, axes=shapes.axes_tuple(axis, a.ndim), keepdims=bool(keepdims))


def mean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    a = as_node(a)
    a = a if a.dtype.kind == "f" else cast(a, np.float64)
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
        return _whole(np.array(ends.min + ends.max, a.dtype)) - a
    return -a


def _whole(value: np.ndarray) -> Node:
    """Return whole numbers as a constant of their own dtype."""
    return Node(TABLE["constant"], (), {"value": value}, value.shape, value.dtype)


def var(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Node:
    a = as_node(a)
    axes = shapes.axes_tuple(axis, a.ndim)
    centred = a - mean(a, axes, keepdims=True)
    if ddof == 0:
        return mean(centred * centred, axes, keepdims=keepdims)
    divisor = count(tuple(a.shape[i] for i in axes), a.dtype) - ddof
    return sum_(centred * centred, axes, keepdims=keepdims) / divisor


def std(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Node:
    return numpy_written.sqrt(var(a, axis, ddof=ddof, keepdims=keepdims))


def argmax(a: Any, axis: Any = None) -> Node:
    a = as_node(a)
    if axis is None:
        return apply("argmax", ravel(a), axis=0)
    return apply("argmax", a, axis=shapes.axis_index(axis, a.ndim))


def argmin(a: Any, axis: Any = None) -> Node:
    return argmax(_turned_round(as_node(a)), axis)


OF_SIZES: dict[Any, Callable[..., Node]] = {1: sum_, np.inf: max_, -np.inf: min_}


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Node:
    x = _with_fractions(as_node(x))
    vectors = isinstance(axis, int) or (axis is None and x.ndim == 1)
    if vectors and ord in OF_SIZES:
        return OF_SIZES[ord](np.abs(x), axis, keepdims=keepdims)
    if ord is not None and ord != (2 if vectors else "fro"):
        raise UnsupportedError(
            "np.linalg.norm of a node is the Euclidean one, ord=None, or of vectors ord=1, np.inf or -np.inf."
        )
    return numpy_written.sqrt(sum_(x * x, axis, keepdims=keepdims))


# --- movement -------------------------------------------------------------------------------------------


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
    known = [x.dtype for x in arrays if isinstance(x, Node)]
    nodes = [as_node(x, known) for x in arrays]
    if axis is None:
        nodes, axis = [ravel(x) for x in nodes], 0
    if any(x.ndim == 0 for x in nodes):
        raise ShapeError("concatenate: a number has no axis to join along; use np.stack.")
    axis = shapes.axis_index(axis, nodes[0].ndim)
    return nodes[0] if len(nodes) == 1 else record(TABLE["concatenate"], nodes, {"axis": axis})


def stack(arrays: Sequence[Any], axis: int = 0) -> Node:
    known = [x.dtype for x in arrays if isinstance(x, Node)]
    return concatenate([expand_dims(as_node(x, known), axis) for x in arrays], axis)


def vstack(tup: Sequence[Any]) -> Node:
    return concatenate([atleast_2d(x) for x in tup], 0)


def hstack(tup: Sequence[Any]) -> Node:
    nodes = [atleast_1d(x) for x in tup]
    return concatenate(nodes, 0 if nodes[0].ndim == 1 else 1)


def column_stack(tup: Sequence[Any]) -> Node:
    nodes = [as_node(x) for x in tup]
    return concatenate([reshape(x, (*x.shape, 1)) if x.ndim == 1 else x for x in nodes], 1)


def atleast_1d(a: Any) -> Node:
    a = as_node(a)
    return a if a.ndim else reshape(a, (1,))


def atleast_2d(a: Any) -> Node:
    a = as_node(a)
    return a if a.ndim >= 2 else reshape(a, (1,) * (2 - a.ndim) + a.shape)


def flip(m: Any, axis: Any = None) -> Node:
    m = as_node(m)
    axes = shapes.axes_tuple(axis, m.ndim)
    return m[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(m.ndim))]


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


# --- indexing -------------------------------------------------------------------------------------------


def take(a: Any, indices: Any, axis: int | None = None) -> Node:
    a = as_node(a)
    if axis is None:
        a, axis = ravel(a), 0
    axis = shapes.axis_index(axis, a.ndim)
    return apply("gather", a, _positions(indices, a.shape, axis), axis=axis)


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
    if (
        not isinstance(extent, Extent)
        and array.size
        and not (-extent <= array.min() and array.max() < extent)
    ):
        raise ShapeError(
            f"an index in {array.min()}..{array.max()} is out of range for axis {axis} of {extent}."
        )
    wrapped = np.where(array < 0, array + (0 if isinstance(extent, Extent) else extent), array).astype(
        np.int64
    )
    return _whole(wrapped)


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
        if all(e == shapes.FULL for e in normal):
            return x
        return apply("slice", x, index=normal)
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


OF_NUMPY: list[Any] = [
    where, clip, dot, tensordot, outer, inner, einsum, sum_, mean, max_, min_, var, std, argmax, argmin,
    transpose, swapaxes, moveaxis, reshape, ravel, squeeze, expand_dims, broadcast_to, concatenate, stack,
    vstack, hstack, column_stack, atleast_1d, atleast_2d, flip, split, take, copy, zeros_like, ones_like,
    full_like,
]  # fmt: skip
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    getattr(np, name): function
    for name, function in {
        **{f.__name__.rstrip("_"): f for f in OF_NUMPY},
        "amax": max_,
        "amin": min_,
        "vdot": lambda a, b: dot(ravel(a), ravel(b)),
        "shape": lambda a: a.shape,
        "ndim": lambda a: a.ndim,
        "size": lambda a: a.size,
    }.items()
}  # fmt: skip
FUNCTIONS[np.linalg.norm] = norm

UFUNCS.update({getattr(np, f.__name__.rstrip("_")): f for f in numpy_written.UFUNCS})
FUNCTIONS.update({getattr(np, f.__name__.rstrip("_")): f for f in numpy_written.FUNCTIONS})
for _name, _same in numpy_written.ALSO.items():
    (UFUNCS if isinstance(getattr(np, _name), np.ufunc) else FUNCTIONS).update(
        {getattr(np, _name): UFUNCS.get(getattr(np, _same)) or FUNCTIONS[getattr(np, _same)]}
    )
# How the methods of ufuncs are written on nodes, whose axis is 0 where NumPy's is.
REDUCTIONS = {
    ("add", "reduce"): "np.sum(x, axis=0)",
    ("multiply", "reduce"): "np.prod(x, axis=0)",
    ("maximum", "reduce"): "np.max(x, axis=0)",
    ("minimum", "reduce"): "np.min(x, axis=0)",
    ("logical_or", "reduce"): "np.any(x, axis=0)",
    ("logical_and", "reduce"): "np.all(x, axis=0)",
    ("add", "accumulate"): "np.cumsum(x, axis=0)",
    ("multiply", "accumulate"): "np.cumprod(x, axis=0)",
    ("add", "outer"): "x[:, None] + y",
    ("subtract", "outer"): "x[:, None] - y",
    ("multiply", "outer"): "np.outer(x, y)",
    ("divide", "outer"): "x[:, None] / y",
}
METHOD_NAMES = [
    "sum", "mean", "max", "min", "var", "std", "argmax", "argmin", "dot", "ravel", "squeeze", "swapaxes",
    "take", "clip", "copy", "prod", "cumsum", "cumprod", "any", "all", "round", "repeat", "diagonal", "trace",
]  # fmt: skip


def _method_reshape(x: Node, *shape: Any) -> Node:
    return reshape(x, shape[0] if len(shape) == 1 else shape)


def _method_transpose(x: Node, *axes: Any) -> Node:
    flat = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return transpose(x, flat or None)


METHODS: dict[str, Callable[..., Node]] = {
    **{name: FUNCTIONS[getattr(np, name)] for name in METHOD_NAMES},
    "flatten": ravel,
    "reshape": _method_reshape,
    "transpose": _method_transpose,
    "astype": lambda x, dtype: cast(x, dtype),
}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Build the node for a NumPy ufunc called on nodes."""
    if options:
        name = next(iter(options))
        remedy = (
            "nodes are frozen; write y = np.{0}(...)"
            if name == "out"
            else "choose with np.where(condition, np.{0}(...), other)"
            if name == "where"
            else "use x.astype(...)"
        )
        raise UnsupportedError(
            f"np.{ufunc.__name__} of a node does not take '{name}=': {remedy.format(ufunc.__name__)}."
        )
    if method != "__call__":
        written = REDUCTIONS.get((ufunc.__name__, method))
        instead = f"Write {written}" if written else f"Of numbers: np.{ufunc.__name__}.{method}(x.value, ...)"
        raise UnsupportedError(f"np.{ufunc.__name__}.{method} of a node is not there. {instead}.")
    build = UFUNCS.get(ufunc)
    if build is None:
        of_numpy = getattr(np, ufunc.__name__, None) is ufunc  # SciPy's are ufuncs too
        raise _missing(f"np.{ufunc.__name__}" if of_numpy else ufunc.__name__, inputs, options)
    return build(*inputs)


def call_function(function: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Build the node for a NumPy function called on nodes."""
    build = FUNCTIONS.get(function)
    if build is None:
        raise _missing(
            f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1), arguments, options
        )
    options = {k: v for k, v in options.items() if not (k == "out" and v is None)}
    if "out" in options:
        raise UnsupportedError(f"np.{function.__name__} of a node does not take 'out=': nodes are frozen.")
    signature = _signature(build)
    dtype = options.pop("dtype", None) if "dtype" not in signature.parameters else None
    try:
        signature.bind(*arguments, **options)
    except TypeError as error:
        taken = ", ".join(signature.parameters)
        raise UnsupportedError(f"np.{function.__name__} of a node takes ({taken}): {error}.") from None
    result = build(*arguments, **options)
    return result if dtype is None else cast(result, dtype)


_signature = cache(inspect.signature)  # to look at it takes longer than to build a node


def _missing(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> UnsupportedError:
    more = ", ..." if len(arguments) + len(options) > 1 else ""
    return UnsupportedError(
        f"{name} is not among the NumPy functions that nodes have. Of numbers that are known already it can be "
        f"computed as {name}(x.value{more}), through which no gradient passes."
    )
