"""What a step back reads of the step forward: what of it is stored, and what is made again.

The rule: what the step began with is stored, and so is what takes a product, a reduction or a transcendental function
to make. All else is made again of that, unless this needs more to be stored than it has itself. What the loop is given
is there anyway.
"""

import math
from collections.abc import Collection, Iterable

from chainrule.graph.closed import bodies
from chainrule.graph.node import Node
from chainrule.graph.primitives.primitive import SERIES
from chainrule.graph.shapes import Extent

OPEN = 32  # how long an open axis is taken to be


def stored(reads: Iterable[Node], carried: Collection[Node], stepwise: Collection[Node]) -> list[Node]:
    """Return what is to be stored so that all that is read can be had.

    Args:
        reads: What is read, in order.
        carried: The leaves of what is carried.
        stepwise: All that differs from step to step; what does not is never stored.

    >>> import numpy as np
    >>> from chainrule.graph.node import input
    >>> from chainrule.graph.walk import order
    >>> h, x = input("h", (4,)), input("x", (4,))
    >>> y = np.tanh(h + x)
    >>> reads = [1 - y * y, h > 0, 2 * x]
    >>> [str(n) for n in stored(reads, [h], order([h, x, *reads]))]
    ['tanh(h + x)', 'h > 0']
    """
    reads = [n for n in reads if n in stepwise]
    costly = {n for n in stepwise if n in carried or is_costly(n)}
    found = dict.fromkeys(n for n in reads if n in costly)
    for n in reads:
        if n not in found:
            more = _made_of(n, costly, found.keys())
            found.update(dict.fromkeys(more if _bytes(more) <= _bytes([n]) else [n]))
    return list(found)


def _made_of(node: Node, costly: Collection[Node], known: Collection[Node]) -> list[Node]:
    """Return what has to be stored beside what is known, that a node can be made again."""
    found: dict[Node, None] = {}
    seen = {node}
    stack = [node]
    while stack:
        n = stack.pop()
        if n in costly:
            found[n] = None
            continue
        more = [x for x in n.inputs if x not in seen and x not in known]
        seen.update(more)
        stack.extend(more)
    return list(found)


def is_costly(node: Node) -> bool:
    """Say whether it takes a product, a reduction, a transcendental function or a loop to make a node."""
    row = node.primitive
    if not node.inputs:
        return False
    cheap = row.moves or (row.mixes == "" and row.work(node.attributes) < SERIES)
    return bool(bodies(node)) or not cheap


def _bytes(nodes: Iterable[Node]) -> int:
    return sum(
        n.dtype.itemsize * math.prod(OPEN if isinstance(e, Extent) else e for e in n.shape) for n in nodes
    )
