"""Where the elements of an array lie: sizes that may hold an open extent, and strided views of memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from operator import mul
from typing import Any

from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.primitives.indexing import pick
from chainrule.graph.primitives.linear import broadcast_to, reshape, transpose
from chainrule.graph.primitives.windows import windows
from chainrule.graph.shapes import Extent, Shape


@dataclass(frozen=True, slots=True)
class Size:
    """A number of elements: a whole number times open extents, such as 64 · batch."""

    count: int
    extents: tuple[str, ...] = ()

    def __mul__(self, other: Size) -> Size:
        if self.count == 0 or other.count == 0:
            return ZERO
        return Size(self.count * other.count, tuple(sorted(self.extents + other.extents)))

    def at(self, lengths: Mapping[str, int]) -> int:
        """Return the number for given lengths of the open extents."""
        return self.count * math.prod(lengths[name] for name in self.extents)

    def __str__(self) -> str:
        return "·".join([*([str(self.count)] if self.count != 1 or not self.extents else []), *self.extents])


ZERO, ONE = Size(0), Size(1)


def size(extent: Any) -> Size:
    """Return one extent of a shape as a size."""
    return Size(1, (extent.name,)) if isinstance(extent, Extent) else Size(int(extent))


def product(shape: Iterable[Any]) -> Size:
    """Return the number of elements of a shape."""
    return _times(map(size, shape))


def _times(sizes: Iterable[Size]) -> Size:
    return reduce(mul, sizes, ONE)


def contiguous(shape: Shape) -> tuple[Size, ...]:
    """Return the strides of an array that lies row after row without gaps."""
    strides, step = [], ONE
    for extent in reversed(shape):
        strides.append(step)
        step = step * size(extent)
    return tuple(reversed(strides))


def squeezed(shape: Shape) -> Shape:
    """Return a shape without its axes of length 1."""
    return tuple([e for e in shape if e != 1])


@dataclass(frozen=True, slots=True)
class View:
    """How a node reads from the memory of another: element (i, j ..) is at offset + i · stride + j · stride ..

    Attributes:
        base: The node whose memory it is.
        shape: The shape as seen.
        strides: One for each axis, in elements.
        offset: A sum of sizes.
        overlaps: Whether elements at different places may be one in memory, as those of windows are.
    """

    base: Node
    shape: Shape
    strides: tuple[Size, ...]
    offset: tuple[Size, ...] = ()
    overlaps: bool = False

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie row after row without gaps."""
        return all(
            e == 1 or have == want
            for e, have, want in zip(self.shape, self.strides, contiguous(self.shape), strict=True)
        )


def whole(base: Node) -> View:
    """Return the view of all of a node's memory."""
    return View(base, base.shape, contiguous(base.shape))


def is_view(node: Node) -> bool:
    """Say whether a node is its input, read in other steps."""
    return node.primitive.moves == "view"


def seen_through(view: View, node: Node) -> View | None:
    """Return what a movement (``node``) makes of a view of its input; None if it must be copied first."""
    row, at = node.primitive, node.attributes
    strides: tuple[Size, ...] | None
    if row is transpose:
        strides = tuple(view.strides[a] for a in at["axes"])
    elif row is broadcast_to:
        extra = len(node.shape) - len(view.shape)
        own = [
            ZERO if have == 1 and want != 1 else stride
            for have, want, stride in zip(view.shape, node.shape[extra:], view.strides, strict=True)
        ]
        strides = (ZERO,) * extra + tuple(own)
    elif row is pick:
        return _sliced(view, node)
    elif row is windows:
        return _windows(view, node)
    elif row is reshape:
        strides = _reshaped(view, node.shape)
    else:
        raise AssertionError(row)
    return None if strides is None else replace(view, shape=node.shape, strides=strides)


