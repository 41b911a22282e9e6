"""Elements at positions that differ from row to row: take_along, which is NumPy's, and its adjoint add_along."""

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph import shapes
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import added, same
from chainrule.graph.primitives.indexing import at_positions, out_of_range
from chainrule.graph.primitives.primitive import Case, Primitive, row

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# -- what these functions take and return are array-likes of any kind: arrays or nodes.


def _take_along(x, indices, axis):
    try:
        return np.take_along_axis(x, indices, axis)
    except IndexError:
        raise out_of_range(indices, axis, x.shape[axis]) from None


def _add_along(x, indices, axis, extent):
    at = [
        np.reshape(np.arange(n), [-1 if a == b else 1 for b in range(x.ndim)]) for a, n in enumerate(x.shape)
    ]
    at[axis] = indices
    out = np.zeros((*x.shape[:axis], extent, *x.shape[axis + 1 :]), x.dtype)
    try:
        np.add.at(out, tuple(at), x)
    except IndexError:
        raise out_of_range(indices, axis, extent) from None
    return out


def _taken(x, indices, axis):
    shapes.check_axes((axis,), len(x))
    wanted = (*x[:axis], *indices[axis : axis + 1], *x[axis + 1 :])
    if len(indices) != len(x) or not shapes.fits(indices, wanted):
        raise ShapeError(
            f"positions of shape {shapes.show(indices)} do not go with {shapes.show(x)} along axis {axis}: the other "
            "axes must be equal, or 1 in the positions."
        )
    return wanted


def _added(x, indices, axis, extent):
    if _taken(x, indices, axis) != x:
        raise ShapeError(
            f"there are not as many positions in {shapes.show(indices)} as numbers in {shapes.show(x)}."
        )
    return (*x[:axis], extent, *x[axis + 1 :])


AT = np.array([[2, 0, -1, 0], [1, 1, 0, -3]])

take_along: Primitive = row(
    "take_along", text="take_along({0}, {1}, {axis})",
    forward=_take_along,
    adjoint=lambda dy, y, x, indices, axis: [add_along(dy, indices, axis=axis, extent=x.shape[axis]), None],
    attributes={"axis": kind.AXIS}, shape=_taken,
    dtype=at_positions, linear="together", moves="copy", leaves_out=True, mixes="axes", range=same,
    cases=(
        Case((2, 3), AT, axis=1), Case((2, 3, 2), AT[..., None], axis=1), Case((2, 3), AT[:1], axis=1),
        Case((3, 2), AT.T, axis=0), Case((3,), AT[0], axis=0), Case((2, 3), np.zeros((2, 0), int), axis=1),
        Case((0, 3), np.zeros((0, 2), int), axis=1),
    ),
    note="each row has positions of its own, as in np.take_along_axis",
)  # fmt: skip
add_along: Primitive = row(
    "add_along", text="add_along({0}, {1}, {axis})",
    forward=_add_along, adjoint=lambda dy, y, x, indices, axis, extent: [take_along(dy, indices, axis=axis), None],
    attributes={"axis": kind.AXIS, "extent": kind.LENGTH}, shape=_added,
    dtype=at_positions, linear="together", mixes="axes", range=added,
    cases=(
        Case((2, 4), AT, axis=1, extent=3), Case((2, 4, 2), AT[..., None], axis=1, extent=3),
        Case((2, 4), AT[:1], axis=1, extent=4), Case((4, 2), AT.T, axis=0, extent=3),
        Case((2, 0), np.zeros((2, 0), int), axis=1, extent=3),
    ),
    note="adds each number at the position that its row says: the gradient of take_along",
)  # fmt: skip
