"""Convolution as graph: windows of an array, each multiplied with the same kernel and summed, and its transpose.

An array is (batch, *places, channels): one axis of places makes a sequence, two make a picture. A kernel is (*sizes,
channels, filters), with one size for each axis of places. What is called convolution everywhere is a correlation: no
kernel is turned round (Goodfellow et al. 2016, section 9.1).
"""

from collections.abc import Sequence
from math import ceil, prod
from typing import Any, TypeAlias

import numpy as np

from chainrule.graph.node import Node
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.windows import overlap_add, windows
from chainrule.graph.shapes import span

Sides: TypeAlias = tuple[tuple[int, int], ...]  # (before, after) of each axis of places
PLACES, TAPS = "hwd", "ijk"  # letters of places, and of the places in a window


def sides(padding: Any, lengths: Sequence[int], spans: Sequence[int], strides: Sequence[int]) -> Sides:
    """Return how many zeros stand before and after each axis.

    Args:
        padding: "valid" for none; "same" for ``ceil(length / stride)`` results, where of an odd number one more stands
            behind, as in TensorFlow; "causal" for all of them before, so that no result sees what comes after its
            place; a number for all sides, or a number or a pair for each axis, of a single axis itself.
        lengths: Of the axes.
        spans: What a kernel reaches over on each.
        strides: From window to window.

    >>> sides("same", [28, 28], [3, 2], [1, 1]), sides((1, (0, 2)), [9, 9], [3, 3], [1, 1])
    (((1, 1), (0, 1)), ((1, 1), (0, 2)))
    """
    if padding == "valid":
        return tuple([(0, 0) for _ in lengths])
    if padding == "causal":
        return tuple([(reach - 1, 0) for reach in spans])
    if padding == "same":
        needed = [
            max((ceil(length / stride) - 1) * stride + reach - length, 0)
            for length, reach, stride in zip(lengths, spans, strides, strict=True)
        ]
        return tuple([(n // 2, n - n // 2) for n in needed])
    return each_side(padding, len(lengths))


def each_side(setting: Any, count: int) -> Sides:
    """Return what is before and behind each of so many axes, where one number may stand for several.

    >>> each_side((1, 2), 1), each_side((1, 2), 2), each_side((1, (2, 3)), 2)
    (((1, 2),), ((1, 1), (2, 2)), ((1, 1), (2, 3)))
    """
    alone = isinstance(setting, int) or count == 1
    each = [setting] * count if alone else setting
    return tuple([(side, side) if isinstance(side, int) else tuple(side) for side in each])


def framed(x: Node, around: Sides, fill: float = 0.0) -> Node:
    """Return x with zeros around its places, or another number."""
    if not any(before or after for before, after in around):
        return x
    found: Any = np.pad(x, ((0, 0), *around, (0, 0)), constant_values=fill)
    return found


def convolve(x: Node, W: Node, strides: Sequence[int], dilations: Sequence[int], groups: int = 1) -> Node:
    """Return what a kernel makes of each window of x.

    Args:
        x: (batch, *places, channels), framed.
        W: (*sizes, channels / groups, filters).
        strides: From window to window, on each axis of places.
        dilations: From place to place within a window.
        groups: How many parts the channels and the filters are divided into: each filter sees the channels of its part.

    Returns:
        (batch, *windows, filters).

    >>> from chainrule.graph.node import constant
    >>> x = constant(np.arange(5.0).reshape(1, 5, 1))
    >>> convolve(x, constant(np.ones((2, 1, 1))), [1], [1]).value.ravel()
    array([1., 3., 5., 7.])
    """
    rank = x.ndim - 2
    places, taps = PLACES[:rank], TAPS[:rank]
    *sizes, channels, filters = W.shape
    if groups == prod(sizes) == 1:  # a window is a place
        at = tuple([slice(None, None, stride) for stride in strides])
        return contract(
            x[(slice(None), *at)], W.reshape(channels, filters), spec=f"b{places}c,co->b{places}o"
        )
    g = "g" if groups > 1 else ""
    if g:
        x = x.reshape(*x.shape[:-1], groups, channels)
        W = W.reshape(*sizes, channels, groups, filters // groups)
    seen = windows_of(x, sizes, strides, dilations)
    y = contract(seen, W, spec=f"b{places}{g}c{taps},{taps}c{g}o->b{places}{g}o")
    return y.reshape(*y.shape[: rank + 1], filters) if g else y


def convolve_each(x: Node, W: Node, strides: Sequence[int], dilations: Sequence[int]) -> Node:
    """Return what kernels for each channel of its own make of each window of x ("depthwise").

    Args:
        x: (batch, *places, channels), framed.
        W: (*sizes, channels, multiplier): so many kernels for each channel.
        strides: From window to window, on each axis of places.
        dilations: From place to place within a window.

    Returns:
        (batch, *windows, channels · multiplier): all of the first channel come first.
    """
    rank = x.ndim - 2
    places, taps = PLACES[:rank], TAPS[:rank]
    *sizes, channels, multiplier = W.shape
    seen = windows_of(x, sizes, strides, dilations)
    y = contract(seen, W, spec=f"b{places}c{taps},{taps}cm->b{places}cm")
    return y.reshape(*y.shape[: rank + 1], channels * multiplier)


def kept(
    padding: Any,
    more: Sequence[int | None],
    lengths: Sequence[int],
    spans: Sequence[int],
    strides: Sequence[int],
) -> Sides:
    """Return of each axis that transposed kernels reach where what is kept begins, and how long it is.

    Args:
        padding: As of :func:`sides`: what a convolution would have put around what is kept here.
        more: How much longer the result is, behind; None for what follows from padding.
        lengths: Of the axes of places.
        spans: What a kernel reaches over on each.
        strides: From where one kernel is laid to where the next is.

    >>> kept("valid", [None], [4], [3], [2]), kept("same", [None], [4], [3], [2]), kept(1, [1], [4], [3], [2])
    (((0, 9),), ((0, 8),), ((1, 8),))
    """
    if padding in ("valid", "same"):
        return tuple(map(_kept_by_name, [padding] * len(lengths), more, lengths, spans, strides))
    around = sides(padding, lengths, spans, strides)
    whole = [(n - 1) * stride + reach for n, reach, stride in zip(lengths, spans, strides, strict=True)]
    return tuple(
        [
            (front, length - front - behind + (extra or 0))
            for length, (front, behind), extra in zip(whole, around, more, strict=True)
        ]
    )


def _kept_by_name(padding: str, more: int | None, length: int, reach: int, stride: int) -> tuple[int, int]:
    """Return what TensorFlow keeps of an axis."""
    whole = (length - 1) * stride + reach
    if padding == "valid":
        return 0, max(whole, length * stride) if more is None else whole + more
    kept = length * stride if more is None else (length - 1) * stride + reach % 2 + more
    return max(whole - kept, 0) // 2, kept


def transposed(x: Node, W: Node, strides: Sequence[int], dilations: Sequence[int], keep: Sides) -> Node:
    """Return the sum of kernels that each place of x lays down, each times the number there.

    It is the gradient of a convolution by its input (Zeiler et al. 2010; Dumoulin & Visin 2016, section 4): where that
    takes a window to a number, this takes a number to a window.

    Args:
        x: (batch, *places, channels).
        W: (*sizes, channels, filters).
        strides: From where one kernel is laid to where the next is.
        dilations: From place to place within a kernel.
        keep: Where of each axis that kernels reach the result begins, and how long it is.

    Returns:
        (batch, *longer, filters).
    """
    rank = x.ndim - 2
    places, taps = PLACES[:rank], TAPS[:rank]
    sizes = W.shape[:rank]
    laid = contract(x, W, spec=f"b{places}c,{taps}co->b{places}o{taps}")
    reach = [
        max((n - 1) * stride + span(size, dilation), front + length)
        for n, size, stride, dilation, (front, length) in zip(
            x.shape[1:-1], sizes, strides, dilations, keep, strict=True
        )
    ]
    y = overlap_add(
        laid, axes=tuple(range(1, rank + 1)), sizes=tuple(sizes), strides=tuple(strides),
        dilations=tuple(dilations), extents=tuple(reach),
    )  # fmt: skip
    return y[(slice(None), *[slice(front, front + length) for front, length in keep])]


def windows_of(x: Node, sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Node:
    """Return the windows of x: its axes of places, which follow the first, count them; their places stand last."""
    axes = tuple(range(1, len(sizes) + 1))
    return windows(x, axes=axes, sizes=tuple(sizes), strides=tuple(strides), dilations=tuple(dilations))
