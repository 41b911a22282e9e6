"""What was not chosen contributes exactly 0 to a gradient.

The gradient of where(x > 0, sqrt(x), 0) at 0 would be 0 · ∞ = NaN if the zero of the branch not taken were
multiplied by sqrt's derivative. So what was chosen stands outside: c ? g : 0, times p, is c ? g · p : 0. Whoever
chooses says so by a derivative that is a condition (relu: x > 0), or a number under one (max: where(hit, ..., 0)),
and rows that leave elements out say it in their column `leaves_out`. The condition goes along only where it is
needed: on the way to a step whose slope may be infinite. All other gradients are plain products.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from chainrule.graph import shapes
from chainrule.graph.node import Node, as_node, broadcast, cast as to_dtype
from chainrule.graph.primitives.corners import where
from chainrule.graph.primitives.identities import cast, mark
from chainrule.graph.primitives.linear import sum_to
from chainrule.graph.primitives.logic import equal, less, logical_and, logical_or, not_equal
from chainrule.graph.ranges import range_of
from chainrule.graph.walk import learn, order
from chainrule.transform.constants import is_number, is_one


class Masks:
    """The arithmetic of gradients on their way back through the ``active`` ones among ``nodes``.

    Leaves are taken to be finite, but for those that the graph itself asks: where(isnan(x), 0, x · w).
    """

    def __init__(
        self, nodes: Sequence[Node], active: set[Node], partials: Mapping[Node, Sequence[Any]]
    ) -> None:
        asked = [u for u in map(_asked, nodes) if u is not None]
        self._doubted = {x: x.primitive.leaf == "given" for x in order(asked) if not x.inputs}
        self._steep: set[Node] = set()  # from here a gradient goes down a slope that may be infinite or NaN
        for node in nodes:
            if node in active and self._is_steep(node, active, partials.get(node)):
                self._steep.add(node)

    def _is_steep(self, node: Node, active: set[Node], partials: Sequence[Any] | None) -> bool:
        moving = [x in active for x in node.inputs]
        if not any(moving) or node.primitive.no_derivative:
            return False
        if not self._steep.isdisjoint(x for x in node.inputs if x in active):
            return True
        if partials is not None:
            return not all(self._is_finite(p) for p, moves in zip(partials, moving, strict=True) if moves)
        # a product with what is infinite
        return node.primitive.linear != "together" and not all(self._is_finite(x) for x in node.inputs)

    def _is_finite(self, p: Any) -> bool:
        """Say whether a derivative or a factor is known to be finite."""
        return not isinstance(p, Node) or (range_of(p).finite and not self._is_doubted(p))

    def _is_doubted(self, node: Node) -> bool:
        """Say whether a number is made of one that was asked whether it is finite."""
        doubted = self._doubted
        return bool(doubted) and learn(node, doubted, lambda n: any(doubted[x] for x in _floats(n)), _floats)

    def add(self, gradients: Sequence[Node], of: Node | None = None) -> Node:
        """Return the sum of the gradients of one node, chosen where any of them is."""
        return reduce(lambda a, b: _add(a, b, of in self._steep), gradients)

    def times(self, dy: Node, p: Any, y: Node, x: Node) -> Node:
        """Return dy · p, for ``p`` = ∂y/∂x, summed to the shape of x."""
        masked = _mask(dy)
        kept = masked is not None and (y in self._steep or not self._is_finite(masked[1]))
        return _reduced(times(dy, p, kept), x.shape, x in self._steep)

    def vjp(self, dy: Node, y: Node) -> Sequence[Node | None]:
        """Apply a structural row's rule; what was chosen of each input is said by its ``reach`` or adjoint."""
        row, inputs, steep = y.primitive, y.inputs, y in self._steep
        assert row.vjp is not None  # noqa: S101 -- all rows without partials that have a derivative have it
        masked = _mask(dy) if steep else None
        chosen = masked[0] if masked else as_node(np.True_) if steep and row.leaves_out else None
        if chosen is None or not (row.linear == "together" or row.reach):
            return row.vjp(dy, y, *inputs, **y.attributes)
        chosen = broadcast(chosen, dy.shape)
        if row.reach is None:
            reached = row.vjp(chosen, y, *inputs, **y.attributes)
        else:
            reached = row.reach(chosen, y, *inputs, **y.attributes)
            inputs = tuple(
                x if self._is_finite(x) or c is None else _under(_truth(c), x)
                for x, c in zip(inputs, reached, strict=True)
            )
        found = row.vjp(dy, y, *inputs, **y.attributes)
        return [
            dx if dx is None or c is None or x not in self._steep else _masked(_truth(c), dx)
            for x, c, dx in zip(y.inputs, reached, found, strict=True)
        ]


