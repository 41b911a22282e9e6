"""A graph of arrays as one of single numbers, for one that is small."""

from collections.abc import Mapping, Sequence
from functools import reduce
from math import prod
from operator import add
from typing import Any

import numpy as np

from chainrule.errors import GraphError, ShapeError
from chainrule.explaining.loops import apart, numbers_of, objects
from chainrule.graph.closed import resolved
from chainrule.graph.evaluate import fit_value
from chainrule.graph.node import Node, as_node, input, leaf_key, of_array, record
from chainrule.graph.shapes import Extent, resolve, show
from chainrule.graph.walk import order, rebuild
from chainrule.transform.unroll import unroll

MOST_NUMBERS = 400  # of all arrays together


def scalars(ends: Sequence[Node], feed: Mapping[Node, Any]) -> tuple[list[Node], dict[Node, Any]]:
    """Return a graph in single numbers, all of each end one after another, and the values of its inputs.

    The numbers of what has a name have it too, with their place: Z1[0, 2].

    Raises:
        GraphError: If the numbers are too many to be drawn.
        ShapeError: If what is not written in numbers stands in it.
    """
    lengths: dict[Extent, int] = {}
    given = {x: fit_value(x, value, lengths) for x, value in feed.items()}
    became = _closed(ends, lengths)
    values = {leaf_key(became[x]): value for x, value in given.items() if x in became}
    nodes = unroll([became[n] for n in ends])
    every = sum(prod(n.shape) for n in order(nodes) if n.inputs and not n.primitive.unwritten)
    if every > MOST_NUMBERS:
        raise GraphError(
            f"In scalars this graph would have {every:,} boxes, and a drawing has up to {MOST_NUMBERS}. Give it fewer "
            "rows (X[:1]) or a smaller network, or take fold='operations'."
        )
    leaves: dict[Any, Any] = {}
    parts: dict[Node, Any] = {}  # arrays of nodes
    fed: dict[Node, Any] = {}
    for leaf in [n for n in order(nodes) if not n.inputs]:
        key = leaf_key(leaf)
        if key not in leaves:
            leaves[key] = numbers_of(leaf, values.get(key))
            if key in values:
                fed |= zip(leaves[key].flat, values[key].flat, strict=True)
        parts[leaf] = leaves[key]
    _write_out(nodes, parts)
    return [n for end in nodes for n in parts[end].flat], fed


def _closed(ends: Sequence[Node], lengths: Mapping[Extent, int]) -> dict[Node, Node]:
    """Return the graph with the lengths of its open axes, as far as they are known."""
    known: dict[Extent, Any] = {
        e: lengths.get(e, e) for n in order(ends) for e in n.shape if isinstance(e, Extent)
    }
    known |= lengths

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.primitive.name == "length" and node.attributes["extent"] in lengths:
            return of_array(np.asarray(lengths[node.attributes["extent"]], node.dtype))
        if not node.inputs:
            shape = resolve(node.shape, known)
            return Node(node.primitive, (), node.attributes, shape, node.dtype, node.name, node.meaning)
        return record(node.primitive, inputs, resolved(node.attributes, known), node.name, node.meaning)

    return rebuild(ends, visit)


def _write_out(ends: Sequence[Node], parts: dict[Node, Any]) -> None:
    """Put the numbers of each node into ``parts``, where those of the leaves are."""
    for node in order(ends, stop=parts):
        if node not in parts:
            found = _numbers(node, [parts[x] for x in node.inputs])
            parts[node] = _with_places(found, node.name) if node.name else found


def _numbers(node: Node, parts: Sequence[Any]) -> Any:
    """Return what a row makes of its inputs' numbers, number by number."""
    kept = bool(parts) and np.shape(parts[0]) == node.shape
    if kept and node.primitive.name == "divide" and all(_is_one(n) for n in parts[1].flat):
        return parts[0]  # of means of one row
    found = apart(node, parts)
    if found is not None:
        return found
    if node.primitive.name == "contract":
        return _products(node.attributes["spec"], *parts)
    if node.primitive.made_of is not None:
        return _made_of(node, parts)
    raise ShapeError(
        f"'{node.name or node.primitive.name}' is not written in single numbers, and what it takes has shape "
        f"{show(node.inputs[0].shape)}. Take fold='operations'."
    )


def _is_one(node: Node) -> bool:
    while node.primitive.unwritten and node.inputs:
        node = node.inputs[0]
    return node.primitive.name == "constant" and not node.name and bool((node.attributes["value"] == 1).all())


def _with_places(numbers: Any, name: str) -> Any:
    """Return numbers under the name of their array, and their place in it; axes of length 1 say nothing."""
    long = [axis for axis, length in enumerate(numbers.shape) if length > 1]
    found = [
        n.named(name + (f"[{', '.join(str(index[a]) for a in long)}]" if long else "")) if n.inputs else n
        for index, n in np.ndenumerate(numbers)
    ]
    return objects(numbers.shape, found)


def _made_of(node: Node, parts: Sequence[Any]) -> Any:
    """Return the numbers of a row that others are made of."""
    assert node.primitive.made_of is not None  # noqa: S101 -- asked by the caller
    symbols = [input(x.name, part.shape, x.dtype) for x, part in zip(node.inputs, parts, strict=True)]
    made = as_node(node.primitive.made_of(*symbols, **node.attributes))
    inner: dict[Node, Any] = dict(zip(symbols, parts, strict=True))
    inner |= {
        n: numbers_of(n, None) for n in order([made], stop=symbols) if not n.inputs and n not in symbols
    }
    _write_out([made], inner)
    return inner[made]


def _products(spec: str, left: Any, right: Any) -> Any:
    """Return the sums of products that a contraction is, number by number."""
    ends, _, out = spec.partition("->")
    first, _, second = ends.partition(",")
    lengths = dict(zip(first + second, (*left.shape, *right.shape), strict=True))
    inner = [letter for letter in lengths if letter not in out]
    found = []
    for index in np.ndindex(*[lengths[letter] for letter in out]):
        terms = []
        for sums in np.ndindex(*[lengths[letter] for letter in inner]):
            at = dict(zip([*out, *inner], [*index, *sums], strict=True))
            terms.append(left[tuple(at[k] for k in first)] * right[tuple(at[k] for k in second)])
        found.append(reduce(add, terms))
    return objects(tuple(lengths[letter] for letter in out), found)
