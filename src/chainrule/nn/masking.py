"""Masks: which steps of a sequence count. A mask is found in the graph, and nobody carries it along.

Layers say where sequences are padded (``Masking``, ``Embedding(mask_zero=True)``), and the mark on a layer's output
holds the mask of what it puts out. A layer that works step by step keeps the mask of what it is given, and so does
whatever is written between layers: that is read off the rows of the graph. What makes one thing of several steps must
say how (:meth:`Layer.mask_after`), else it is refused: padding would count as data.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import GraphError
from chainrule.graph.node import Node
from chainrule.graph.walk import learn
from chainrule.nn.calls import is_put_out, mask_put_out
from chainrule.shown import cut
from chainrule.transform.apart import MIXED, followed

__all__ = ["mask_of"]

Steps = tuple[
    int | None, dict[Node, None]
]  # their axis, and the masks that say which count (in place of a set)
NO_STEPS: Steps = (None, {})
TIME = 1  # the axis of a sequence that counts its steps: (batch, time, ...)
_REMEDY = (
    "Padding would count as data. Let a layer that knows masks make one of the steps first (a recurrent one, "
    "cr.GlobalAveragePooling1D() or cr.GlobalMaxPooling1D()), say in a layer of your own which steps of its output "
    "count, by mask_after(self, x), or leave the mask out: then padding is data."
)


@public
def mask_of(x: Node) -> Node | None:
    """Return which steps of a sequence count, as a layer of your own may ask of what it is given.

    Args:
        x: A node of shape (batch, time, ...).

    Returns:
        A node of truth values, (batch, time), False where a step is padding; None where all count.

    Raises:
        GraphError: If on the way to x several steps became one, and some of them are padding.

    >>> words = cr.input("words", ("batch", 20), "int64")
    >>> cr.mask_of(cr.Embedding(1000, 16, mask_zero=True)(words)).shape
    (batch, 20)
    >>> print(cr.mask_of(cr.Embedding(1000, 16)(words)))
    None
    """
    return _reaching(x, {})


def joined(a: Node | None, b: Node) -> Node:
    """Return where two masks say that a step counts; None says so of all."""
    both: Any = np.logical_and
    found: Node = b if a is None else both(a, b)
    return found


def over_steps(mask: Node, rank: int) -> Node:
    """Return a mask with as many axes as what it is of, to be chosen by."""
    return mask.reshape(*mask.shape, *(1,) * (rank - mask.ndim))


def mask_through(layer: Any, xs: Sequence[Node], y: Node) -> Node | None:
    """Return the mask of what a layer built of nodes, where it leaves that to its graph."""
    given = {x: mask_of(x) for x in xs}
    if all(mask is None for mask in given.values()):
        return None
    return _reaching(y, given, cut(repr(layer)))


def _reaching(y: Node, given: Mapping[Node, Node | None], who: str = "") -> Node | None:
    """Return the mask that reaches a node from those whose masks are given, and from the layers on the way."""

    def is_known(node: Node) -> bool:
        return node in given or is_put_out(node)

    def rule(node: Node) -> Steps:
        if is_known(node):
            mask = given[node] if node in given else mask_put_out(node)
            return NO_STEPS if mask is None else (TIME, {mask: None})
        masks = {mask: None for x in node.inputs for mask in found[x][1]}
        axis = followed(node, [found[x][0] for x in node.inputs]) if masks else None
        if axis == MIXED:
            what = who or cut(str(node))
            raise GraphError(f"{what} takes several steps together, of which some are padding. {_REMEDY}")
        return NO_STEPS if axis is None else (axis, masks)

    found: dict[Node, Steps] = {}
    axis, masks = learn(y, found, rule, lambda node: () if is_known(node) else node.inputs)
    if axis not in (None, TIME):
        raise GraphError(f"{who or cut(str(y))} moves the steps to another axis. {_REMEDY}")
    return reduce(joined, masks) if masks else None
