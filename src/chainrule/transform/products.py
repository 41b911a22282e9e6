"""A product of arrays as the sum of its terms, where what is known of each term is wanted."""

from typing import NamedTuple

from chainrule.graph import shapes
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node
from chainrule.graph.primitives.linear import reshape, transpose


class Terms(NamedTuple):
    """A product of arrays as the sum of its terms: ``transpose(sum(a · b over axes), turn)``."""

    factors: tuple[Node, Node]
    axes: tuple[int, ...]
    turn: tuple[int, ...]
    free: tuple[shapes.Extent | int, ...]  # how long the axes are that one factor alone has


def as_terms(x: Node) -> Terms:
    """Return what a product of arrays is the sum of, the axes of both factors side by side."""
    plan = contraction(x.attributes["spec"])
    letters = (plan.left, plan.right)
    lengths = {
        k: e for have, a in zip(letters, x.inputs, strict=True) for k, e in zip(have, a.shape, strict=True)
    }
    order = plan.batch + plan.rows + plan.columns + plan.inner

    def spread(have: str, a: Node) -> Node:
        turned = transpose(a, axes=tuple(have.index(k) for k in order if k in have))
        return reshape(turned, shape=tuple(lengths[k] if k in have else 1 for k in order))

    return Terms(
        (spread(letters[0], x.inputs[0]), spread(letters[1], x.inputs[1])),
        axes=tuple(range(len(order) - len(plan.inner), len(order))),
        turn=tuple(order.index(k) for k in plan.out),
        free=tuple(lengths[k] for k in plan.rows + plan.columns),
    )
