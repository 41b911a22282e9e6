"""Sums and maxima: what they begin with, how two values join, and how the lanes of a vector become one number.

Floats are added by halves: the upper half of the lanes to the lower, until one is left. This order, and no other, is
written out here, so that the sum has the same bits whatever machine computes it.
"""

import numpy as np

from chainrule.engines.native.code.ir import Code, Value
from chainrule.engines.native.code.types import Type
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
    if type.is_float:
        return _largest(code, x) if node.primitive.name == "max" else _by_halves(code, x)
    what = "or" if type.kind == "b1" else f"{sign}max" if node.primitive.name == "max" else "add"
    return code.intrinsic(f"vector.reduce.{what}", x, type=type.element)


def _largest(code: Code, x: Value) -> Value:
    """Return the largest float; NaN if one is.

    Read as whole numbers floats are in order, negative ones in the opposite one; and whole numbers are compared in a
    fraction of the time, for none is a NaN.
    """
    whole = x.type.of(f"i{x.type.bits}")

    def exchanged(bits: Value) -> Value:
        below = bits >> (bits.type.bits - 1)  # all bits, or none
        return bits ^ (below & ((1 << bits.type.bits - 1) - 1))

    largest = code.intrinsic("vector.reduce.smax", exchanged(code.bitcast(x, whole)), type=whole.element)
    wrong = code.intrinsic("vector.reduce.or", x.differs(x), type=Type("b1"))
    found = code.bitcast(exchanged(largest), x.type.element)
    return code.select(wrong, code.constant(np.nan, found.type), found)


def _by_halves(code: Code, x: Value) -> Value:
    lanes = x.type.lanes
    if lanes == 1:
        return code.lane(x, 0)
    half = 1 << (lanes - 1).bit_length() - 1
    nothing = code.constant(-0.0, x.type) if lanes < 2 * half else None  # added, it changes no number
    upper = [min(i, lanes) for i in range(half, 2 * half)]
    return _by_halves(code, code.shuffle(x, range(half)) + code.shuffle(x, upper, nothing))
