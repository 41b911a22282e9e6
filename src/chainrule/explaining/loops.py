"""Loops in an explanation: a short one is written out, step after step, and told number by number.

What it reads along the steps is an array and what it emits is one; each number of them is a node of its own then.
"""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from chainrule.errors import GraphError, ShapeError
from chainrule.graph.closed import bodies
from chainrule.graph.evaluate import fit_value
from chainrule.graph.node import Node, as_node, input, leaf_key, of_array, record, variable, with_inputs
from chainrule.graph.primitives.loops import scan
from chainrule.graph.shapes import Extent, show
from chainrule.graph.walk import order
from chainrule.transform.unroll import unroll

MOST_STEPS = 10  # of a loop that is told; who would read more?

Told = tuple[Node, Any, dict[Node, Any]]


def written_out(J: Node, wrt: Any, feed: Mapping[Node, Any]) -> Told:
    """Return what is to be explained, by what, and given which values, with all loops written out.

    Where everything can be told number by number, it is: of what is read along the steps each number is a node.

    Raises:
        GraphError: If a loop has more steps than an explanation tells.
        ShapeError: If J is an array.
    """
    nodes = order([J])
    loops = [n for n in nodes if n.primitive is scan]
    if not loops:
        return J, wrt, dict(feed)
    if J.shape:
        raise ShapeError(f"explain takes one number, J; found an array of shape {show(J.shape)}.")
    lengths: dict[Extent, int] = {}
    given = {x: fit_value(x, value, lengths) for x, value in feed.items()}
    steps = [lengths.get(n, n) if isinstance(n, Extent) else n for n in _lengths(nodes)]
    known = [n for n in steps if not isinstance(n, Extent)]
    if max(known, default=0) > MOST_STEPS:
        raise GraphError(
            f"A loop of {max(known)} steps is in this graph, and an explanation tells up to {MOST_STEPS}, one after "
            "another. Explain a shorter sequence: the step is the same."
        )
    asked = [] if wrt is None else [wrt] if isinstance(wrt, Node) else list(wrt)
    ends = unroll([J, *asked], max(known, default=0))
    single = _single(ends, given)
    if single is not None:
        (J, *asked), feed = single
    else:
        J, *asked = ends
    return J, None if wrt is None else asked, dict(feed)


def _lengths(nodes: Sequence[Node]) -> list[int | Extent]:
    """Return how many steps each loop has, those in bodies too."""
    own = [n.attributes["length"] for n in nodes if n.primitive is scan]
    return own + [k for n in nodes for body in bodies(n) for k in _lengths(body.nodes)]


def _single(ends: Sequence[Node], given: Mapping[Node, Any]) -> tuple[list[Node], dict[Node, Any]] | None:
    """Return the same graph in single numbers, all of each end one after another, and the values of its inputs.

    None where a step is of arrays, which are told as such.
    """
    if any(_of_arrays(n) for n in order(ends)):  # seen before each number of a large array is a node
        return None
    values = {leaf_key(x): value for x, value in given.items()}
    parts: dict[Node, Any] = {}  # arrays of nodes
    leaves: dict[Any, Any] = {}
    feed: dict[Node, Any] = {}
    for node in order(ends):
        if not node.inputs:
            key = leaf_key(node)
            if key not in leaves:
                leaves[key] = numbers_of(node, values.get(key))
                if key in values:
                    feed |= zip(leaves[key].flat, values[key].flat, strict=True)
            parts[node] = leaves[key]
        else:
            found = apart(node, [parts[x] for x in node.inputs])
            if found is None:
                return None
            parts[node] = found
    return [n for end in ends for n in parts[end].flat], feed


def _of_arrays(node: Node) -> bool:
    """Say whether a row computes arrays in a way that is not told number by number."""
    row, arrays = node.primitive, bool(node.shape) or any(x.shape for x in node.inputs)
    moves = row.moves and all(x.dtype == node.dtype for x in node.inputs)
    single = row.elementwise or row.unwritten or moves or row.reduces == "add"
    return bool(node.inputs) and arrays and not single


def numbers_of(leaf: Node, value: Any) -> Any:
    """Return a leaf for each number of a leaf, in an array of its shape."""
    if not leaf.shape:
        return objects((), [leaf])
    known = leaf.attributes.get("value")
    cell = leaf.attributes.get("cell")
    array = known if known is not None else cell.value if cell is not None else value
    found = []
    for index, number in np.ndenumerate(array):
        name = f"{leaf.name or leaf.primitive.name}[{', '.join(map(str, index))}]"
        if known is not None:
            found.append(of_array(number))
        else:
            found.append(variable(number, name) if cell is not None else input(name, (), leaf.dtype))
    return objects(np.shape(array), found)


def apart(node: Node, parts: Sequence[Any]) -> Any:
    """Return what a row makes of its inputs' numbers, number by number; None where it is a row of arrays."""
    row, attributes = node.primitive, node.attributes
    if not node.shape and all(x.shape == () for x in node.inputs):
        return objects((), [with_inputs(node, tuple([part[()] for part in parts]))])
    if row.elementwise or row.unwritten:
        every = np.broadcast_arrays(*parts)  # as long as they are: node.shape may be open
        pairs = zip(*[part.flat for part in every], strict=True)
        return objects(every[0].shape, [record(row, numbers, attributes) for numbers in pairs])
    if row.moves and all(x.dtype == node.dtype for x in node.inputs):
        moved = row.forward(*parts, **attributes)
        found = list(moved.flat) if isinstance(moved, np.ndarray) else [moved]
        return objects(np.shape(moved), [as_node(x, [node.dtype]) for x in found])
    if row.reduces == "add":
        axes = attributes["axes"]
        kept = np.moveaxis(parts[0], axes, range(len(axes)))
        kept = kept.reshape(-1, *kept.shape[len(axes) :])
        sums = [reduce(add, column) for column in kept.reshape(len(kept), -1).T] if len(kept) else []
        return objects(node.shape, sums or [as_node(0, [node.dtype])] * math.prod(node.shape))
    return None


def objects(shape: Any, nodes: Sequence[Node]) -> Any:
    """Return nodes in an array."""
    array = np.empty(len(nodes), object)
    for i, node in enumerate(nodes):  # NumPy would look into a node
        array[i] = node
    return array.reshape(shape)
