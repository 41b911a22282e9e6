"""Moves and sums: the linear rows. Each has an adjoint, and that of one is another: sum and broadcast_to, for one.

Given nodes, an adjoint returns graph.
"""

from typing import Any

import numpy as np

from chainrule.errors import UnsupportedError
from chainrule.graph import shapes
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import added, hull, same
from chainrule.graph.primitives.identities import cast
from chainrule.graph.primitives.indexing import pad, pick
from chainrule.graph.primitives.primitive import Case, Primitive, like_first, row
from chainrule.graph.shapes import Shape

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# -- what these functions take and return are array-likes of any kind: arrays or nodes.

# --- moves ----------------------------------------------------------------------------------------------

reshape: Primitive = row(
    "reshape", text="reshape({0}, {shape})",
    forward=lambda x, shape: np.reshape(x, shape),
    adjoint=lambda dy, y, x, shape: [reshape(dy, shape=x.shape)],
    attributes={"shape": kind.SHAPE}, shape=lambda x, shape: shapes.reshape(x, shape), dtype=like_first,
    linear="together", moves="view", range=same,
    cases=(
        Case((2, 3), shape=(3, 2)), Case((1, 2), shape=(2,)), Case((), shape=(1, 1)),
        Case((0, 2), shape=(3, 0)),
    ),
)  # fmt: skip
transpose: Primitive = row(
    "transpose", text="{0}ᵀ", latex="{{{0}}}^\\top", binds=80, needs=(80,),
    forward=lambda x, axes: np.transpose(x, axes),
    adjoint=lambda dy, y, x, axes: [transpose(dy, axes=tuple(int(a) for a in np.argsort(axes)))],
    attributes={"axes": kind.AXES}, shape=shapes.transpose, dtype=like_first,
    linear="together", moves="view", mixes="", range=same,
    cases=(Case((2, 3), axes=(1, 0)), Case((2, 3, 4), axes=(2, 0, 1)), Case((0, 2), axes=(1, 0))),
)  # fmt: skip
broadcast_to: Primitive = row(
    "broadcast_to", text="broadcast({0}, {shape})",
    forward=lambda x, shape: np.broadcast_to(x, shape), adjoint=lambda dy, y, x, shape: [sum_to(dy, x.shape)],
    attributes={"shape": kind.SHAPE}, shape=lambda x, shape: shapes.stretch(x, shape), dtype=like_first,
    linear="together", moves="view", mixes="", range=same, folded=False,  # one number is as good as many
    cases=(
        Case((), shape=(2, 3)), Case((3,), shape=(2, 3)), Case((2, 1), shape=(2, 3)),
        Case((1, 1), shape=(0, 1)),
    ),
)  # fmt: skip


def _split(dy, parts, axis):
    start = 0
    for part in parts:
        stop = start + part.shape[axis]
        yield dy[(slice(None),) * axis + (slice(start, stop),)]
        start = stop


concatenate: Primitive = row(
    "concatenate", text="concatenate({all}, axis={axis})",
    forward=lambda *parts, axis: np.concatenate(parts, axis=axis),
    adjoint=lambda dy, y, *parts, axis: list(_split(dy, parts, axis)),
    attributes={"axis": kind.AXIS}, shape=lambda *found, axis: shapes.concatenate(found, axis),
    linear="together", moves="copy", mixes="", range=hull,
    cases=(Case((2, 3), (2, 1), axis=1), Case((1, 2), (0, 2), (3, 2), axis=0), Case((2,), axis=0)),
)  # fmt: skip

# --- sums -----------------------------------------------------------------------------------------------


def spread(dy: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Give every element of x the reduced dy that it took part in."""
    kept = dy if keepdims else reshape(dy, shape=shapes.reduce(x.shape, axes, True))
    return broadcast_to(kept, shape=x.shape)


total: Primitive = row(
    "sum", text="sum({0}{over})", latex=r"\sum {0}",
    forward=lambda x, axes, keepdims: np.add.reduce(x, axis=axes, keepdims=keepdims),
    adjoint=lambda dy, y, x, axes, keepdims: [spread(dy, x, axes, keepdims)],
    attributes={"axes": kind.AXES, "keepdims": kind.FLAG},
    shape=shapes.reduce,
    dtype=lambda x, axes, keepdims: np.sum(np.zeros(0, x)).dtype,  # NumPy widens whole numbers
    linear="together", mixes="axes", reduces="add", range=added,
    cases=tuple(
        Case(shape, axes=axes, keepdims=keepdims)
        for shape in [(2, 3), (1, 2), (0, 2)]
        for axes in [(0,), (1,), (0, 1), ()]
        for keepdims in [False, True]
    ),
    note="a sum passes the gradient on unchanged to every term",
)  # fmt: skip


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


def _turned(x, axis):
    return x[(slice(None),) * axis + (slice(None, None, -1),)]


def _cumsum_in_rows(x, axis):
    """Add what stands one place before, then two, four, eight: every sum is there after log₂ n steps."""
    length = x.shape[axis]
    if isinstance(length, shapes.Extent):
        raise UnsupportedError(
            f"The native engine has no code for cumsum along the open axis '{length}': how many sums there are must be "
            "known when code is made. Give the input a length there."
        )
    summed = cast(x, dtype=_of_sums(x.dtype).name)
    before, behind = (shapes.FULL,) * axis, (shapes.FULL,) * (len(x.shape) - axis - 1)
    step = 1
    while step < length:
        kept = pick(summed, index=(*before, (0, length - step, 1), *behind))
        summed = summed + pad(kept, index=(*before, (step, length, 1), *behind), shape=x.shape)
        step *= 2
    return summed


def _of_sums(x: np.dtype) -> np.dtype:
    return np.cumsum(np.zeros(0, x)).dtype


cumsum: Primitive = row(
    "cumsum", text="cumsum({0}, axis={axis})",
    forward=lambda x, axis: np.cumsum(x, axis=axis),
    adjoint=lambda dy, y, x, axis: [_turned(cumsum(_turned(dy, axis), axis=axis), axis)],
    attributes={"axis": kind.AXIS}, shape=lambda x, axis: shapes.over_axes(x, (axis,)),
    dtype=lambda x, axis: _of_sums(x), linear="together", mixes="axes", range=added, made_of=_cumsum_in_rows,
    cases=(
        Case((4,), axis=0), Case((2, 5), axis=1), Case((3, 2), axis=0), Case((0, 2), axis=0),
        Case((1, 3), axis=0),
    ),
    note="each number is the sum of those up to it",
)  # fmt: skip
