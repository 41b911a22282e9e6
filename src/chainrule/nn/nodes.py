"""A network of nodes that are drawn already: from input nodes through layers that were called to the output node.

It is drawn anew, of the same layers, in the network's dtype: whoever drew it need not have known that.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import GraphError, ShapeError
from chainrule.graph.closed import ClosedGraph, in_floats, is_given
from chainrule.graph.node import Node, input, leaf_key
from chainrule.graph.shapes import Extent, show
from chainrule.graph.walk import order
from chainrule.nn.architecture import BATCH, ONE_OUTPUT, OPEN, Architecture, finish
from chainrule.nn.layers.base import SEED, STEP, TRAINING
from chainrule.nn.saved import from_config, to_config

OURS = {leaf_key(n) for n in (TRAINING, SEED, STEP)}


def is_drawn(output: Any) -> bool:
    """Say whether something is a node, or several."""
    several = isinstance(output, list | tuple) and output
    return isinstance(output[0] if several else output, Node)


def of_nodes(output: Any, inputs: Any, input_shape: Any, dtype: str) -> Architecture:
    """Return the architecture that leads to a node.

    Args:
        output: What is predicted, of shape (batch, ...).
        inputs: The input nodes in the order that is wanted; None for that in which they are found.
        input_shape: None: it is that of these nodes.
        dtype: That of the network.

    Raises:
        GraphError: If something is no input node, or there is another beside those that are named.
        ShapeError: If examples are not counted by the first axis of each.
    """
    if isinstance(inputs, Mapping) or input_shape is not None:
        raise GraphError("The shapes of a network of nodes are those of its input nodes.")
    if not isinstance(output, Node):
        if len(output) > 1:
            raise GraphError(ONE_OUTPUT)
        (output,) = output
    leaves = [n for n in order([output]) if n.primitive.name == "input" and leaf_key(n) not in OURS]
    named = [inputs] if isinstance(inputs, Node) else leaves if inputs is None else list(inputs)
    for x in named:
        if not isinstance(x, Node) or x.primitive.name != "input":
            raise GraphError(f"inputs= are nodes that cr.input made; found {x}.")
    for x in (*named, output):
        if not x.shape or x.shape[0] != Extent(BATCH) or any(isinstance(e, Extent) for e in x.shape[2:]):
            raise ShapeError(
                f"The first axis of each input and of the output counts the examples, and no other is open but the "
                f"steps of a sequence, as in cr.input('x', ('{BATCH}', 28, 28, 1)) or cr.input('x', ('{BATCH}', "
                f"'{OPEN}', 3)); {x.name or 'the output'} has shape {show(x.shape)}."
            )
    if not named:
        raise GraphError("The output of a network is made of input nodes: x = cr.input('x', ('batch', 4)).")
    config = to_config(finish({x.name: x for x in named}, output), keep=True)
    return from_config(
        {**config, "dtype": dtype, "entries": [_in_dtype(e, dtype) for e in config["entries"]]}
    )


def _in_dtype(entry: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Return a row whose numbers are in a dtype of floats, as they would have been beside inputs of it."""
    attributes = dict(entry.get("attributes", {}))
    for name, value in attributes.items():
        array = isinstance(value, dict) and "array" in value
        if array and np.dtype(value["dtype"]).kind == "f":
            attributes[name] = {**value, "dtype": dtype}
        elif name == "dtype" and np.dtype(value).kind == "f":
            attributes[name] = dtype
        elif isinstance(value, ClosedGraph):
            attributes[name] = _body_in_dtype(value, np.dtype(dtype))
    return {**entry, "attributes": attributes} if attributes else entry


def _body_in_dtype(body: ClosedGraph, dtype: np.dtype) -> ClosedGraph:
    leaves: dict[Any, Node] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if not is_given(node):
            return in_floats(node, inputs, dtype, visit)
        own = dtype if node.dtype.kind == "f" else node.dtype
        return leaves.setdefault(leaf_key(node), input(node.name, node.shape, own))

    return body.map_nodes(visit)
