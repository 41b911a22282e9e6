"""What a graph keeps apart: examples, of which what comes out for one depends on no other, and steps likewise."""

from collections.abc import Sequence
from typing import Any

from chainrule.graph.closed import bodies
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node
from chainrule.graph.primitives.indexing import gather, pick
from chainrule.graph.primitives.linear import broadcast_to, reshape, transpose
from chainrule.graph.primitives.products import contract
from chainrule.graph.shapes import Extent
from chainrule.graph.walk import order


def keeps_apart(nodes: Sequence[Node], batch: Extent | None = None) -> bool:
    """Say whether what nodes are for an example depends on no other; where it is not plain to see, no.

    ``batch`` is the axis that counts the examples; None where no other is open.
    """
    return all(_is_apart(n, batch) for n in order(nodes))


def _is_apart(node: Node, batch: Extent | None) -> bool:
    row, attributes = node.primitive, node.attributes
    if sum(_counts(e, batch) for e in node.shape) > 1:
        return False
    along = [_axis(x, batch) for x in node.inputs]
    if all(axis is None for axis in along):
        counts = any(_counts(e, batch) for e in (*node.shape, attributes.get("extent")))
        return row.mixes != "all" or not counts
    if row.results is not None:  # a loop, whose steps may be the examples
        over_examples = _counts(attributes["length"], batch)
        return not over_examples and all(keeps_apart(body.outputs, batch) for body in bodies(node))
    if row.mixes != "all":
        named = attributes.get("axes", (attributes.get("axis"),)) if row.mixes == "axes" else ()
        return along[0] not in named
    if row.name == "reshape":
        return along[0] == 0 == _axis(node, batch)
    if row.name == "contract":
        plan = contraction(attributes["spec"])
        letters = [
            k[axis] for k, axis in zip((plan.left, plan.right), along, strict=True) if axis is not None
        ]
        return not set(letters) & set(plan.inner)
    return False


def _counts(extent: Any, batch: Extent | None) -> bool:
    """Say whether an axis counts the examples."""
    return isinstance(extent, Extent) and (batch is None or extent == batch)


def _axis(node: Node, batch: Extent | None) -> int | None:
    """Return the axis of a node that counts the examples."""
    return next((axis for axis, extent in enumerate(node.shape) if _counts(extent, batch)), None)


MIXED = -1  # in place of an axis: elements of several places along it have met


def followed(node: Node, along: Sequence[int | None]) -> int | None:
    """Return where an axis of a node's inputs lies in the node: None where it is in none, :data:`MIXED` if it mixes.

    Args:
        node: A node.
        along: Where the axis lies in each input, or None.

    >>> import numpy as np
    >>> from chainrule.graph.node import input
    >>> x = input("x", ("batch", 5, 3))
    >>> followed(np.tanh(x), [1]), followed(x.T, [1]), followed(x.sum(axis=0), [1]), followed(x.sum(axis=1), [1])
    (1, 1, 0, -1)
    """
    if all(axis is None for axis in along):
        return None
    if MIXED in along:
        return MIXED
    known = [(i, axis) for i, axis in enumerate(along) if axis is not None]
    now, *others = {_kept(node, i, axis) for i, axis in known}
    if others or now == MIXED or any(node.shape[now] != node.inputs[i].shape[axis] for i, axis in known):
        return MIXED
    return now


def _kept(node: Node, number: int, axis: int) -> int:
    """Return where an axis of one input lies in the node, if nothing along it is mixed; its length tells the rest."""
    row, attributes, x = node.primitive, node.attributes, node.inputs[number]
    if row is gather:
        start = attributes["axis"]
        if number == 1:
            return int(start + axis)
        return MIXED if axis == start else axis + (node.inputs[1].ndim - 1 if axis > start else 0)
    if row is transpose:
        return int(attributes["axes"].index(axis))
    if row is pick:
        return _in_slice(attributes["index"], axis)
    if row is reshape:
        return axis if node.shape[: axis + 1] == x.shape[: axis + 1] else MIXED
    if row is contract:
        plan = contraction(attributes["spec"])
        return plan.out.find((plan.left, plan.right)[number][axis])  # -1 where it is summed, which is mixed
    if row.mixes == "all":
        return MIXED
    if row.mixes == "axes":
        mixed = attributes.get("axes", (attributes.get("axis"),))
        if axis in mixed:
            return MIXED
        return axis - sum(a < axis for a in mixed) if node.ndim < x.ndim else axis
    if row.elementwise or row is broadcast_to:
        return axis + node.ndim - x.ndim
    return MIXED if "index" in attributes and node.ndim != x.ndim else axis


def _in_slice(index: tuple[Any, ...], axis: int) -> int:
    """Return where an axis of which all is taken lies in what an index takes."""
    places = [i for i, entry in enumerate(index) if entry is not None]
    entry = index[places[axis]]
    if not isinstance(entry, tuple) or (entry[2] or 1) < 1:
        return MIXED
    return sum(not isinstance(each, int) for each in index[: places[axis]])
