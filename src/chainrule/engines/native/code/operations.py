"""The native engine's column of the table: each row that has code of its own, and that code.

An elementwise row makes its value at some points of those of its inputs there; a task is written as a whole.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from chainrule.engines.native.code import mathematics, tasks
from chainrule.engines.native.code.ir import Code, Value
from chainrule.engines.native.code.laying import write_laid
from chainrule.engines.native.code.random import write_random
from chainrule.engines.native.code.types import type_of
from chainrule.graph.node import Node

Write = Callable[..., Value]


def write_operation(code: Code, node: Node, inputs: Sequence[Value]) -> Value:
    """Return the value of an elementwise node. Inputs may be of any kind; scalars are spread over the lanes."""
    lanes = max((x.type.lanes for x in inputs), default=0)
    inputs = [code.splat(x, lanes) for x in inputs]
    name, out = node.primitive.name, type_of(node.dtype, lanes)
    if name == "where":
        inputs = [code.convert(x, kind) for x, kind in zip(inputs, ("b1", out.kind, out.kind), strict=True)]
    elif (
        name != "cast"
    ):  # numbers of one kind; a float function of whole numbers computes in that of its result
        result = [node.dtype] if node.dtype.kind == "f" else []
        common = type_of(np.result_type(*(n.dtype for n in node.inputs), *result), lanes)
        inputs = [code.convert(x, common.kind) for x in inputs]
    return code.convert(OPERATIONS[name](code, *inputs, **node.attributes), out.kind)


def _logical(what: str) -> Write:
    return lambda code, a, b: code.bitwise(what, code.convert(a, "b1"), code.convert(b, "b1"))


def _raised(code: Code, x: Value, exponent: Any) -> Value:
    """Raise to a fixed power: by squaring where it is a small whole number, else as the C library does."""
    if exponent == 0.5:
        return code.sqrt(x)
    if exponent in range(-3, 4):
        power = reduce(mul, [x] * abs(int(exponent))) if exponent else code.constant(1, x.type)
        return 1 / power if exponent < 0 else power
    return code.intrinsic("pow", x, code.constant(exponent, x.type))


def _sign(code: Code, x: Value) -> Value:
    one, zero = code.constant(1, x.type), code.constant(0, x.type)
    above = x > 0
    below = zero if x.type.kind.startswith("u") else code.select(x < 0, -one, zero)
    found = code.select(above, one, below)
    return code.select(x.differs(x), x, found) if x.type.is_float else found


def _clip(code: Code, x: Value, low: float | None, high: float | None) -> Value:
    if not x.type.is_float:  # a bound that its type does not hold bounds nothing, or all
        half = 1 << (x.type.bits - 1)
        first, last = (-half, half - 1) if x.type.is_signed else (0, 2 * half - 1)
        low = None if low is None or low <= first else min(low, last)
        high = None if high is None or high >= last else max(high, first)
    if low is not None:
        x = code.maximum(x, code.constant(low, x.type))
    return x if high is None else code.minimum(x, code.constant(high, x.type))


def _weigh(code: Code, w: Value, x: Value) -> Value:
    one = code.constant(1, x.type)
    within = code.select(x > one, one, x)
    within = code.select(within < -one, -one, within)  # NaN stays NaN
    return w * code.select(w.equals(0), within, x)


def _relu(code: Code, x: Value) -> Value:
    # NaN stays NaN: it is not below 0.
    return code.select(x < 0, code.constant(0, x.type), x)


OPERATIONS: dict[str, Write] = {
    "add": lambda code, a, b: a + b,
    "subtract": lambda code, a, b: a - b,
    "multiply": lambda code, a, b: a * b,
    "weigh": _weigh,
    "divide": lambda code, a, b: a / b,
    "negative": lambda code, x: -x,
    "raised": _raised,
    "power": lambda code, x, p: code.intrinsic("pow", x, p),
    "exp": mathematics.exp,
    "expm1": mathematics.expm1,
    "log": mathematics.log,
    "log1p": mathematics.log1p,
    "sqrt": Code.sqrt,
    "sin": mathematics.sin,
    "cos": mathematics.cos,
    "tanh": mathematics.tanh,
    "arctan": mathematics.arctan,
    "fmod": lambda code, a, b: a % b,
    "sigmoid": mathematics.sigmoid,
    "softplus": mathematics.softplus,
    "relu": _relu,
    "abs": Code.absolute,
    "sign": _sign,
    "floor": Code.floor,
    "maximum": lambda code, a, b, tie: code.maximum(a, b),
    "minimum": lambda code, a, b, tie: code.minimum(a, b),
    "clip": _clip,
    "where": Code.select,
    "step": lambda code, x: x >= 0,
    "greater": lambda code, a, b: a > b,
    "greater_equal": lambda code, a, b: a >= b,
    "less": lambda code, a, b: a < b,
    "less_equal": lambda code, a, b: a <= b,
    "equal": lambda code, a, b: a.equals(b),
    "not_equal": lambda code, a, b: a.differs(b),
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "logical_not": lambda code, x: ~code.convert(x, "b1"),
    "copy": lambda code, x: x,
    "cast": lambda code, x, dtype: x,  # what it is converted to is its dtype
}

TASKS: dict[str, Callable[..., None]] = {
    "contract": tasks.write_product,
    "turn": tasks.write_turned,
    "random_uniform": write_random,
    "argmax": tasks.write_argmax,
    "concatenate": write_laid,
    "pad": write_laid,
    "pad_with": write_laid,
    "laid": write_laid,
    "scatter_add": tasks.write_scattered,
    "add_along": tasks.write_added,
}

# All rows that need not be written in others: beside these, what nests compute, what is read in place, and leaves.
CODED = {"sum", "max", "gather", "take_along", "reshape", "transpose", "broadcast_to", "slice", "windows"}
CODED |= {"scan", "variable", "input", "constant", "length"}
CODED |= (TASKS.keys() | OPERATIONS.keys()) - {
    "copy",
    "turn",
    "laid",
}  # the plan's own; a user may call a primitive so
