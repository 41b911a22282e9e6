"""NumPy's functions on nodes in which windows slide, and what is put around an array before they do."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from chainrule.errors import ShapeError, UnsupportedError, short
from chainrule.graph import shapes
from chainrule.graph.node import Node, apply, as_node, broadcast
from chainrule.graph.numpy_api.operands import closed_length, part, weak

Widths = Sequence[tuple[int, int]]  # before and after each axis
MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    if writeable:
        raise UnsupportedError("sliding_window_view of a node does not take 'writeable': nodes are frozen.")
    x = as_node(x)
    sizes = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    if axis is None:
        axes = tuple(range(x.ndim))
    else:
        axes = tuple(shapes.axis_index(a, x.ndim) for a in (axis if np.iterable(axis) else (axis,)))
    if len(sizes) != len(axes) or not all(isinstance(n, int | np.integer) for n in sizes):
        raise ShapeError(
            f"sliding_window_view: a window of {short(window_shape)} along the axes {shapes.show(axes)} of shape "
            f"{shapes.show(x.shape)}: each of these needs one whole number. Name others by axis=."
        )
    sizes = tuple(map(int, sizes))
    if all(a < b for a, b in pairwise(axes)):
        return _windows(x, axes, sizes)
    for one, size in zip(axes, sizes, strict=True):  # each adds its axis at the end
        x = _windows(x, (one,), (size,))
    return x


def _windows(x: Node, axes: tuple[int, ...], sizes: tuple[int, ...]) -> Node:
    ones = (1,) * len(axes)
    return apply("windows", x, axes=axes, sizes=sizes, strides=ones, dilations=ones)


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = _vectors("correlate", a, v)
    if len(v) > len(a):
        return np.flip(correlate(v, a, mode))
    before, after = _beside("correlate", mode, len(v))
    return np.matmul(_windows(as_node(np.pad(a, (before, after))), (0,), (len(v),)), v)


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = _vectors("convolve", a, v)
    short, long = sorted((v, a), key=len)
    return correlate(long, np.flip(short), mode)


def _vectors(name: str, *given: Any) -> list[Node]:
    nodes = weak(*given)
    for x in nodes:
        if x.ndim != 1 or x.shape == (0,):
            raise ShapeError(
                f"np.{name} of nodes takes two vectors that are not empty; found shape {shapes.show(x.shape)}. Windows "
                "of pictures are np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))."
            )
        closed_length(name, x, 0, "of each example of a batch take windows along another axis")
    return nodes


def _beside(name: str, mode: str, size: int) -> tuple[int, int]:
    """Return how many zeros stand before and after, so that windows of a size are as many as a mode says."""
    beside = {"valid": (0, 0), "same": (size // 2, (size - 1) // 2), "full": (size - 1, size - 1)}
    if mode not in beside:
        raise UnsupportedError(
            f"np.{name} of nodes takes the modes 'full', 'same' and 'valid'; found {short(mode)}."
        )
    return beside[mode]


# --- what is put around -----------------------------------------------------------------------------------


def pad(
    array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0, reflect_type: str = "even"
) -> Any:
    array = as_node(array)
    widths = _widths(pad_width, array.ndim)
    if mode not in MODES or reflect_type != "even":
        found = repr(mode) if mode not in MODES else f"reflect_type={reflect_type!r}"
        raise UnsupportedError(
            f"np.pad of a node takes the modes {', '.join(MODES[:-1])} and {MODES[-1]}; found {found}. Others are "
            "written with np.concatenate."
        )
    for axis, width in enumerate(widths):
        if width != (0, 0):
            closed_length("pad", array, axis, "pad the data before it becomes an input")
    if mode == "constant":
        return _with_constants(array, widths, constant_values)
    for axis, width in enumerate(widths):
        if width != (0, 0):
            array = _continued(array, axis, width, mode)
    return array


def _widths(given: Any, rank: int) -> Widths:
    if isinstance(given, dict):
        every: list[Any] = [0] * rank
        for axis, width in given.items():
            every[shapes.axis_index(axis, rank)] = width
        given = [np.broadcast_to(w, 2) for w in every]
    try:
        found = np.broadcast_to(np.asarray(given), (rank, 2))
    except ValueError:
        found = np.full((rank, 2), -1)
    if found.size and (found.dtype.kind not in "iu" or found.min() < 0):
        raise ShapeError(
            f"np.pad of {rank} axes takes whole numbers of at least 0, such as ((before, after), ...) for each axis; "
            f"found {short(given)}."
        )
    return [(int(before), int(after)) for before, after in found]


def _with_constants(x: Node, widths: Widths, values: Any) -> Node:
    """Put numbers around, axis after axis; as long as these are the same number, at once."""
    with np.errstate(all="ignore"):
        cast = np.broadcast_to(np.asarray(values), (x.ndim, 2)).astype(x.dtype)
    sides = [
        (axis, side, value)
        for axis, (width, pair) in enumerate(zip(widths, cast, strict=True))
        for side, value in enumerate(pair)
        if width[side]
    ]
    for _, found in groupby(sides, key=lambda side: side[-1].tobytes()):
        together = list(found)
        around = [[0, 0] for _ in widths]
        for axis, side, _ in together:
            around[axis][side] = widths[axis][side]
        x = _with_one(x, around, together[0][-1].item())
    return x


def _with_one(x: Node, widths: Sequence[Sequence[int]], value: Any) -> Node:
    index = tuple(
        (before, before + n, 1) if before or after else shapes.FULL
        for n, (before, after) in zip(x.shape, widths, strict=True)
    )
    shape = tuple(
        before + n + after if before or after else n
        for n, (before, after) in zip(x.shape, widths, strict=True)
    )
    if value == 0 and not np.signbit(value):
        return apply("pad", x, index=index, shape=shape)
    return apply("pad_with", x, index=index, shape=shape, fill=value)


def _continued(x: Node, axis: int, widths: tuple[int, int], mode: Any) -> Any:
    """Go on beyond both ends as a mode says: with pieces of the array, each in steps of -1, 0 or 1."""
    if x.shape[axis] == 0:
        raise ShapeError(f"np.pad: axis {axis} of shape {shapes.show(x.shape)} has nothing to go on with.")
    pieces = []
    for low, count, step in _runs(np.pad(np.arange(x.shape[axis]), widths, mode=mode).tolist()):
        piece = part(x, axis, low, low + (count if step else 1))
        if step == 0:
            piece = broadcast(piece, (*x.shape[:axis], count, *x.shape[axis + 1 :]))
        pieces.append(np.flip(piece, axis) if step == -1 else piece)
    return np.concatenate(pieces, axis)


def _runs(positions: list[int]) -> Iterator[tuple[int, int, int]]:
    """Yield the lowest position, the number and the step of those that follow each other in steps of -1, 0 or 1."""
    start = 0
    while start < len(positions):
        end = start + 1
        step = positions[end] - positions[start] if end < len(positions) else 1
        if abs(step) > 1:
            step = 1
        while end < len(positions) and positions[end] - positions[end - 1] == step:
            end += 1
        yield min(positions[start], positions[end - 1]), end - start, step
        start = end
