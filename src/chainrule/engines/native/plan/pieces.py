"""Long rows of nodes cut into pieces of bounded length, in such a way that equal pieces come out of a pattern.

A chain that repeats itself, cut after every so many nodes, would give pieces that begin at ever other places of
the pattern, each with code of its own. So a cut goes where the nodes around look as they did at an earlier cut, if
there is such a place in the second half of a piece.
"""

from collections.abc import Hashable, Sequence

from chainrule.graph.node import Node

LONGEST = 64  # nodes in a piece
AROUND = 6  # nodes on each side by which two places are compared


def pieces(nodes: Sequence[Node]) -> list[Sequence[Node]]:
    """Cut nodes, in the order in which they are computed."""
    looks = _looks(nodes)
    seen: set[Hashable] = set()
    found, start = [], 0
    while len(nodes) - start > LONGEST:
        furthest = start + LONGEST
        around = {at: looks[at - AROUND : at + AROUND] for at in range(furthest, furthest - LONGEST // 2, -1)}
        stop = next((at for at, look in around.items() if look in seen), furthest)
        seen.add(around[stop])
        found.append(nodes[start:stop])
        start = stop
    return [*found, nodes[start:]]


def _looks(nodes: Sequence[Node]) -> tuple[Hashable, ...]:
    """Return for each node what it does, and how far before it its inputs stand."""
    place = {n: i for i, n in enumerate(nodes)}
    return tuple(
        (n.primitive.name, *(i - place[x] if x in place else 0 for x in n.inputs))
        for i, n in enumerate(nodes)
    )
