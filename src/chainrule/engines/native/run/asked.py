"""What a program asks of what it is given that its code does not look after.

Labels are classes, and maxima are of something. Loops ask at each step.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from chainrule.engines.native.plan.views import is_view
from chainrule.graph.closed import Program, bodies
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.primitives.indexing import one_hot
from chainrule.graph.primitives.reductions import argmax


def labels_in(program: Program) -> set[tuple[int, int]]:
    """Return which inputs are labels, and of how many classes: code would take any number."""
    return set(_labels(program.nodes, {leaf_key(x): i for i, x in enumerate(program.inputs)}))


def _labels(nodes: Sequence[Node], given: Mapping[Hashable, int]) -> Iterator[tuple[int, int]]:
    for node in nodes:
        if node.primitive is one_hot and (number := _given(node.inputs[0], given)) is not None:
            yield number, node.attributes["classes"]
        for body in bodies(node):
            found = {leaf_key(n): _given(x, given) for n, x in zip(body.given, node.inputs, strict=True)}
            yield from _labels(body.nodes, {n: i for n, i in found.items() if i is not None})


def _given(node: Node, given: Mapping[Hashable, int]) -> int | None:
    """Return the number of the input that a node is, read in whatever order but all of it."""
    while is_view(node) and not node.primitive.leaves_out:
        node = node.inputs[0]
    return given.get(leaf_key(node))


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
