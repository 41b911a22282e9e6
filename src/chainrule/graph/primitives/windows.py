"""Windows that slide along axes, and their adjoint, which adds up what overlaps.

A convolution is ``windows`` and a product; a pooling layer is ``windows`` and a maximum.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.graph import shapes
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import added, same
from chainrule.graph.primitives.indexing import pad, pick
from chainrule.graph.primitives.primitive import Case, Primitive, like_first, row

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
# -- what these functions take and return are array-likes of any kind: arrays or nodes.


def _windows(x, axes, sizes, strides, dilations):
    spans = [shapes.span(k, d) for k, d in zip(sizes, dilations, strict=True)]
    every = np.lib.stride_tricks.sliding_window_view(x, spans, axes)
    at = [slice(None)] * x.ndim + [slice(None, None, d) for d in dilations]
    for axis, stride in zip(axes, strides, strict=True):
        at[axis] = slice(None, None, stride)
    return every[tuple(at)]


def positions(
    counts: shapes.Shape,
    axes: Sequence[int],
    sizes: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> Iterator[tuple[tuple[int, ...], shapes.Index]]:
    """Yield for each position in a window, row after row, where in the array that of all windows lies."""
    for position in np.ndindex(*sizes):
        at: list[Any] = [shapes.FULL] * len(counts)
        for axis, k, stride, dilation in zip(axes, position, strides, dilations, strict=True):
            start = k * dilation
            at[axis] = (start, start + (counts[axis] - 1) * stride + 1, stride)
        yield position, tuple(at)


def _overlap_add(x, axes, sizes, strides, dilations, extents):
    out = np.zeros(shapes.overlapped(x.shape, axes, sizes, strides, dilations, extents), x.dtype)
    for position, at in positions(x.shape[: out.ndim], axes, sizes, strides, dilations):
        out[shapes.as_slices(at)] += x[(..., *position)]
    return out


def _overlap_add_in_rows(x, axes, sizes, strides, dilations, extents):
    shape = shapes.overlapped(x.shape, axes, sizes, strides, dilations, extents)
    kept = (shapes.FULL,) * len(shape)
    total = None
    for position, at in positions(x.shape[: len(shape)], axes, sizes, strides, dilations):
        part = pad(pick(x, index=(*kept, *position)), index=at, shape=shape)
        total = part if total is None else total + part
    return total


COPIED = 4.0  # additions: NumPy's products copy the windows that they read, a few numbers at a time
ATTRIBUTES = {"axes": kind.AXES, "sizes": kind.STEPS, "strides": kind.STEPS, "dilations": kind.STEPS}

windows: Primitive = row(
    "windows", text="windows({0}, {window})",
    forward=_windows,
    adjoint=lambda dy, y, x, axes, **at: [
        overlap_add(dy, axes=axes, extents=tuple(x.shape[a] for a in axes), **at)
    ],
    attributes=ATTRIBUTES, shape=shapes.windows, dtype=like_first,
    linear="together", moves="view", leaves_out=True, mixes="axes", range=same, cost=COPIED,
    cases=(
        Case((7, 2), axes=(0,), sizes=(3,), strides=(1,), dilations=(1,)),
        Case((2, 7), axes=(1,), sizes=(3,), strides=(2,), dilations=(1,)),
        Case((2, 8), axes=(1,), sizes=(3,), strides=(2,), dilations=(2,)),
        Case((2, 5, 6, 2), axes=(1, 2), sizes=(3, 2), strides=(1, 2), dilations=(2, 1)),
        Case((9,), axes=(0,), sizes=(2,), strides=(4,), dilations=(1,)),
        Case((3, 4), axes=(0, 1), sizes=(3, 1), strides=(5, 3), dilations=(1, 7)),
        Case((0, 4), axes=(1,), sizes=(2,), strides=(1,), dilations=(1,)),
        Case((2, 3), axes=(), sizes=(), strides=(), dilations=()),
    ),
    note="each number takes part in every window that lies over it",
)  # fmt: skip
overlap_add: Primitive = row(
    "overlap_add", text="overlap_add({0}, {window})",
    forward=_overlap_add,
    adjoint=lambda dy, y, x, extents, **at: [windows(dy, **at)],
    attributes={**ATTRIBUTES, "extents": kind.STEPS}, shape=shapes.overlapped, dtype=like_first,
    linear="together", range=added, made_of=_overlap_add_in_rows,
    cost=lambda sizes, **_: COPIED * math.prod(sizes),
    cases=(
        Case((5, 2, 3), axes=(0,), sizes=(3,), strides=(1,), dilations=(1,), extents=(7,)),
        Case((2, 3, 3), axes=(1,), sizes=(3,), strides=(2,), dilations=(1,), extents=(8,)),
        Case((2, 2, 3), axes=(1,), sizes=(3,), strides=(2,), dilations=(2,), extents=(8,)),
        Case((2, 1, 3, 2, 3, 2), axes=(1, 2), sizes=(3, 2), strides=(1, 2), dilations=(2, 1), extents=(5, 6)),
        Case((2, 2), axes=(0,), sizes=(2,), strides=(4,), dilations=(1,), extents=(9,)),
        Case((0, 3, 2), axes=(1,), sizes=(2,), strides=(1,), dilations=(1,), extents=(4,)),
        Case((2, 3), axes=(), sizes=(), strides=(), dilations=(), extents=()),
    ),
    note="adds up what lies over each other, from the first position in a window to the last: the gradient of windows",
)  # fmt: skip
