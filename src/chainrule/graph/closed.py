"""Closed graphs: a graph as a value of its own, with its ends named."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.graph.identity import of_attributes
from chainrule.graph.node import Cell, Node, flatten, leaf_key, unflatten
from chainrule.graph.walk import order, rebuild

NOTHING = np.zeros(0)


@dataclass(frozen=True)
class Program:
    """A graph with its ends named.

    Attributes:
        inputs: What each step is given.
        state: Variables that live from step to step.
        outputs: What each step returns.
        new_state: The value that each state variable has after the step, in the order of ``state``.
    """

    inputs: tuple[Node, ...]
    state: tuple[Node, ...]
    outputs: tuple[Node, ...]
    new_state: tuple[Node, ...]

    @property
    def ends(self) -> tuple[Node, ...]:
        """All that a step computes: the outputs, then the new state."""
        return (*self.outputs, *self.new_state)

    def map_ends(self, function: Callable[[Sequence[Node]], Iterable[Node]]) -> "Program":
        """Return the same program with its ends replaced by what ``function`` makes of all of them."""
        ends = tuple(function(self.ends))
        count = len(self.outputs)
        return replace(self, outputs=ends[:count], new_state=ends[count:])

    def rebuild(self, visit: Callable[[Node, tuple[Node, ...]], Node]) -> "Program":
        """Return the same program with each node replaced by what ``visit`` makes of it and its new inputs."""
        became = rebuild(self.ends, visit)
        return self.map_ends(lambda ends: [became[n] for n in ends])

    @cached_property
    def fingerprint(self) -> Hashable:
        """What two programs have in common only if they compute the same in the same way.

        Rows are themselves, and attributes go by value and structure (``graph/identity.py``): a program in which
        one is of a type that is not known there has a fingerprint of its own.
        """
        given: dict[Any, Hashable] = {leaf_key(n): ("state", i) for i, n in enumerate(self.state)}
        given |= {leaf_key(n): ("input", i) for i, n in enumerate(self.inputs)}
        number: dict[Node, int] = {}
        lines: list[Hashable] = []
        for node in order([*self.ends, *self.inputs, *self.state]):
            number[node] = len(lines)
            leaf = given.get(leaf_key(node)) if not node.inputs else None
            what = leaf if leaf is not None else (node.primitive, of_attributes(node.attributes))
            lines.append((what, tuple([number[x] for x in node.inputs]), node.shape, node.dtype.str))
        return tuple(lines), tuple([number[n] for n in self.ends]), len(self.outputs)

    def detached(self) -> "Program":
        """Return the same program of variables without values: to be kept, and no network's weights with it.

        What gradients mean is left behind, so it must be simplified by now.
        """
        ends = (self.inputs, self.state, self.outputs, self.new_state)
        cells: dict[Any, Cell] = {}

        def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
            attributes = node.attributes
            if node.primitive.name == "variable":
                attributes = {"cell": cells.setdefault(leaf_key(node), Cell(NOTHING))}
            elif not inputs:
                return node
            return Node(node.primitive, inputs, attributes, node.shape, node.dtype, node.name)

        became = rebuild([n for end in ends for n in end], visit)
        inputs, state, outputs, new_state = (tuple(became[n] for n in end) for end in ends)
        return Program(inputs, state, outputs, new_state)

    def __reduce__(self) -> tuple[Any, ...]:
        # All ends in one flat list, so that what they share stays shared.
        ends = (self.inputs, self.state, self.outputs, self.new_state)
        everything = [n for end in ends for n in end]
        flat = flatten(everything)
        position = {n: i for i, n in enumerate(order(everything))}
        return _program, (flat, tuple(tuple(position[n] for n in end) for end in ends))


def _program(flat: list[Any], ends: tuple[tuple[int, ...], ...]) -> Program:
    nodes = unflatten(flat)
    inputs, state, outputs, new_state = (tuple(nodes[i] for i in end) for end in ends)
    return Program(inputs, state, outputs, new_state)
