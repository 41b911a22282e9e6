"""What was not chosen contributes exactly 0 to a gradient.

The gradient of where(x > 0, sqrt(x), 0) at 0 would be 0 · ∞ = NaN if the zero of the branch not taken were
multiplied by sqrt's derivative. So what was chosen stands outside: c ? g : 0, times p, is c ? g · p : 0. Whoever
chooses says so by a derivative that is a condition (relu: x > 0), or a number under one (max: where(hit, ..., 0)),
and rows that leave elements out say it in their column `leaves_out`. The condition goes along only where it is
needed: on the way to a step whose slope may be infinite. All other gradients are plain products.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from chainrule.graph import shapes
from chainrule.graph.node import Node, as_node, broadcast, cast as to_dtype
from chainrule.graph.primitives.corners import where
from chainrule.graph.primitives.identities import cast, mark
from chainrule.graph.primitives.linear import sum_to
from chainrule.graph.primitives.logic import logical_and, logical_or
from chainrule.transform.constants import is_number, is_one
from chainrule.transform.slopes import Slopes


@dataclass(frozen=True, slots=True)
class Arrived:
    """What arrives at a row with several results: all that its rule is to pull at once.

    Attributes:
        at: The gradient of each result that has one, by which of them it is.
        wanted: Of each input, whether a gradient of it is wanted.
        doubted: Of each input, whether it may be infinite or NaN.
        steep: Of each input, whether a gradient goes on from there down a slope that may be.
    """

    at: Mapping[int, Node]
    wanted: Sequence[bool]
    doubted: Sequence[bool]
    steep: Sequence[bool]


class Masks:
    """The arithmetic of gradients on their way back down some slopes."""

    def __init__(self, slopes: Slopes) -> None:
        self._slopes, self._steep = slopes, slopes.steep

    def add(self, gradients: Sequence[Node], of: Node | None = None) -> Node:
        """Return the sum of the gradients of one node, chosen where any of them is."""
        return reduce(lambda a, b: add(a, b, of in self._steep), gradients)

    def times(self, dy: Node, p: Any, y: Node, x: Node) -> Node:
        """Return dy · p, for ``p`` = ∂y/∂x, summed to the shape of x."""
        masked = mask_of(dy)
        kept = masked is not None and (y in self._steep or not self._slopes.is_finite(masked[1]))
        return reduced(times(dy, p, kept), x.shape, x in self._steep)

    def vjp(self, dy: Node, y: Node) -> Sequence[Node | None]:
        """Apply a structural row's rule; what was chosen of each input is said by its ``reach`` or adjoint."""
        row, inputs, steep = y.primitive, y.inputs, y in self._steep
        assert row.vjp is not None  # noqa: S101 -- all rows without partials that have a derivative have it
        masked = mask_of(dy) if steep else None
        chosen = masked[0] if masked else as_node(np.True_) if steep and row.leaves_out else None
        if chosen is None or not (row.linear == "together" or row.reach):
            return row.vjp(dy, y, *inputs, **y.attributes)
        chosen = broadcast(chosen, dy.shape)
        if row.reach is None:
            reached = row.vjp(chosen, y, *inputs, **y.attributes)
        else:
            reached = row.reach(chosen, y, *inputs, **y.attributes)
            inputs = tuple(
                x if self._slopes.is_finite(x) or c is None else under(_truth(c), x)
                for x, c in zip(inputs, reached, strict=True)
            )
        found = row.vjp(dy, y, *inputs, **y.attributes)
        return [
            dx if dx is None or c is None or x not in self._steep else _masked(_truth(c), dx)
            for x, c, dx in zip(y.inputs, reached, found, strict=True)
        ]

    def vjp_of_siblings(self, dys: Mapping[Node, Node], wanted: Sequence[bool]) -> Sequence[Node | None]:
        """Apply the rule of a row with several results to what arrived at all of them."""
        y = next(iter(dys))
        assert y.primitive.vjp is not None  # noqa: S101 -- as above
        at: dict[int, Node] = {}
        for n, dy in dys.items():
            take = n.attributes["take"]
            at[take] = self.add([at[take], dy], n) if take in at else dy
        doubted = [not self._slopes.is_finite(x) for x in y.inputs]
        arrived = Arrived(at, wanted, doubted, [x in self._steep for x in y.inputs])
        return y.primitive.vjp(arrived, y, *y.inputs, **y.attributes)


