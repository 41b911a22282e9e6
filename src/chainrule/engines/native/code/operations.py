"""The native engine's column of the table: each row that has code of its own, and that code.

An elementwise row makes its value at some points of those of its inputs there; a task is written as a whole.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.engines.native.code import mathematics
from chainrule.engines.native.code.ir import Code, Value
from chainrule.engines.native.code.random import write_random
from chainrule.engines.native.code.step import Step
from chainrule.engines.native.code.tasks import (
    write_argmax,
    write_joined,
    write_padded,
    write_product,
    write_scattered,
)  # fmt: skip
from chainrule.engines.native.code.types import Type, type_of
from chainrule.graph.node import Node

Write = Callable[..., Value]
MIXED = {"cast", "where"}  # their inputs are not brought to a dtype that they share


def write_operation(code: Code, node: Node, inputs: Sequence[Value]) -> Value:
    """Return the value of an elementwise node. Inputs may be of any kind; scalars are spread over the lanes."""
    lanes = max((x.type.lanes for x in inputs), default=0)
    inputs = [code.splat(x, lanes) for x in inputs]
    name = node.primitive.name
    if name not in MIXED:
        common = type_of(np.result_type(*(n.dtype for n in node.inputs), *_extra(node)), lanes)
        inputs = [code.convert(x, common.kind) for x in inputs]
    out = type_of(node.dtype, lanes)
    return code.convert(OPERATIONS[name](code, out, *inputs, **node.attributes), out.kind)


def _extra(node: Node) -> list[np.dtype]:
    # A float function of whole numbers is computed in the dtype of its result.
    return [node.dtype] if node.dtype.kind == "f" else []


def _binary(what: str) -> Write:
    def write(code: Code, out: Type, a: Value, b: Value) -> Value:
        if a.type.kind == "b1":
            return a | b if what == "add" else a & b
        return code.arithmetic(what, a, b)

    return write


def _compare(what: str) -> Write:
    return lambda code, out, a, b: code.compare(what, a, b)


def _unary(function: Callable[[Code, Value], Value]) -> Write:
    return lambda code, out, x: function(code, x)


def _raised(code: Code, out: Type, x: Value, exponent: Any) -> Value:
    """Raise to a fixed power: by squaring where it is a small whole number, else as the C library does."""
    if exponent == 0.5:
        return code.sqrt(x)
    if exponent in range(-3, 4):
        n, result = abs(int(exponent)), None
        for _ in range(n):
            result = x if result is None else result * x
        if result is None:
            return code.constant(1, x.type)
        return 1 / result if exponent < 0 else result
    return code.intrinsic("pow", x, code.constant(exponent, x.type))


def _absolute(code: Code, out: Type, x: Value) -> Value:
    if x.type.is_float:
        return code.absolute(x)
    return code.maximum(x, -x) if x.type.is_signed else x


def _sign(code: Code, out: Type, x: Value) -> Value:
    one = code.constant(1, x.type)
    zero = code.constant(0, x.type)
    above = code.select(
        x > 0, one, code.select(x < 0, -one, zero) if not x.type.kind.startswith("u") else zero
    )
    return code.select(x.differs(x), x, above) if x.type.is_float else above


def _extreme(larger: bool) -> Write:
    def write(code: Code, out: Type, a: Value, b: Value, tie: float) -> Value:
        if a.type.kind == "b1":
            return a | b if larger else a & b
        return code.maximum(a, b) if larger else code.minimum(a, b)

    return write


def _clip(code: Code, out: Type, x: Value, low: float | None, high: float | None) -> Value:
    if not x.type.is_float:  # a bound that its type does not hold bounds nothing
        least, most = (-1, 1) if x.type.is_signed else (0, 2)
        half = 2 ** (x.type.bits - 1)
        low = None if low is not None and low <= least * half else low
        high = None if high is not None and high >= most * half - 1 else high
    if low is not None:
        x = code.maximum(x, code.constant(_within(low, x.type), x.type))
    return x if high is None else code.minimum(x, code.constant(_within(high, x.type), x.type))


def _within(bound: float, type: Type) -> float:
    """Return a bound as a number that the type has: whole numbers are clipped to their own ends at most."""
    if type.is_float or type.kind == "b1":
        return bound
    half = 1 << (type.bits - 1)
    ends = (-half, half - 1) if type.is_signed else (0, 2 * half - 1)
    return min(max(bound, ends[0]), ends[1])


def _where(code: Code, out: Type, c: Value, a: Value, b: Value) -> Value:
    return code.select(code.convert(c, "b1"), code.convert(a, out.kind), code.convert(b, out.kind))


def _weigh(code: Code, out: Type, w: Value, x: Value) -> Value:
    one = code.constant(1, x.type)
    within = code.select(x > one, one, x)
    within = code.select(within < -one, -one, within)  # NaN stays NaN
    return w * code.select(w.equals(0), within, x)


def _relu(code: Code, out: Type, x: Value) -> Value:
    # NaN stays NaN: it is not below 0.
    return code.select(x < 0, code.constant(0, x.type), x)


def _logical(what: str) -> Write:
    return lambda code, out, a, b: code.bitwise(what, code.convert(a, "b1"), code.convert(b, "b1"))


OPERATIONS: dict[str, Write] = {
    "add": _binary("add"),
    "subtract": _binary("sub"),
    "multiply": _binary("mul"),
    "weigh": _weigh,
    "divide": _binary("div"),
    "negative": lambda code, out, x: -x,
    "raised": _raised,
    "power": lambda code, out, x, p: code.intrinsic("pow", x, p),
    "exp": _unary(mathematics.exp),
    "expm1": _unary(mathematics.expm1),
    "log": _unary(mathematics.log),
    "log1p": _unary(mathematics.log1p),
    "sqrt": lambda code, out, x: code.sqrt(x),
    "sin": _unary(mathematics.sin),
    "cos": _unary(mathematics.cos),
    "tanh": _unary(mathematics.tanh),
    "arctan": _unary(mathematics.arctan),
    "fmod": lambda code, out, a, b: code.arithmetic("rem", a, b),
    "sigmoid": _unary(mathematics.sigmoid),
    "relu": _relu,
    "abs": _absolute,
    "sign": _sign,
    "floor": lambda code, out, x: code.floor(x),
    "maximum": _extreme(larger=True),
    "minimum": _extreme(larger=False),
    "clip": _clip,
    "where": _where,
    "step": lambda code, out, x: code.convert(x >= 0, out.kind),
    "greater": _compare("gt"),
    "greater_equal": _compare("ge"),
    "less": _compare("lt"),
    "less_equal": _compare("le"),
    "equal": _compare("eq"),
    "not_equal": _compare("ne"),
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "logical_not": lambda code, out, x: ~code.convert(x, "b1"),
    "copy": lambda code, out, x: x,
    "cast": lambda code, out, x, dtype: code.convert(x, out.kind),
}

TASKS: dict[str, Callable[[Step, Node], None]] = {
    "contract": write_product,
    "random_uniform": write_random,
    "argmax": write_argmax,
    "concatenate": write_joined,
    "pad": write_padded,
    "scatter_add": write_scattered,
}

# All rows that need not be written in others: beside these, what nests compute, what is read in place, and leaves.
CODED = {
    "sum",
    "max",
    "gather",
    "reshape",
    "transpose",
    "broadcast_to",
    "slice",
    "variable",
    "input",
    "constant",
    "length",
}
CODED |= TASKS.keys() | OPERATIONS.keys() - {"copy"}  # a copy is fusion's own; a user may call a primitive so
