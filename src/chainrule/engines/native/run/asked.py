"""What a program asks of the shapes it is given, which its code does not look at: maxima are of something.

Loops ask at each step.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.graph.closed import Program, bodies
from chainrule.graph.node import Node
from chainrule.graph.primitives.reductions import argmax


def maxima_in(program: Program) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Return how many steps each maximum is in, of loops in loops, and along which lengths it looks."""
    return list(_maxima(program.nodes, ()))


def _maxima(
    nodes: Sequence[Node], steps: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for node in nodes:
        row, attributes = node.primitive, node.attributes
        if row.reduces == "maximum" or row is argmax:
            axes = attributes.get("axes", (attributes.get("axis"),))
            yield steps, tuple([node.inputs[0].shape[a] for a in axes])
        for body in bodies(node):
            yield from _maxima(body.nodes, (*steps, attributes.get("length", 1)))