def _masked(condition: Node, g: Node) -> Node:
    """Return ``condition ? g : 0``; a condition that g stands under already is joined to it."""
    inner = mask_of(g)
    if inner is not None:
        both = condition if inner[0] is condition else logical_and(condition, inner[0])
        condition, g = both, inner[1]
    return under(condition, g)


def under(condition: Node, g: Node) -> Node:
    """Return ``condition ? g : 0``."""
    return where(condition, g, as_node(0.0, [g.dtype]))


def mask_of(g: Node) -> tuple[Node, Node] | None:
    """Return the condition and the number under it, if ``g`` is masked."""
    if g.primitive is mark:
        g = g.inputs[0]  # one mark at the most stands over a mask, see `unmarked`
    if g.primitive is not where:
        return None
    condition, inner, zero = g.inputs
    return (condition, inner) if zero.shape == () and is_number(zero, 0) else None


def unmarked(g: Node) -> Node:
    """Return a gradient that is to be marked: a mask is not marked twice, so that it is found again."""
    return g.inputs[0] if g.primitive is mark and mask_of(g) is not None else g


def _choice(p: Any) -> tuple[Node, Any] | None:
    """Return the condition that a derivative stands under, and what it is there; a truth is 1 under itself."""
    if not isinstance(p, Node):
        return None
    if p.dtype == bool:
        return p, 1
    return (p.inputs[0], 1) if p.primitive is cast and p.inputs[0].dtype == bool else mask_of(p)


def times(dy: Node, p: Any, kept: bool) -> Node:
    """Return dy · p, under the condition of p and, if it is to be ``kept``, that of dy."""
    choice = _choice(p)
    if choice is not None:
        return (_masked if kept else under)(choice[0], times(dy, choice[1], kept))
    plain = not isinstance(p, Node)
    if plain and p == 1:
        return dy
    masked = mask_of(dy) if kept else None
    if masked is not None:
        return _masked(masked[0], times(masked[1], p, kept))
    if plain and p == -1:
        return -dy
    if is_one(dy):
        node = as_node(p, [dy.dtype])
        return node if node.dtype.kind == "f" else to_dtype(node, dy.dtype)
    return dy * p


def in_dtype(g: Node, dtype: np.dtype) -> Node:
    """Return a gradient in the dtype of what it is the gradient of; a condition stays outside."""
    masked = mask_of(g)
    return (
        to_dtype(g, dtype)
        if masked is None or g.dtype == dtype
        else under(masked[0], to_dtype(masked[1], dtype))
    )


def add(a: Node, b: Node, steep: bool) -> Node:
    """Return the sum of two gradients; where it goes down a steep slope, chosen is what either of them was."""
    one, two = mask_of(a), mask_of(b)
    if one is None or two is None:
        return a + b
    if one[0] is two[0]:
        return _masked(one[0], one[1] + two[1])
    return _masked(logical_or(one[0], two[0]), a + b) if steep else a + b


def reduced(g: Node, shape: shapes.Shape, steep: bool) -> Node:
    """Sum a gradient to the shape of what had been broadcast."""
    if g.shape == shape:
        return g
    if not shapes.fits(shape, g.shape):
        g = broadcast(g, shapes.broadcast(g.shape, shape))
    masked = mask_of(g) if steep else None
    if masked is None:
        return sum_to(g, shape)
    anywhere = sum_to(broadcast(masked[0], g.shape), shape) > 0
    return _masked(anywhere, sum_to(g, shape))


def _truth(condition: Node) -> Node:
    """Return where a moved condition still holds; some rows add truth values up, which counts them."""
    return condition if condition.dtype == bool else condition > 0
