"""Elements by their positions: a slice and its adjoint pad, a gather and its adjoint scatter_add, labels as rows."""

import numpy as np

from chainrule.errors import DataError, GraphError
from chainrule.graph import shapes
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import Range, added, same, truth
from chainrule.graph.primitives.identities import cast
from chainrule.graph.primitives.leaves import constant_beside
from chainrule.graph.primitives.primitive import Case, Primitive, as_named, like_first, row

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# -- what these functions take and return are array-likes of any kind: arrays or nodes.


def _padded(x, index, shape, fill=0):
    out = np.full(shape, fill, x.dtype)
    out[shapes.as_slices(index)] = x
    return out


def _holding(x, index, shape, fill):
    with np.errstate(all="ignore"):
        held = np.asarray(fill).astype(x)
    if x.kind != "f" and held != fill:
        raise GraphError(f"What stands around numbers of {x.name} is one of them too; {fill} is none.")
    return x


def _with_fill(node, x):
    fill = node.attributes["fill"]
    if np.isnan(fill):
        return Range(x.low, x.high, finite=False)
    return Range(min(x.low, fill), max(x.high, fill), x.finite and bool(np.isfinite(fill)))


pick: Primitive = row(
    "slice", text="{0}[{at}]", needs=(80,),
    forward=lambda x, index: x[shapes.as_slices(index)],
    adjoint=lambda dy, y, x, index: [pad(dy, index=index, shape=x.shape)],
    attributes={"index": kind.INDEX}, shape=shapes.index_shape, dtype=like_first,
    linear="together", moves="view", leaves_out=True, mixes="", range=same,
    cases=(
        Case((3, 4), index=(0, shapes.FULL)), Case((3, 4), index=(shapes.FULL, (1, 4, 2))),
        Case((3,), index=((2, None, -1),)), Case((3,), index=(None, (0, 0, 1))),
        Case((2, 3, 4), index=(1, None, shapes.FULL, (3, 0, -2))), Case((0, 2), index=(shapes.FULL, 1)),
    ),
)  # fmt: skip
pad: Primitive = row(
    "pad", forward=_padded, adjoint=lambda dy, y, x, index, shape: [pick(dy, index=index)],
    attributes={"index": kind.INDEX, "shape": kind.SHAPE},
    shape=lambda x, index, shape: shapes.padded(x, index, shape), dtype=like_first, linear="together",
    mixes="", range=lambda node, x: Range(min(x.low, 0), max(x.high, 0), x.finite, x.square),
    cases=(
        Case((2,), index=(shapes.FULL, 1), shape=(2, 3)), Case((2,), index=((0, 4, 2),), shape=(5,)),
        Case((), index=(2,), shape=(3,)),
    ),
    note="zeros, with the given numbers at an index: the gradient of a slice",
)  # fmt: skip
pad_with: Primitive = row(
    "pad_with", text="pad({0}, fill={fill})",
    forward=lambda x, index, shape, fill: _padded(x, index, shape, fill),
    vjp=lambda dy, y, x, index, shape, fill: [pick(dy, index=index)],
    jvp=lambda dots, y, x, index, shape, fill: pad(dots[0], index=index, shape=shape),
    reach=lambda chosen, y, x, index, shape, fill: [pick(chosen, index=index)],
    attributes={"index": kind.INDEX, "shape": kind.SHAPE, "fill": kind.NUMBER},
    shape=lambda x, index, shape, fill: shapes.padded(x, index, shape), dtype=_holding,
    mixes="", range=_with_fill,
    cases=(
        Case((2,), index=(shapes.FULL, 1), shape=(2, 3), fill=-1.5), Case((), index=(2,), shape=(3,), fill=True),
        Case((2,), index=((0, 4, 2),), shape=(5,), fill=2),
    ),
    note="another number than 0 around the given ones, which stays what it is",
)  # fmt: skip


def _take(x, indices, axis):
    try:
        return np.take(x, indices, axis=axis)
    except IndexError:
        raise out_of_range(indices, axis, x.shape[axis]) from None


def out_of_range(indices, axis, length):
    """Return the error for positions of which some are beyond an axis."""
    return DataError(
        f"A position from {np.min(indices)} to {np.max(indices)} is out of range: "
        f"axis {axis} has length {length}, so the last position is {length - 1}."
    )


def at_positions(first, indices, **_):
    """Return the dtype of what stands at positions, which are whole numbers."""
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
        raise out_of_range(indices, axis, extent) from None
    return np.moveaxis(out, 0, axis)


gather: Primitive = row(
    "gather", text="{0}[{1}]", needs=(80, 0),
    forward=_take,
    adjoint=lambda dy, y, x, indices, axis: [scatter_add(dy, indices, axis=axis, extent=x.shape[axis]), None],
    attributes={"axis": kind.AXIS}, shape=shapes.gather,
    dtype=at_positions, linear="together", moves="copy", leaves_out=True, mixes="axes", range=same,
    cases=(
        Case((4, 2), np.array([3, 0, 3]), axis=0), Case((4, 2), np.array([-1, 0, -4]), axis=0),
        Case((2, 3), np.array([[2, 1]]), axis=1), Case((3,), np.array(2), axis=0),
        Case((3, 2), np.zeros((0,), int), axis=0),
    ),
)  # fmt: skip
scatter_add: Primitive = row(
    "scatter_add",
    forward=_scatter, adjoint=lambda dy, y, x, indices, axis, extent: [gather(dy, indices, axis=axis), None],
    attributes={"axis": kind.AXIS, "extent": kind.LENGTH},
    shape=shapes.scatter, dtype=at_positions,
    linear="together", range=added,
    cases=(
        Case((3, 2), np.array([3, 0, 3]), axis=0, extent=4),
        Case((2, 2, 2), np.array([[-1, 0], [0, 0]]), axis=0, extent=3),
        Case((2, 3), np.array([1, 1, 0]), axis=1, extent=2),
    ),
    note="adds each number at its index: the gradient of a gather",
)  # fmt: skip


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


def _one_hot_in_rows(labels, classes, dtype):
    wide = np.result_type(labels.dtype, np.min_scalar_type(classes))  # 300 classes, labels of 8 bits
    columns = constant_beside(labels, np.arange(classes, dtype=wide))
    return cast(np.equal(np.reshape(labels, (*labels.shape, 1)), columns), dtype=dtype)


one_hot: Primitive = row(
    "one_hot", text="one_hot({0}, {classes})",
    forward=_one_hot, no_derivative="labels are whole numbers and have no derivative",
    attributes={"classes": kind.COUNT, "dtype": kind.DTYPE},
    shape=lambda labels, classes, dtype: (*labels, classes),
    dtype=as_named, mixes="", nan="never", range=truth,
    made_of=_one_hot_in_rows,
    cases=(
        Case(np.array([0, 2, 1]), classes=3, dtype="float32"), Case(np.array(1), classes=2, dtype="float64"),
    ),
    note="1 in the column that the label names, 0 in all others",
)  # fmt: skip