def _sliced(view: View, node: Node) -> View:
    strides: list[Size] = []
    offset = list(view.offset)
    axis = 0
    for entry in node.attributes["index"]:
        if entry is None:
            strides.append(ZERO)
            continue
        step = view.strides[axis]
        if entry == shapes.FULL:
            strides.append(step)
        elif isinstance(entry, tuple):
            chosen = range(*slice(*entry).indices(view.shape[axis]))
            if len(chosen):
                offset.append(Size(chosen.start) * step)
            strides.append(Size(chosen.step) * step)
        else:
            offset.append(Size(entry) * step)
        axis += 1
    return replace(view, shape=node.shape, strides=tuple(strides), offset=_together(offset))


def _windows(view: View, node: Node) -> View:
    at = node.attributes
    strides = list(view.strides)
    for axis, stride in zip(at["axes"], at["strides"], strict=True):
        strides[axis] = Size(stride) * view.strides[axis]
    within = [Size(d) * view.strides[axis] for axis, d in zip(at["axes"], at["dilations"], strict=True)]
    reach = [(size - 1) * d for size, d in zip(at["sizes"], at["dilations"], strict=True)]
    overlaps = view.overlaps or any(s <= far for s, far in zip(at["strides"], reach, strict=True))
    return replace(view, shape=node.shape, strides=(*strides, *within), overlaps=overlaps)


def _together(offset: Iterable[Size]) -> tuple[Size, ...]:
    """Add up what has the same extents: a slice of a slice of a slice starts at one offset."""
    counts: dict[tuple[str, ...], int] = {}
    for part in offset:
        counts[part.extents] = counts.get(part.extents, 0) + part.count
    return tuple(Size(count, extents) for extents, count in counts.items() if count)


def _reshaped(view: View, shape: Shape) -> tuple[Size, ...] | None:
    """Return the strides of the new shape; None if no strides can say it.

    Axes are taken together until as many elements lie along those before as along those after.
    """
    if 0 in shape:
        return contiguous(shape)
    before = [(size(e), stride) for e, stride in zip(view.shape, view.strides, strict=True) if e != 1]
    after = [size(e) for e in shape if e != 1]
    strides: list[Size] = []
    while before and after:
        old, new = [before.pop(0)], [after.pop(0)]
        while (have := _times(e for e, _ in old)) != (want := _times(new)):
            if not before and not after:
                return None
            if before and (_is_less(have, want) or not after):
                old.append(before.pop(0))
            else:
                new.append(after.pop(0))
        if any(stride != inner * within for (_, stride), (inner, within) in pairwise(old)):
            return None
        step, found = old[-1][1], []
        for extent in reversed(new):
            found.append(step)
            step = step * extent
        strides += reversed(found)
    return None if before or after else tuple(ZERO if e == 1 else strides.pop(0) for e in shape)


def _is_less(a: Size, b: Size) -> bool:
    """Say whether a number is the smaller one, or that of fewer open extents."""
    return (len(a.extents), a.count) < (len(b.extents), b.count)


def aligned(view: View, shape: Shape) -> list[Size]:
    """Return the strides of a view that is broadcast to ``shape``, for each axis of it that is not 1."""
    extra = len(shape) - len(view.shape)
    strides = []
    for axis, extent in enumerate(shape):
        if extent == 1:
            continue
        own = axis - extra
        strides.append(view.strides[own] if own >= 0 and view.shape[own] != 1 else ZERO)
    return strides


def merged(
    domain: Sequence[Size], views: Sequence[Sequence[Size]], begins: Size | None = None
) -> tuple[list[Size], list[list[Size]]]:
    """Join neighbouring axes over which every view runs on without a gap: fewer and longer loops.

    An axis as long as ``begins`` is joined to none before it.
    """
    extents = list(domain)
    strides = [list(v) for v in views]
    axis = len(extents) - 2
    while axis >= 0:
        if domain[axis + 1] != begins and all(v[axis] == v[axis + 1] * extents[axis + 1] for v in strides):
            extents[axis : axis + 2] = [extents[axis] * extents[axis + 1]]
            for v in strides:
                del v[axis]
        axis -= 1
    return extents, strides
