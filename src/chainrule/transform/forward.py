"""Forward mode: how fast outputs change when leaves move, from the same rows, as graph."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from chainrule.errors import NoDerivativeError
from chainrule.graph.node import Node, as_node, broadcast, leaf_key
from chainrule.graph.walk import order
from chainrule.transform.masks import times
from chainrule.transform.slopes import partials_of


def pushforward(outputs: Sequence[Node], tangents: Mapping[Node, Any]) -> list[Node]:
    """Return how fast each output changes when the leaves move along ``tangents``.

    It reads the same rows as :func:`~chainrule.transform.backprop.grad`; the tests check one by the other (duality).
    """
    given = {leaf_key(x): as_node(tangent, [x.dtype]) for x, tangent in tangents.items()}
    moving: dict[Node, Node] = {}
    for node in order(outputs):
        if leaf_key(node) in given:
            moving[node] = broadcast(given[leaf_key(node)], node.shape)
        elif node.dtype.kind == "f" and not moving.keys().isdisjoint(node.inputs):
            dot = _push(node, [moving.get(x) for x in node.inputs])
            if dot is not None:
                moving[node] = broadcast(dot, node.shape)
    return [moving[n] if n in moving else broadcast(as_node(0.0, [n.dtype]), n.shape) for n in outputs]


def _push(node: Node, dots: Sequence[Node | None]) -> Node | None:
    """Return what the tangents of a node's inputs make of its own: Σ ∂y/∂x · dx, or the row's rule."""
    row = node.primitive
    if row.no_derivative:
        raise NoDerivativeError(f"No derivative passes through {row.name}: {row.no_derivative}.")
    if row.jvp is not None:
        return row.jvp(dots, node, *node.inputs, **node.attributes)
    pairs = zip(dots, partials_of(node), strict=True)
    terms = [times(d, p, kept=True) for d, p in pairs if d is not None and p is not None]
    return reduce(lambda a, b: a + b, terms) if terms else None
