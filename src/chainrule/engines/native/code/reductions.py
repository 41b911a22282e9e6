"""Sums and maxima: what they begin with, how two values join, and how the lanes of a vector become one number.

Floats are added by halves: the upper half of the lanes to the lower, until one is left. This order, and no other, is
written out here, so that the sum has the same bits whatever machine computes it.
"""

import numpy as np

from chainrule.engines.native.code.ir import Code, Value
from chainrule.graph.node import Node


def identity(node: Node) -> float:
    """Return what a sum or a maximum of nothing is."""
    if node.primitive.name == "sum":
        return 0
    if node.dtype.kind == "f":
        return -np.inf
    return 0 if node.dtype.kind in "bu" else int(np.iinfo(node.dtype).min)


def joined(code: Code, node: Node, a: Value, b: Value) -> Value:
    """Return the sum, or the larger, of two values of a reduction."""
    return code.maximum(a, b) if node.primitive.name == "max" else a + b


def across(code: Code, node: Node, x: Value) -> Value:
    """Reduce a vector to a scalar."""
    type, sign = x.type, "s" if x.type.is_signed else "u"
    if not type.lanes:
        return x
    if type.kind == "b1":
        what = "or"
    elif node.primitive.name == "max":
        what = "fmaximum" if type.is_float else f"{sign}max"
    elif type.is_float:
        return _by_halves(code, x)
    else:
        what = "add"
    return code.intrinsic(f"vector.reduce.{what}", x, type=type.element)


def _by_halves(code: Code, x: Value) -> Value:
    lanes = x.type.lanes
    if lanes == 1:
        return code.lane(x, 0)
    half = 1 << (lanes - 1).bit_length() - 1
    nothing = code.constant(-0.0, x.type) if lanes < 2 * half else None  # added, it changes no number
    upper = [min(i, lanes) for i in range(half, 2 * half)]
    return _by_halves(code, code.shuffle(x, range(half)) + code.shuffle(x, upper, nothing))
