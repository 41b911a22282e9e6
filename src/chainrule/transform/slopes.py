"""The slopes of a graph, node by node, and from where a gradient goes down one that may be infinite or NaN."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import GraphError
from chainrule.graph.closed import ClosedGraph, bodies
from chainrule.graph.node import Node, as_node, leaf_key
from chainrule.graph.primitives.logic import equal, less, not_equal
from chainrule.graph.ranges import range_of
from chainrule.graph.walk import learn, order
from chainrule.shown import counted
from chainrule.transform.constants import is_number

Partials = Mapping[Node, Sequence[Any]]


def partials_of(node: Node) -> Sequence[Any]:
    """Return ∂y/∂x for each input of a node whose row says what they are."""
    assert node.primitive.partials is not None  # noqa: S101 -- asked by the callers
    found = node.primitive.partials(node, *node.inputs, **node.attributes)
    if not isinstance(found, list | tuple) or len(found) != len(node.inputs):
        given = f"{len(found)} of them" if isinstance(found, list | tuple) else "no list"
        wanted = f"{counted(len(node.inputs), 'derivative')}, one for each input"
        raise GraphError(
            f"The partials of '{node.primitive.name}' must be a list of {wanted}; found {given}. "
            "Give cr.primitive a function such as lambda y, x: [2 * x]."
        )
    return [as_node(p) if isinstance(p, np.ndarray) else p for p in found]


def moved(wrt: Iterable[Node], nodes: Iterable[Node]) -> set[Node]:
    """Return what depends on one of ``wrt`` among ``nodes``, in order: a gradient is to arrive there."""
    keys = {leaf_key(w) for w in wrt}
    active: set[Node] = set()
    for node in nodes:
        if leaf_key(node) in keys or (node.dtype.kind == "f" and not active.isdisjoint(node.inputs)):
            active.add(node)
    return active


@dataclass(frozen=True, slots=True)
class Outside:
    """What a body does not know of its own leaves, but the graph around it does.

    Attributes:
        doubted: Those that may be infinite or NaN.
        steep: Those from which a gradient goes on down a slope that may be.
    """

    doubted: Collection[Node] = ()
    steep: Collection[Node] = ()


NOTHING_ELSE = Outside()


class Slopes:
    """The slopes of the ``active`` ones among ``nodes``.

    Leaves are taken to be finite, but for those that the graph itself asks: where(isnan(x), 0, x · w).

    Attributes:
        partials: ∂y/∂x of each node whose row says what they are.
        steep: The nodes from which a gradient goes down a slope that may be infinite or NaN.
    """

    def __init__(self, nodes: Sequence[Node], active: set[Node], outside: Outside = NOTHING_ELSE) -> None:
        self.partials: Partials = {
            n: partials_of(n) for n in nodes if n in active and n.primitive.partials is not None
        }
        asked = [u for u in map(_asked, nodes) if u is not None]
        doubted, steep = ({leaf_key(x) for x in each} for each in (outside.doubted, outside.steep))
        self._doubted = {x: x.primitive.leaf == "given" for x in order(asked) if not x.inputs}
        self._doubted |= {x: True for x in nodes if leaf_key(x) in doubted}
        self.steep: set[Node] = {x for x in nodes if leaf_key(x) in steep}
        for node in nodes:
            if node in active and self._is_steep(node, active):
                self.steep.add(node)

    def _is_steep(self, node: Node, active: set[Node]) -> bool:
        moving = [x in active for x in node.inputs]
        if not any(moving) or node.primitive.no_derivative:
            return False
        if not self.steep.isdisjoint(x for x in node.inputs if x in active):
            return True
        partials = self.partials.get(node)
        if partials is not None:
            return not all(self.is_finite(p) for p, moves in zip(partials, moving, strict=True) if moves)
        # a product with what is infinite
        finite = node.primitive.linear == "together" or all(self.is_finite(x) for x in node.inputs)
        return not finite or any(map(_is_steep_within, bodies(node)))

    def is_finite(self, p: Any) -> bool:
        """Say whether a derivative or a factor is known to be finite."""
        return not isinstance(p, Node) or (range_of(p).finite and not self._is_doubted(p))

    def _is_doubted(self, node: Node) -> bool:
        """Say whether a number is made of one that was asked whether it is finite."""
        doubted = self._doubted
        return bool(doubted) and learn(node, doubted, lambda n: any(doubted[x] for x in _floats(n)), _floats)


def _is_steep_within(body: ClosedGraph) -> bool:
    """Say whether a gradient may meet an infinite slope in a body that is done again and again."""
    if not all(range_of(n).finite for n in body.outputs):
        return True  # then what it begins with the next time is not finite either
    active = moved([n for n in body.given if n.dtype.kind == "f"], body.nodes)
    return not Slopes(body.nodes, active).steep.isdisjoint(body.outputs)


def _floats(node: Node) -> Sequence[Node]:
    """Return the inputs of a node of floats."""
    return node.inputs if node.dtype.kind == "f" else ()


def _asked(node: Node) -> Node | None:
    """Return the node of which ``node`` asks whether it is NaN, u = u, or infinite, |u| < ∞."""
    if node.primitive not in (equal, not_equal, less):
        return None
    u, other = node.inputs
    return u if u is other or (other.shape == () and is_number(other, np.inf)) else None
