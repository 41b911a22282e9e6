"""Which nodes are numbers that are known."""

import numpy as np

from chainrule.graph.node import Node
from chainrule.graph.primitives.leaves import constant


def is_number(node: Node, value: float) -> bool:
    """Say whether ``node`` is a constant that is ``value`` everywhere; -0 is not 0."""
    if node.primitive is not constant:
        return False
    array = node.attributes["value"]
    if value == 0 and array.dtype.kind == "f" and np.signbit(array).any():
        return False  # x - 0 is x, and x - (-0) is 0 where x is -0
    if array.ndim == 0:
        return bool(array == value)
    return array.size > 0 and bool((array == value).all())


def is_scalar(node: Node) -> bool:
    """Say whether ``node`` is one constant number, with a fraction or without."""
    return node.primitive is constant and node.shape == () and node.dtype.kind == "f"


def is_one(node: Node) -> bool:
    """Say whether ``node`` is the number 1."""
    return node.shape == () and is_number(node, 1)
