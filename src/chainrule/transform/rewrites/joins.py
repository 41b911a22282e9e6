"""Sums of parts that lie apart: what stands side by side in zeros is joined, and no zeros are added."""

from functools import reduce
from itertools import pairwise

from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.primitives.arithmetic import plus
from chainrule.graph.primitives.indexing import pad
from chainrule.graph.primitives.linear import concatenate
from chainrule.transform.rewrites.rewrite import Move, only

MOST_TERMS = 64  # are looked at together


def _side_by_side(node: Node, _: Node) -> Node | None:
    """The gradient of an array of which each slice went its own way is those of the slices, joined."""
    if pad not in (x.primitive for x in node.inputs):
        return None
    terms = _terms(node)
    for axis, extent in enumerate(node.shape):
        parts = [(run, x) for x in terms if (run := _run(x, axis)) is not None and x.shape == node.shape]
        if len(parts) < 2 or not isinstance(extent, int):
            continue
        parts.sort(key=lambda part: part[0])
        if any(stop != start for ((_, stop), _), ((start, _), _) in pairwise(parts)):
            continue
        joined = concatenate(*(part for _, x in parts for part in _parts(x.inputs[0], axis)), axis=axis)
        first, last = parts[0][0][0], parts[-1][0][1]
        if (first, last) != (0, extent):
            index = (*[shapes.FULL] * axis, (first, last, 1), *[shapes.FULL] * (node.ndim - axis - 1))
            joined = pad(joined, index=index, shape=node.shape)
        found = {x for _, x in parts}
        rest = [x for x in terms if x not in found]
        return reduce(plus, [*rest, joined])
    return None


def _parts(x: Node, axis: int) -> tuple[Node, ...]:
    return x.inputs if x.primitive is concatenate and x.attributes["axis"] == axis else (x,)


def _terms(node: Node) -> list[Node]:
    """Return what is added up to a node, the first first."""
    found: list[Node] = []
    stack = [node]
    while stack and len(found) + len(stack) <= MOST_TERMS:
        x = stack.pop()
        if x.primitive is plus and x.dtype == node.dtype:
            stack += x.inputs[::-1]
        else:
            found.append(x)
    return found + stack[::-1]


def _run(x: Node, axis: int) -> tuple[int, int] | None:
    """Return from where to where an array stands along an axis among zeros; None if it does not."""
    if x.primitive is not pad or x.inputs[0].ndim != x.ndim:
        return None
    index = x.attributes["index"]
    others = all(at == shapes.FULL for a, at in enumerate(index) if a != axis)
    at = index[axis]
    if not others or not isinstance(at, tuple) or at == shapes.FULL or at[2] != 1:
        return None
    start, stop = at[0] or 0, x.shape[axis] if at[1] is None else at[1]
    return (start, stop) if 0 <= start <= stop else None


JOINS = [Move("sum of parts in zeros", "side by side they are joined", _side_by_side, only(plus))]