def _floats(node: Node) -> Sequence[Node]:
    """Return the inputs of a node of floats."""
    return node.inputs if node.dtype.kind == "f" else ()


def _asked(node: Node) -> Node | None:
    """Return the node of which ``node`` asks whether it is NaN, u = u, or infinite, |u| < ∞."""
    if node.primitive not in (equal, not_equal, less):
        return None
    u, other = node.inputs
    return u if u is other or (other.shape == () and is_number(other, np.inf)) else None


def _masked(condition: Node, g: Node) -> Node:
    """Return ``condition ? g : 0``; a condition that g stands under already is joined to it."""
    inner = _mask(g)
    if inner is not None:
        both = condition if inner[0] is condition else logical_and(condition, inner[0])
        condition, g = both, inner[1]
    return _under(condition, g)


def _under(condition: Node, g: Node) -> Node:
    return where(condition, g, as_node(0.0, [g.dtype]))


def _mask(g: Node) -> tuple[Node, Node] | None:
    """Return the condition and the number under it, if ``g`` is masked."""
    if g.primitive is mark:
        g = g.inputs[0]  # one mark at the most stands over a mask, see `unmarked`
    if g.primitive is not where:
        return None
    condition, inner, zero = g.inputs
    return (condition, inner) if zero.shape == () and is_number(zero, 0) else None


def unmarked(g: Node) -> Node:
    """Return a gradient that is to be marked: a mask is not marked twice, so that it is found again."""
    return g.inputs[0] if g.primitive is mark and _mask(g) is not None else g


def _choice(p: Any) -> tuple[Node, Any] | None:
    """Return the condition that a derivative stands under, and what it is there; a truth is 1 under itself."""
    if not isinstance(p, Node):
        return None
    if p.dtype == bool:
        return p, 1
    return (p.inputs[0], 1) if p.primitive is cast and p.inputs[0].dtype == bool else _mask(p)


def times(dy: Node, p: Any, kept: bool) -> Node:
    """Return dy · p, under the condition of p and, if it is to be ``kept``, that of dy."""
    choice = _choice(p)
    if choice is not None:
        return (_masked if kept else _under)(choice[0], times(dy, choice[1], kept))
    plain = not isinstance(p, Node)
    if plain and p == 1:
        return dy
    masked = _mask(dy) if kept else None
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
    masked = _mask(g)
    return (
        to_dtype(g, dtype)
        if masked is None or g.dtype == dtype
        else _under(masked[0], to_dtype(masked[1], dtype))
    )


def _add(a: Node, b: Node, steep: bool) -> Node:
    one, two = _mask(a), _mask(b)
    if one is None or two is None:
        return a + b
    if one[0] is two[0]:
        return _masked(one[0], one[1] + two[1])
    return _masked(logical_or(one[0], two[0]), a + b) if steep else a + b


def _reduced(g: Node, shape: shapes.Shape, steep: bool) -> Node:
    """Sum a gradient to the shape of what had been broadcast."""
    if g.shape == shape:
        return g
    if not shapes.fits(shape, g.shape):
        g = broadcast(g, shapes.broadcast(g.shape, shape))
    masked = _mask(g) if steep else None
    if masked is None:
        return sum_to(g, shape)
    anywhere = sum_to(broadcast(masked[0], g.shape), shape) > 0
    return _masked(anywhere, sum_to(g, shape))


def _truth(condition: Node) -> Node:
    """Return where a moved condition still holds; some rows add truth values up, which counts them."""
    return condition if condition.dtype == bool else condition > 0
