"""Siblings: nodes that are results of one computation, such as a loop, and differ in which of its results they take.

They have the same inputs, so where the first of them stands in an order of the graph all of them can be computed, and
who uses any of them stands behind it.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from chainrule.graph.identity import of_attributes


@dataclass(frozen=True, eq=False)
class Within:
    """What the mark on a result of a loop means.

    Attributes:
        of: What has a meaning within a step that is told outside too, as that a layer was called: the same of all
            steps, each marked with its meaning there.
    """

    of: tuple[Any, ...]


@dataclass(frozen=True)
class InStep:
    """What the mark on a value within the step of a loop means: it is told apart from the others of its step.

    Attributes:
        name: What the formula of a step calls it.
    """

    name: str


def loop_key(node: Any) -> Hashable:
    """Return what siblings have in common, and others do not; None for a node of a row with one result."""
    if node.primitive.results is None:
        return None
    attributes = {k: v for k, v in node.attributes.items() if k != "take"}
    return node.primitive, node.inputs, of_attributes(attributes)


def siblings(nodes: Iterable[Any]) -> dict[Any, list[Any]]:
    """Return for each node of a row with several results all of ``nodes`` that are its siblings, itself among them.

    >>> from chainrule.graph.loops import scan
    >>> from chainrule.graph.node import variable
    >>> total, sums = scan(lambda total, x: (total + x, total + x), 0.0, variable([1.0, 2.0, 3.0]))
    >>> len(siblings([total, sums])[total]), siblings([total + 1])
    (2, {})
    """
    families: dict[Hashable, list[Any]] = {}
    for node in nodes:
        if node.primitive.results is not None:
            families.setdefault(loop_key(node), []).append(node)
    return {node: family for family in families.values() for node in family}
