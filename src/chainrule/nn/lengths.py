"""Networks for sequences of any length: the same network, with the steps of its inputs fixed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainrule.graph.closed import is_given, resolved
from chainrule.graph.node import Node, input, record
from chainrule.graph.shapes import Extent, resolve
from chainrule.graph.walk import rebuild
from chainrule.nn.architecture import BATCH, Architecture


def of_lengths(found: Architecture, lengths: Mapping[Extent, int]) -> Architecture:
    """Return the same network, of the same variables, for sequences of so many steps.

    Args:
        found: A network.
        lengths: How many steps each open axis has, beside that of the examples.

    >>> import chainrule as cr
    >>> found = cr.Network([cr.Dense(2)], input_shape=(None, 3)).architecture
    >>> found.output.shape, of_lengths(found, {Extent("time"): 5}).output.shape
    ((batch, time, 2), (batch, 5, 2))
    """
    if not lengths:
        return found
    known: dict[Extent, Any] = {Extent(BATCH): Extent(BATCH), **lengths}
    fresh = {x: input(x.name, resolve(x.shape, known), x.dtype) for x in found.inputs.values()}

    def visit(node: Node, new: tuple[Node, ...]) -> Node:
        if node in fresh or is_given(node):
            return fresh.get(node, node)
        return record(node.primitive, new, resolved(node.attributes, known), node.name, node.meaning)

    fixed = found.through(rebuild(found.nodes, visit))
    if found.structure is None:
        return fixed
    return replace(fixed, structure=(found.structure, tuple(sorted((e.name, n) for e, n in lengths.items()))))
