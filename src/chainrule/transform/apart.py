"""Whether a graph keeps examples apart: what comes out for one depends on no other."""

from collections.abc import Sequence

from chainrule.graph.closed import bodies
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent
from chainrule.graph.walk import order


def keeps_apart(nodes: Sequence[Node]) -> bool:
    """Say whether what nodes are for an example depends on no other; where it is not plain to see, no."""
    return all(map(_is_apart, order(nodes)))


def _is_apart(node: Node) -> bool:
    row, attributes = node.primitive, node.attributes
    if sum(isinstance(e, Extent) for e in node.shape) > 1:
        return False
    along = [_axis(x) for x in node.inputs]
    if all(axis is None for axis in along):
        counts = any(isinstance(e, Extent) for e in (*node.shape, attributes.get("extent")))
        return row.mixes != "all" or not counts
    if row.results is not None:  # a loop, whose steps may be the examples
        over_examples = isinstance(attributes["length"], Extent)
        return not over_examples and all(keeps_apart(body.outputs) for body in bodies(node))
    if row.mixes != "all":
        named = attributes.get("axes", (attributes.get("axis"),)) if row.mixes == "axes" else ()
        return along[0] not in named
    if row.name == "reshape":
        return along[0] == 0 == _axis(node)
    if row.name == "contract":
        plan = contraction(attributes["spec"])
        letters = [
            k[axis] for k, axis in zip((plan.left, plan.right), along, strict=True) if axis is not None
        ]
        return not set(letters) & set(plan.inner)
    return False


def _axis(node: Node) -> int | None:
    """Return the axis of a node that counts the examples."""
    return next((axis for axis, extent in enumerate(node.shape) if isinstance(extent, Extent)), None)
