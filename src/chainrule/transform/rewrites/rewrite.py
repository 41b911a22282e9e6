"""What a rewrite is: a pattern and its replacement, or a function that looks at shapes, axes or attributes."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainrule.graph.node import Node, as_node, input
from chainrule.graph.primitives.leaves import constant, placeholder
from chainrule.graph.primitives.primitive import Primitive
from chainrule.transform.constants import is_number

Found = dict[str, Node]  # what each wildcard of a pattern stands for


@dataclass(frozen=True)
class Rewrite:
    """A pattern, what replaces it, and why that is the same number or a better one.

    ``pattern`` and ``result`` take the same wildcards and return nodes; ``when`` asks more of what was matched, and a
    result of None is no replacement.
    """

    name: str
    why: str
    pattern: Callable[..., Any]
    result: Callable[..., Any]
    when: Callable[..., bool] | None = None

    @cached_property
    def _drawn(self) -> Node:
        wildcards = [input(name, (), "float64") for name in inspect.signature(self.pattern).parameters]
        return self.pattern(*wildcards)

    @cached_property
    def _children(self) -> frozenset[Primitive]:
        return frozenset(x.primitive for x in self._drawn.inputs) - {placeholder}

    def may_fit(self, row: Primitive, children: Sequence[Primitive]) -> bool:
        """Say whether the pattern starts at this row, of such inputs."""
        return row is self._drawn.primitive and self._children.issubset(children)

    def rewrite(self, node: Node) -> Node | None:
        """Return what replaces ``node``, or None where the pattern does not fit."""
        for found in _matches(self._drawn, node, {}):
            if self.when is None or self.when(**found):
                new = self.result(**found)
                return None if new is None else as_node(new, [node.dtype])
        return None


def _matches(pattern: Node, node: Node, found: Found) -> Iterator[Found]:
    """Yield each way in which a node fits a pattern, a commutative one in both orders."""
    if pattern.primitive is placeholder:
        if found.get(pattern.name, node) is node:
            yield {**found, pattern.name: node}
    elif pattern.primitive is constant:
        if is_number(node, pattern.attributes["value"].item()):
            yield found
    elif pattern.primitive is node.primitive and pattern.attributes == node.attributes:
        yield from _match_all(pattern.inputs, node.inputs, found)
        if node.primitive.commutative:
            yield from _match_all(pattern.inputs, node.inputs[::-1], found)


def _match_all(patterns: Sequence[Node], nodes: Sequence[Node], found: Found) -> Iterator[Found]:
    if not patterns:
        yield found
    else:
        for first in _matches(patterns[0], nodes[0], found):
            yield from _match_all(patterns[1:], nodes[1:], first)


def anything(row: Primitive) -> bool:
    """Return True for every row."""
    return True


@dataclass(frozen=True)
class Move:
    """A rewrite that must look at shapes, axes or attributes: a function of a node and its first input.

    ``at`` says of which rows the node may be, ``of`` of which that input.
    """

    name: str
    why: str
    result: Callable[[Node, Node], Node | None]
    at: Callable[[Primitive], bool]
    of: Callable[[Primitive], bool] = anything

    def may_fit(self, row: Primitive, children: Sequence[Primitive]) -> bool:
        """Say whether it takes nodes of this row, of such inputs."""
        return self.at(row) and bool(children) and self.of(children[0])

    def rewrite(self, node: Node) -> Node | None:
        """Return what replaces ``node``, or None where the move does not apply."""
        return self.result(node, node.inputs[0])


def only(*rows: Primitive) -> Callable[[Primitive], bool]:
    """Return what says whether a row is one of these."""
    return lambda row: row in rows
