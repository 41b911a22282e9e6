"""Arrays that stand in a formula without a name get one: their numbers are given once, and a formula is read."""

from collections.abc import Collection, Sequence

import numpy as np

from chainrule.graph.closed import replaced
from chainrule.graph.node import Node, constant, leaf_key
from chainrule.graph.primitives.leaves import constant as constants
from chainrule.graph.walk import order
from chainrule.shown import in_a_row


def with_names(roots: Sequence[Node], kept: Collection[Node] = ()) -> tuple[list[Node], list[str]]:
    """Return graphs whose arrays of several numbers have names, and those that were given: C1, C2.

    Equal arrays get one name. What is 1 less another, as where ``Y`` and ``1 - Y`` were computed outside of the graph,
    is written so, and a derivation comes to ``A - Y`` as it does with ``cr.constant(Y, "Y")``.

    Args:
        roots: The graphs.
        kept: Nodes that stay as they are.
    """
    nodes = order(roots)
    taken = {n.name for n in nodes}
    stay = {leaf_key(n) for n in kept}
    given: list[Node] = []
    became: dict[Node, Node] = {}
    for n in sorted(nodes, key=_depths(nodes).__getitem__, reverse=True):  # X before Y
        if n.primitive is not constants or n.name or leaf_key(n) in stay or not _is_array(n):
            continue
        same = next((x for x in given if _alike(x, n, x.value)), None)
        rest = next((x for x in given if _alike(x, n, 1 - np.asarray(x.value))), None)
        if same is None and rest is not None:
            became[n] = 1 - rest
            continue
        if same is None:
            name = next(name for i in range(1, len(nodes) + 2) if (name := f"C{i}") not in taken)
            taken.add(name)
            given.append(same := constant(n.value, name, n.dtype))
        became[n] = same
    return replaced(roots, became) if became else list(roots), [x.name for x in given]


def about(names: Sequence[str]) -> list[str]:
    """Say how arrays get names of one's own."""
    if not names:
        return []
    bears, it = ("bears", "it") if len(names) == 1 else ("bear", "them")
    return [f'{in_a_row(names)} {bears} no name in the graph: cr.constant(Y, "Y") gives {it} one.']


def _depths(nodes: Sequence[Node]) -> dict[Node, int]:
    """Return how far each node is from the roots, on the longest way."""
    depths = dict.fromkeys(nodes, 0)
    for n in reversed(nodes):
        for x in n.inputs:
            depths[x] = max(depths[x], depths[n] + 1)
    return depths


def _is_array(n: Node) -> bool:
    value = np.asarray(n.value)
    return n.dtype.kind == "f" and value.size > 1 and not bool((value == value.flat[0]).all())


def _alike(x: Node, n: Node, value: np.ndarray) -> bool:
    return x.shape == n.shape and x.dtype == n.dtype and np.array_equal(value, n.value)
