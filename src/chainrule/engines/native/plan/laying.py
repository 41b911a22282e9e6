"""Arrays that others are laid into: what is padded, what is joined, and what a plan puts together itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engines.native.plan.views import View, seen_through
from chainrule.graph import shapes
from chainrule.graph.node import Node, apply, input
from chainrule.graph.primitives.indexing import pad, pad_with
from chainrule.graph.primitives.primitive import Primitive, like_first
from chainrule.graph.shapes import Index


def _laid(
    *parts: np.ndarray, indices: Sequence[Index], shape: tuple[int, ...], fill: float | None
) -> np.ndarray:
    onto = parts[: len(parts) - len(indices)]
    found = np.array(onto[0]) if onto else np.full(shape, fill or 0, parts[0].dtype)
    for part, index in zip(parts[len(onto) :], indices, strict=True):
        found[shapes.as_slices(index)] = part
    return found


# The plan's own: parts, each at an index of a larger array. The first input is what they are laid onto, or they fill
# all, or there is a number elsewhere.
LAID = Primitive(
    name="laid", text="laid({all})", forward=_laid, attributes=None,
    shape=lambda *found, indices, shape, fill: shape, dtype=like_first, mixes="",
    no_derivative="It is made after all gradients.",
)  # fmt: skip


@dataclass(frozen=True)
class Laying:
    """What is laid where.

    Attributes:
        parts: Arrays, and the index of each in the larger one.
        fill: What lies elsewhere; None: nothing does.
        onto: What lies elsewhere is what lies there in this one.
    """

    parts: tuple[tuple[Node, Index], ...]
    fill: float | None = None
    onto: Node | None = None

    def around(self, shape: shapes.Shape) -> Iterator[Index]:
        """Yield the boxes, of an array of this shape, in which what lies elsewhere is: all, if parts have gaps."""
        if self.fill is None:
            return
        if not self.is_framed:
            yield (shapes.FULL,) * len(shape)
            return
        ((_, index),) = self.parts
        for axis, entry in enumerate(index):
            if entry == shapes.FULL:
                continue
            first, last, _ = entry
            rest = (shapes.FULL,) * (len(shape) - axis - 1)
            for begin, end in ((0, first), (last, shape[axis])):
                if begin < end:
                    yield (*index[:axis], (begin, end, 1), *rest)

    @property
    def is_framed(self) -> bool:
        """Whether what lies elsewhere is a frame around one part."""
        return len(self.parts) == 1 and all(
            e == shapes.FULL
            or (isinstance(e, tuple) and e[2] == 1 and e[0] is not None and e[0] < (e[1] or 0))
            for e in self.parts[0][1]
        )

    def goes_along(self, axis: int) -> bool:
        """Say whether each place of the result along an axis is made of the same place of the parts."""
        around = (index[: axis + 1] for _, index in self.parts)
        return all(
            index[-1] == shapes.FULL and all(isinstance(at, tuple) for at in index) for index in around
        )


def laid(
    parts: Sequence[Node], indices: Sequence[Index], shape: shapes.Shape, fill: float | None = None
) -> Node:
    """Return an array of parts; one part more than there are indices comes first, and the others are laid onto it."""
    attributes = {"indices": tuple(indices), "shape": shape, "fill": fill}
    return Node(LAID, tuple(parts), attributes, shape, parts[0].dtype)


def laying(node: Node) -> Laying | None:
    """Return what a node lays where; None if it does nothing of the kind."""
    at = node.attributes
    if node.primitive is LAID:
        onto = node.inputs[0] if len(node.inputs) > len(at["indices"]) else None
        parts = node.inputs[1:] if onto is not None else node.inputs
        return Laying(tuple(zip(parts, at["indices"], strict=True)), at["fill"], onto)
    if node.primitive in (pad, pad_with):
        return Laying(((node.inputs[0], at["index"]),), at.get("fill", 0.0))
    if node.primitive.name == "concatenate":
        return Laying(tuple(_side_by_side(node, at["axis"])))
    return None


def _side_by_side(node: Node, axis: int) -> Iterator[tuple[Node, Index]]:
    start, rest = 0, len(node.shape) - axis - 1
    for x in node.inputs:
        stop = start + x.shape[axis]
        yield x, (shapes.FULL,) * axis + ((start, stop, 1),) + (shapes.FULL,) * rest
        start = stop


def sliced(x: Node, index: Sequence[Any]) -> Node:
    """Return x at an index; x itself if that is all of it."""
    whole = all(at in (shapes.FULL, (0, e, 1)) for at, e in zip(index, x.shape, strict=True))
    return x if whole else apply("slice", x, index=tuple(index))


def view_at(view: View, index: Index) -> View:
    """Return what lies at an index of a view."""
    found = seen_through(view, apply("slice", _like(view), index=index))
    if found is None:
        raise AssertionError("a slice is a view")
    return found


def unshaped(x: Node, view: View) -> tuple[Node, View]:
    """Return what x, which lies in a view, is a reshape of, and how that lies there."""
    while x.primitive.name == "reshape":
        found = seen_through(view, apply("reshape", _like(view), shape=x.inputs[0].shape))
        if found is None:
            break
        x, view = x.inputs[0], found
    return x, view


def is_same(a: View, b: View) -> bool:
    """Say whether two views of one shape are the same elements; how far one goes along an axis of length 1 is none."""
    steps = ([s for e, s in zip(v.shape, v.strides, strict=True) if e != 1] for v in (a, b))
    return (a.base, a.offset) == (b.base, b.offset) and next(steps) == next(steps)


def _like(view: View) -> Node:
    return input("view", view.shape, view.base.dtype)
