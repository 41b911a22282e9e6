"""The structural primitives: products, reductions, movement, indexing, random bits.

Their derivative rules are written by hand and, like all else, in array-likes: given nodes they return graph.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.errors import DataError, GraphError, ShapeError
from chainrule.graph import shapes
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.elementwise import cast
from chainrule.graph.primitives.primitive import MULTIPLY, Case, Primitive, add, floating
from chainrule.graph.shapes import Shape

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# -- what these functions take and return are array-likes of any kind: arrays, nodes, code.


def _like_first(first: np.dtype, *_others: np.dtype, **_: Any) -> np.dtype:
    return first


# --- products -------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def contraction_function(spec):
    """Return the function of two arrays that ``spec`` describes, as one (batched) matrix product."""
    plan = shapes.contraction(spec)
    batch, rows, inner, columns = (len(k) for k in (plan.batch, plan.rows, plan.inner, plan.columns))
    turn_left = [plan.left.index(k) for k in plan.batch + plan.rows + plan.inner]
    turn_right = [plan.right.index(k) for k in plan.batch + plan.inner + plan.columns]
    order = plan.batch + plan.rows + plan.columns
    turn_out = [order.index(k) for k in plan.out]

    def general(x, y):
        left, right = x.transpose(turn_left), y.transpose(turn_right)
        kept = left.shape[: batch + rows] + right.shape[batch + inner :]
        length = math.prod(left.shape[batch + rows :])
        height, width = math.prod(left.shape[batch : batch + rows]), math.prod(right.shape[batch + inner :])
        left = left.reshape(*left.shape[:batch], height, length)
        right = right.reshape(*right.shape[:batch], length, width)
        return np.matmul(left, right).reshape(kept).transpose(turn_out)

    if not (batch == 0 and rows == inner == columns == 1):
        return general
    transposed = (turn_left == [1, 0], turn_right == [1, 0], turn_out == [1, 0])
    return {
        (False, False, False): lambda x, y: x @ y,
        (True, False, False): lambda x, y: x.T @ y,
        (False, True, False): lambda x, y: x @ y.T,
        (True, True, False): lambda x, y: x.T @ y.T,
    }.get(transposed, lambda x, y: (x.transpose(turn_left) @ y.transpose(turn_right)).T)


def _contract_vjp(dy, y, a, b, spec):
    plan = shapes.contraction(spec)
    return [
        contract(dy, b, spec=f"{plan.out},{plan.right}->{plan.left}"),
        contract(a, dy, spec=f"{plan.left},{plan.out}->{plan.right}"),
    ]


def _contract_jvp(x_dots, y, a, b, spec):
    terms = []
    if x_dots[0] is not None:
        terms.append(contract(x_dots[0], b, spec=spec))
    if x_dots[1] is not None:
        terms.append(contract(a, x_dots[1], spec=spec))
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def _contract_reach(chosen, y, a, b, spec):
    plan = shapes.contraction(spec)

    def reached(letters, x):
        """Return for each element of a factor whether any of the results it takes part in was chosen."""
        kept = "".join(k for k in plan.out if k in letters)
        found = _any(chosen, tuple(i for i, k in enumerate(plan.out) if k not in letters), False)
        turned = transpose(found, axes=tuple(kept.index(k) for k in letters if k in kept))
        return reshape(
            turned, shape=tuple(e if k in kept else 1 for k, e in zip(letters, x.shape, strict=True))
        )

    return [reached(plan.left, a), reached(plan.right, b)]


contract: Primitive = add(
    Primitive(
        name="contract",
        text="{spec}",  # written as the matrix product that it is, see `show`
        binds=MULTIPLY,
        forward=lambda x, y, spec: contraction_function(spec)(x, y),
        vjp=_contract_vjp,
        jvp=_contract_jvp,
        reach=_contract_reach,
        attributes={"spec": kind.SPEC},
        shape=lambda *found, spec: shapes.contract(found, spec),
        cases=(
            Case(((2, 3), (3, 4)), {"spec": "ik,kj->ij"}),
            Case(((3, 2), (3, 4)), {"spec": "ki,kj->ij"}),
            Case(((2, 3), (4, 3)), {"spec": "ik,jk->ji"}),
            Case(((2, 5, 3), (2, 3, 4)), {"spec": "bik,bkj->bij"}),
            Case(((3,), (3,)), {"spec": "i,i->"}),
            Case(((2,), (3,)), {"spec": "i,j->ji"}),
            Case(((2, 3, 4), (3, 4)), {"spec": "ijk,jk->i"}),
            Case(((0, 3), (3, 2)), {"spec": "ik,kj->ij"}),
            Case(((2, 0), (0, 2)), {"spec": "ik,kj->ij"}),
            Case(((2, 3), (2, 3)), {"spec": "ij,ij->ij"}),
            Case(((2, 3, 2, 2), (2, 3, 2)), {"spec": "abij,abj->aib"}),
            Case(((), (2, 3)), {"spec": ",ij->ji"}),
        ),
        note="a sum of products: each factor's gradient is a product of the incoming gradient and the other",
    )
)


# --- reductions -----------------------------------------------------------------------------------------


def _spread(dy, x, axes, keepdims):
    """Give every element of x the reduced dy that it took part in."""
    kept = dy if keepdims else reshape(dy, shape=shapes.reduce(x.shape, axes, True))
    return broadcast_to(kept, shape=x.shape)


def _any(chosen, axes, keepdims):
    return total(chosen, axes=axes, keepdims=keepdims) > 0


total: Primitive = add(
    Primitive(
        name="sum",
        text="sum({0}{over})",
        latex=r"\sum {0}",
        forward=lambda x, axes, keepdims: np.add.reduce(x, axis=axes, keepdims=keepdims),
        vjp=lambda dy, y, x, axes, keepdims: [_spread(dy, x, axes, keepdims)],
        jvp=lambda x_dots, y, x, axes, keepdims: total(x_dots[0], axes=axes, keepdims=keepdims),
        moves="all",
        attributes={"axes": kind.AXES, "keepdims": kind.FLAG},
        shape=lambda x, axes, keepdims: shapes.reduce(x, axes, keepdims),
        dtype=lambda x, axes, keepdims: np.sum(np.zeros(0, x)).dtype,  # NumPy widens whole numbers
        cases=tuple(
            Case((shape,), {"axes": axes, "keepdims": keepdims})
            for shape in [(2, 3), (1, 2), (0, 2)]
            for axes in [(0,), (1,), (0, 1), ()]
            for keepdims in [False, True]
        ),
        note="a sum passes the gradient on unchanged to every term",
    )
)


def _turned(x, axis):
    return x[(slice(None),) * axis + (slice(None, None, -1),)]


cumsum: Primitive = add(
    Primitive(
        name="cumsum",
        text="cumsum({0}, axis={axis})",
        forward=lambda x, axis: np.cumsum(x, axis=axis),
        vjp=lambda dy, y, x, axis: [_turned(cumsum(_turned(dy, axis), axis=axis), axis)],
        jvp=lambda x_dots, y, x, axis: cumsum(x_dots[0], axis=axis),
        moves="all",
        attributes={"axis": kind.AXIS},
        shape=lambda x, axis: shapes.over_axes(x, (axis,)),
        dtype=lambda x, axis: np.cumsum(np.zeros(0, x)).dtype,
        cases=(
            Case(((4,),), {"axis": 0}),
            Case(((2, 5),), {"axis": 1}),
            Case(((3, 2),), {"axis": 0}),
            Case(((0, 2),), {"axis": 0}),
            Case(((1, 3),), {"axis": 0}),
        ),
        note="each number is the sum of those up to it",
    )
)


def _largest(x, axes, keepdims):
    if x.size == 0:
        shapes.check_elements([x.shape[a] for a in axes])
    return np.max(x, axis=axes, keepdims=keepdims)


def _argmax(x, axis):
    if x.size == 0:
        shapes.check_elements([x.shape[axis]])
    return np.argmax(x, axis=axis)


def _largest_vjp(dy, y, x, axes, keepdims):
    hit, ties = _hits(y, x, axes, keepdims)
    return [np.where(hit, _spread(dy / ties, x, axes, keepdims), 0)]


def _largest_jvp(x_dots, y, x, axes, keepdims):
    hit, ties = _hits(y, x, axes, keepdims)
    return total(np.where(hit, x_dots[0], 0), axes=axes, keepdims=keepdims) / ties


def _hits(y, x, axes, keepdims):
    """Return which elements are as large as the largest, and how many of them tie."""
    hit = np.equal(x, y if keepdims else reshape(y, shape=shapes.reduce(x.shape, axes, True)))
    return hit, total(cast(hit, dtype=x.dtype.name), axes=axes, keepdims=keepdims)


largest: Primitive = add(
    Primitive(
        name="max",
        text="max({0}{over})",
        latex=r"\max {0}",
        forward=_largest,
        vjp=_largest_vjp,
        jvp=_largest_jvp,
        reach=lambda chosen, y, x, axes, keepdims: [_spread(chosen, x, axes, keepdims)],
        attributes={"axes": kind.AXES, "keepdims": kind.FLAG},
        shape=lambda x, axes, keepdims: shapes.reduce(x, axes, keepdims),
        cases=tuple(
            Case((shape,), {"axes": axes, "keepdims": keepdims})
            for shape, axes in [((2, 3), (0,)), ((2, 3), (1,)), ((2, 3), (0, 1)), ((0, 2), (1,))]
            for keepdims in [False, True]
        ),
        kink="elements that tie share the gradient equally",
    )
)
argmax = add(
    Primitive(
        name="argmax",
        text="argmax({0}, axis={axis})",
        latex=r"\arg\max {0}",
        forward=_argmax,
        no_derivative="argmax gives a position, which does not change smoothly; use max, or softmax",
        attributes={"axis": kind.AXIS},
        shape=lambda x, axis: shapes.reduce(x, (axis,), False),
        dtype=lambda x, axis: np.dtype(np.int64),
        cases=(Case(((2, 3),), {"axis": 0}), Case(((2, 3),), {"axis": 1})),
        kink="the first of those that tie",
    )
)


EQUAL_SHARES = "those that tie at an infinite maximum count equally, and all others 0"


def _below_peak(x, axes):
    """Return x - max(x), and 0 at the maximum itself, though it be infinite."""
    peak = np.maximum.reduce(x, axis=axes, keepdims=True, initial=-np.inf)
    below = x - peak
    if isinstance(peak, np.ndarray) and np.isfinite(peak).all():
        return below  # nearly always, and for large arrays twice as fast
    return np.where(np.equal(x, peak), 0, below)


def _softmax(x, axes):
    e = np.exp(_below_peak(x, axes))
    return e / np.add.reduce(e, axis=axes, keepdims=True)


softmax: Primitive = add(
    Primitive(
        name="softmax",
        text="softmax({0})",
        latex=r"\operatorname{{softmax}}\left({0}\right)",
        forward=_softmax,
        vjp=lambda dy, y, x, axes: [y * (dy - total(dy * y, axes=axes, keepdims=True))],
        jvp=lambda x_dots, y, x, axes: y * (x_dots[0] - total(x_dots[0] * y, axes=axes, keepdims=True)),
        reach=lambda chosen, y, x, axes: [broadcast_to(_any(chosen, axes, True), shape=x.shape)],
        attributes={"axes": kind.AXES},
        shape=lambda x, axes: shapes.over_axes(x, axes),
        dtype=floating,
        cases=(
            Case(((2, 3),), {"axes": (1,)}),
            Case(((3, 2),), {"axes": (0,)}),
            Case(((3,),), {"axes": (0,)}),
            Case(((2, 3, 2),), {"axes": (0, 2)}),
            Case(((0, 3),), {"axes": (1,)}),
            Case(((2, 0),), {"axes": (1,)}),
        ),
        kink=EQUAL_SHARES,
        note="every output depends on every input: raising one lowers all the others",
    )
)


def _log_softmax(x, axes):
    shifted = _below_peak(x, axes)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axes, keepdims=True))


log_softmax = add(
    Primitive(
        name="log_softmax",
        text="log_softmax({0})",
        latex=r"\log \operatorname{{softmax}}\left({0}\right)",
        forward=_log_softmax,
        vjp=lambda dy, y, x, axes: [dy - softmax(x, axes=axes) * total(dy, axes=axes, keepdims=True)],
        jvp=lambda x_dots, y, x, axes: (
            x_dots[0] - total(softmax(x, axes=axes) * x_dots[0], axes=axes, keepdims=True)
        ),
        reach=lambda chosen, y, x, axes: [broadcast_to(_any(chosen, axes, True), shape=x.shape)],
        attributes={"axes": kind.AXES},
        shape=lambda x, axes: shapes.over_axes(x, axes),
        dtype=floating,
        cases=(
            Case(((2, 3),), {"axes": (1,)}),
            Case(((3, 2),), {"axes": (0,)}),
            Case(((3,),), {"axes": (0,)}),
            Case(((0, 3),), {"axes": (1,)}),
        ),
        kink=EQUAL_SHARES,
        note="the logarithm of softmax, finite where softmax is 0 in floats and exact where inputs are large",
    )
)


def _logsumexp(x, axes, keepdims):
    peak = np.max(x, axis=axes, keepdims=True, initial=-np.inf)
    peak = np.where(np.isfinite(peak), peak, 0)
    inner = np.log(np.sum(np.exp(x - peak), axis=axes, keepdims=True)) + peak
    return inner if keepdims else inner.reshape(shapes.reduce(x.shape, axes, False))


logsumexp: Primitive = add(
    Primitive(
        name="logsumexp",
        text="logsumexp({0}{over})",
        latex=r"\log \sum e^{{{0}}}",
        forward=_logsumexp,
        vjp=lambda dy, y, x, axes, keepdims: [_spread(dy, x, axes, keepdims) * softmax(x, axes=axes)],
        jvp=lambda x_dots, y, x, axes, keepdims: total(
            x_dots[0] * softmax(x, axes=axes), axes=axes, keepdims=keepdims
        ),
        reach=lambda chosen, y, x, axes, keepdims: [_spread(chosen, x, axes, keepdims)],
        attributes={"axes": kind.AXES, "keepdims": kind.FLAG},
        shape=lambda x, axes, keepdims: shapes.reduce(x, axes, keepdims),
        dtype=floating,
        cases=(
            Case(((2, 3),), {"axes": (1,), "keepdims": True}),
            Case(((2, 3),), {"axes": (0,), "keepdims": False}),
            Case(((2, 3),), {"axes": (0, 1), "keepdims": False}),
            Case(((0, 2),), {"axes": (1,), "keepdims": True}),
            Case(((2, 0),), {"axes": (1,), "keepdims": False}),
        ),
        kink=EQUAL_SHARES,
        note="log(Σ exp(x)) without overflow",
    )
)

# --- movement: the same numbers elsewhere ---------------------------------------------------------------

reshape: Primitive = add(
    Primitive(
        name="reshape",
        text="reshape({0}, {shape})",
        forward=lambda x, shape: np.reshape(x, shape),
        vjp=lambda dy, y, x, shape: [reshape(dy, shape=x.shape)],
        jvp=lambda x_dots, y, x, shape: reshape(x_dots[0], shape=shape),
        moves="all",
        attributes={"shape": kind.SHAPE},
        shape=lambda x, shape: shapes.reshape(x, shape),
        dtype=_like_first,
        cases=(
            Case(((2, 3),), {"shape": (3, 2)}),
            Case(((1, 2),), {"shape": (2,)}),
            Case(((),), {"shape": (1, 1)}),
            Case(((0, 2),), {"shape": (3, 0)}),
        ),
    )
)
transpose: Primitive = add(
    Primitive(
        name="transpose",
        text="{0}ᵀ",
        latex="{{{0}}}^\\top",
        binds=80,
        needs=(80,),
        forward=lambda x, axes: np.transpose(x, axes),
        vjp=lambda dy, y, x, axes: [transpose(dy, axes=tuple(int(a) for a in np.argsort(axes)))],
        jvp=lambda x_dots, y, x, axes: transpose(x_dots[0], axes=axes),
        moves="all",
        attributes={"axes": kind.AXES},
        shape=lambda x, axes: shapes.transpose(x, axes),
        dtype=_like_first,
        cases=(
            Case(((2, 3),), {"axes": (1, 0)}),
            Case(((2, 3, 4),), {"axes": (2, 0, 1)}),
            Case(((0, 2),), {"axes": (1, 0)}),
        ),
    )
)


def sum_to(x: Any, shape: Shape) -> Any:
    """Sum ``x`` over the axes that broadcasting ``shape`` to its shape had stretched."""
    if x.shape == shape:
        return x
    extra = len(x.shape) - len(shape)
    stretched = tuple(
        a for a, e in enumerate(x.shape) if a < extra or (shape[a - extra] == 1 and e != 1)
    )  # fmt: skip
    kept = total(x, axes=stretched, keepdims=True) if stretched else x
    return reshape(kept, shape=shape) if extra else kept


broadcast_to: Primitive = add(
    Primitive(
        name="broadcast_to",
        text="broadcast({0}, {shape})",
        forward=lambda x, shape: np.broadcast_to(x, shape),
        vjp=lambda dy, y, x, shape: [sum_to(dy, x.shape)],
        jvp=lambda x_dots, y, x, shape: broadcast_to(x_dots[0], shape=shape),
        moves="all",
        attributes={"shape": kind.SHAPE},
        shape=lambda x, shape: shapes.stretch(x, shape),
        dtype=_like_first,
        cases=(
            Case(((),), {"shape": (2, 3)}),
            Case(((3,),), {"shape": (2, 3)}),
            Case(((2, 1),), {"shape": (2, 3)}),
            Case(((1, 1),), {"shape": (0, 1)}),
        ),
    )
)


def _split(dy, parts, axis):
    start = 0
    for part in parts:
        stop = start + part.shape[axis]
        yield dy[(slice(None),) * axis + (slice(start, stop),)]
        start = stop


def _concatenate_jvp(x_dots, y, *parts, axis):
    dots = [d if d is not None else np.zeros_like(x) for d, x in zip(x_dots, parts, strict=True)]
    return concatenate(*dots, axis=axis)


concatenate: Primitive = add(
    Primitive(
        name="concatenate",
        text="concatenate({all}, axis={axis})",
        forward=lambda *parts, axis: np.concatenate(parts, axis=axis),
        vjp=lambda dy, y, *parts, axis: list(_split(dy, parts, axis)),
        jvp=_concatenate_jvp,
        moves="all",
        attributes={"axis": kind.AXIS},
        shape=lambda *found, axis: shapes.concatenate(found, axis),
        cases=(
            Case(((2, 3), (2, 1)), {"axis": 1}),
            Case(((1, 2), (0, 2), (3, 2)), {"axis": 0}),
            Case(((2,),), {"axis": 0}),
        ),
    )
)

# --- indexing -------------------------------------------------------------------------------------------


def _place(x, index, shape):
    out = np.zeros(shape, x.dtype)
    out[shapes.as_slices(index)] = x
    return out


pick: Primitive = add(
    Primitive(
        name="slice",
        text="{0}[{at}]",
        needs=(80,),
        forward=lambda x, index: x[shapes.as_slices(index)],
        vjp=lambda dy, y, x, index: [place(dy, index=index, shape=x.shape)],
        jvp=lambda x_dots, y, x, index: pick(x_dots[0], index=index),
        moves="some",
        attributes={"index": kind.INDEX},
        shape=lambda x, index: shapes.index_shape(x, index),
        dtype=_like_first,
        cases=(
            Case(((3, 4),), {"index": (0, shapes.FULL)}),
            Case(((3, 4),), {"index": (shapes.FULL, (1, 4, 2))}),
            Case(((3,),), {"index": ((2, None, -1),)}),
            Case(((3,),), {"index": (None, (0, 0, 1))}),
            Case(((2, 3, 4),), {"index": (1, None, shapes.FULL, (3, 0, -2))}),
            Case(((0, 2),), {"index": (shapes.FULL, 1)}),
        ),
    )
)
place: Primitive = add(
    Primitive(
        name="place",
        text="place({0})",
        forward=_place,
        vjp=lambda dy, y, x, index, shape: [pick(dy, index=index)],
        jvp=lambda x_dots, y, x, index, shape: place(x_dots[0], index=index, shape=shape),
        moves="all",
        attributes={"index": kind.INDEX, "shape": kind.SHAPE},
        shape=lambda x, index, shape: shapes.placed(x, index, shape),
        dtype=_like_first,
        cases=(
            Case(((2,),), {"index": (shapes.FULL, 1), "shape": (2, 3)}),
            Case(((2,),), {"index": ((0, 4, 2),), "shape": (5,)}),
            Case(((),), {"index": (2,), "shape": (3,)}),
        ),
        note="zeros, with the given numbers at an index: the gradient of a slice",
    )
)


def _take(x, indices, axis):
    try:
        return np.take(x, indices, axis=axis)
    except IndexError:
        raise _out_of_range(indices, axis, x.shape[axis]) from None


def _out_of_range(indices, axis, length):
    return DataError(
        f"A position from {np.min(indices)} to {np.max(indices)} is out of range: "
        f"axis {axis} has length {length}, so the last position is {length - 1}."
    )


def _at_positions(first, indices, **_):
    if indices.kind not in "iu":
        raise GraphError(f"Positions are whole numbers; these are {indices.name}.")
    return first


def _scatter(x, indices, axis, extent):
    rank = np.ndim(indices)
    rows = np.moveaxis(x, range(axis, axis + rank), range(rank))  # (*indices, *rest)
    out = np.zeros((extent, *rows.shape[rank:]), x.dtype)
    try:
        # in a row: NumPy ends the process where positions and what lies at them have more than 32 axes
        np.add.at(out, np.reshape(indices, -1), rows.reshape(np.size(indices), *rows.shape[rank:]))
    except IndexError:
        raise _out_of_range(indices, axis, extent) from None
    return np.moveaxis(out, 0, axis)


gather: Primitive = add(
    Primitive(
        name="gather",
        text="{0}[{1}]",
        needs=(80, 0),
        forward=_take,
        vjp=lambda dy, y, x, indices, axis: [
            scatter_add(dy, indices, axis=axis, extent=x.shape[axis]),
            None,
        ],
        jvp=lambda x_dots, y, x, indices, axis: gather(x_dots[0], indices, axis=axis),
        moves="some",
        attributes={"axis": kind.AXIS},
        shape=lambda x, indices, axis: shapes.gather(x, indices, axis),
        dtype=_at_positions,
        cases=(
            Case(((4, 2), np.array([3, 0, 3])), {"axis": 0}),
            Case(((4, 2), np.array([-1, 0, -4])), {"axis": 0}),
            Case(((2, 3), np.array([[2, 1]])), {"axis": 1}),
            Case(((3,), np.array(2)), {"axis": 0}),
            Case(((3, 2), np.zeros((0,), int)), {"axis": 0}),
        ),
    )
)
scatter_add: Primitive = add(
    Primitive(
        name="scatter_add",
        text="scatter_add({0}, {1})",
        forward=_scatter,
        vjp=lambda dy, y, x, indices, axis, extent: [gather(dy, indices, axis=axis), None],
        jvp=lambda x_dots, y, x, indices, axis, extent: scatter_add(
            x_dots[0], indices, axis=axis, extent=extent
        ),
        moves="all",
        attributes={"axis": kind.AXIS, "extent": kind.LENGTH},
        shape=lambda x, indices, axis, extent: shapes.scatter(x, indices, axis, extent),
        dtype=_at_positions,
        cases=(
            Case(((3, 2), np.array([3, 0, 3])), {"axis": 0, "extent": 4}),
            Case(((2, 2, 2), np.array([[-1, 0], [0, 0]])), {"axis": 0, "extent": 3}),
            Case(((2, 3), np.array([1, 1, 0])), {"axis": 1, "extent": 2}),
        ),
        note="adds each number at its index: the gradient of a gather",
    )
)


def check_labels(labels: np.ndarray, classes: int) -> None:
    """Raise DataError for a label that is no class: each row of one_hot holds a single 1, and rewrites rely on it."""
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise DataError(
            f"A label is {wrong}; labels for {classes} classes are whole numbers from 0 to {classes - 1}. To leave an "
            "example out, give it a weight of 0."
        )


def _one_hot(labels, classes, dtype):
    if isinstance(labels, np.ndarray | np.generic):
        check_labels(np.asarray(labels), classes)
    return np.equal(np.expand_dims(labels, -1), np.arange(classes)).astype(dtype)


one_hot = add(
    Primitive(
        name="one_hot",
        text="one_hot({0}, {classes})",
        forward=_one_hot,
        no_derivative="labels are whole numbers and have no derivative",
        attributes={"classes": kind.COUNT, "dtype": kind.DTYPE},
        shape=lambda labels, classes, dtype: (*labels, classes),
        dtype=lambda labels, classes, dtype: np.dtype(dtype),
        cases=(
            Case((np.array([0, 2, 1]),), {"classes": 3, "dtype": "float32"}),
            Case((np.array(1),), {"classes": 2, "dtype": "float64"}),
        ),
        note="1 in the column that the label names, 0 in all others",
    )
)

# --- numbers that the run decides -----------------------------------------------------------------------

length = add(
    Primitive(
        name="length",
        text="{extent}",
        forward=lambda extent, dtype: np.asarray(extent).astype(dtype),
        no_derivative="the number of examples has no derivative",
        attributes={"extent": kind.LENGTH, "dtype": kind.DTYPE},
        shape=lambda extent, dtype: (),
        dtype=lambda extent, dtype: np.dtype(dtype),
        cases=(Case((), {"extent": 5, "dtype": "float32"}),),
        note="the length of an open axis, such as the number of examples in the batch",
    )
)

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


def threefry(key0, key1, count0, count1):
    """Return two words of random bits: Threefry-2x32 with 20 rounds (Salmon et al. 2011).

    Keys and counters are arrays of ``uint32``; equal ones give equal bits on every engine and machine.
    """
    keys = (key0, key1, key0 ^ key1 ^ np.uint32(0x1BD11BDA))
    x0, x1 = count0 + keys[0], count1 + keys[1]
    left = np.empty_like(x1)
    for group in range(5):
        for rotation in _ROTATIONS[4 * (group % 2) : 4 * (group % 2) + 4]:
            x0 += x1
            np.left_shift(x1, np.uint32(rotation), out=left)
            np.right_shift(x1, np.uint32(32 - rotation), out=x1)
            x1 |= left
            x1 ^= x0
        x0 += keys[(group + 1) % 3]
        x1 += keys[(group + 2) % 3] + np.uint32(group + 1)
    return x0, x1


def _uniform(seed, counter, shape, stream, dtype):
    count = math.prod(shape)
    seed = np.full(1, np.asarray(seed), np.int64).astype(np.uint32)
    counter = np.full(1, np.asarray(counter), np.int64).astype(np.uint32)
    # The stream (which dropout layer) and the step pick the key; the position in the array is the counter. The first
    # words fill the first half of the array, the second words the rest.
    key0, key1 = threefry(seed, np.full(1, stream, np.uint32), counter, np.zeros(1, np.uint32))
    position = np.arange((count + 1) // 2, dtype=np.uint32)
    bits = np.concatenate(threefry(key0, key1, position, np.zeros_like(position)))[:count]
    return ((bits >> np.uint32(8)).astype(dtype) * np.asarray(2.0**-24, dtype)).reshape(shape)


def _uniform_shape(seed, counter, shape, stream, dtype):
    if seed or counter:
        raise ShapeError("seed and counter of random numbers are one whole number each.")
    return shape


random_uniform = add(
    Primitive(
        name="random_uniform",
        text="uniform({0}, {1})",
        forward=_uniform,
        no_derivative="random bits do not depend smoothly on their seed",
        attributes={"shape": kind.SHAPE, "stream": kind.WORD, "dtype": kind.DTYPE},
        shape=_uniform_shape,
        dtype=lambda seed, counter, shape, stream, dtype: np.dtype(dtype),
        cases=(
            Case((np.array(7), np.array(0)), {"shape": (2, 3), "stream": 1, "dtype": "float32"}),
            Case((np.array(7), np.array(3)), {"shape": (), "stream": 0, "dtype": "float64"}),
        ),
        note="uniform in [0, 1): the top 24 bits of a counter-based generator, equal on all engines",
    )
)

# --- leaves ---------------------------------------------------------------------------------------------


def _no_value(*_inputs, **_attributes):
    raise AssertionError("a leaf's value is given by the run")


variable = add(
    Primitive(name="variable", text="{name}", forward=_no_value, no_derivative="a leaf has no inputs")
)  # fmt: skip
placeholder = add(
    Primitive(name="input", text="{name}", forward=_no_value, no_derivative="a leaf has no inputs")
)  # fmt: skip
constant = add(
    Primitive(
        name="constant",
        text="{value}",
        forward=lambda value: value,
        no_derivative="a leaf has no inputs",
        attributes={"value": kind.ARRAY},
        shape=lambda value: value.shape,
        dtype=lambda value: value.dtype,
    )
)
