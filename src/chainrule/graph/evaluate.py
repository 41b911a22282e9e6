"""What a graph means: the table read as NumPy, every intermediate kept. The engines are judged by this."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.errors import GraphError, ShapeError
from chainrule.graph.shapes import Extent, matches, resolve, show
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import order

Arrays = list[np.ndarray]


def leaf_key(node: Any) -> Any:
    """Return what a node is known by: a variable by its cell, an input by its symbol, others themselves."""
    if node.inputs:
        return node
    return node.attributes.get("cell") or node.attributes.get("symbol") or node


def evaluate(outputs: Iterable[Any], feed: Mapping[Any, Any] | None = None) -> dict[Any, np.ndarray]:
    """Return the value of every node that ``outputs`` depend on, given the values of the inputs in ``feed``.

    Any node may be fed, not inputs alone: what it was computed from is then not looked at.
    """
    given = dict(feed or {})
    lengths: dict[Extent, int] = {}
    values = {node: fit_value(node, value, lengths) for node, value in given.items()}
    # Copies of a leaf (under another name, or from a pickle) are the same leaf.
    leaves = {leaf_key(node): value for node, value in values.items() if not node.inputs}
    with np.errstate(all="ignore"):
        nodes = order(outputs, stop=given)
        families = siblings(nodes)
        for node in nodes:
            if node in values:
                continue
            if leaf_key(node) in leaves:
                values[node] = leaves[leaf_key(node)]
            elif node.primitive.name == "variable":
                values[node] = node.attributes["cell"].value
            elif node.primitive.name == "input":
                raise GraphError(
                    f"The input '{node.name}' {show(node.shape)} has no value. "
                    "Give it one: cr.trace(outputs, {x: value})[outputs], or cr.compile(outputs, inputs=[x])."
                )
            else:
                attributes = {k: resolve(v, lengths) for k, v in node.attributes.items()}
                inputs = [values[x] for x in node.inputs]
                for one, value in zip(*_computed(node, families, inputs, attributes), strict=True):
                    values.setdefault(one, np.asarray(value))
    return values


def _computed(
    node: Any, families: Mapping[Any, list[Any]], inputs: Arrays, attributes: dict[str, Any]
) -> tuple[list[Any], Iterable[Any]]:
    """Return what is computed together with a node, and the values."""
    if node not in families:
        return [node], [node.primitive.forward(*inputs, **attributes)]
    del attributes["take"]
    takes = tuple([n.attributes["take"] for n in families[node]])
    return families[node], node.primitive.results(*inputs, takes=takes, **attributes)


def each_step(
    inputs: Arrays, body: Any, carried: int, length: int, reverse: bool
) -> Iterator[tuple[int, dict[Any, np.ndarray]]]:
    """Go through a loop: yield each step, in the order in which they are done, and the value of every node there.

    >>> from chainrule.graph.loops import scan
    >>> from chainrule.graph.node import variable
    >>> last, _ = scan(lambda h, x: (h * x, None), 1.0, variable([2.0, 3.0]))
    >>> at = {k: v for k, v in last.attributes.items() if k != "take"}
    >>> [(t, *map(float, values.values())) for t, values in each_step([x.value for x in last.inputs], **at)]
    [(0, 1.0, 2.0, 2.0), (1, 2.0, 3.0, 6.0)]
    """
    count = len(body.inputs)
    carry, xs, shared = list(inputs[:carried]), inputs[carried:count], inputs[count:]
    for t in reversed(range(length)) if reverse else range(length):
        given = [*carry, *[x[t] for x in xs], *shared]
        values = evaluate(body.outputs, dict(zip(body.given, given, strict=True)))
        yield t, values
        carry = [values[n] for n in body.outputs[:carried]]


def fit_value(node: Any, value: Any, lengths: dict[Extent, int]) -> np.ndarray:
    """Return ``value`` as an array of the node's dtype, checked against its shape; note open lengths."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(f"The value given for '{node.name}' has rows of different lengths.") from None
    if array.dtype.kind not in "biuf":
        raise GraphError(
            f"The value given for '{node.name}' holds {array.dtype} and not numbers. Convert it first."
        )
    if node.dtype.kind in "iu" and array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
        raise GraphError(
            f"'{node.name}' takes whole numbers ({node.dtype}); the value given holds fractions."
        )
    if not matches(node.shape, array.shape, lengths):
        known = ", ".join(f"{k} = {v}" for k, v in lengths.items())
        raise ShapeError(
            f"The value given for '{node.name or node.primitive.name}' has shape {show(array.shape)}; "
            f"expected {show(node.shape)}{f' with {known}' if known else ''}."
        )
    return array.astype(node.dtype, copy=False)
