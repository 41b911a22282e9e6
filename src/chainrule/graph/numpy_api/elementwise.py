"""NumPy's elementwise functions on nodes: those that are no row of the table by themselves."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import UnsupportedError
from chainrule.graph.node import Node, apply, as_node, cast
from chainrule.graph.numpy_api.operands import floats, weak
from chainrule.graph.ranges import range_of

LOG_2 = np.log(2.0).item()


def _extreme(name: str) -> Callable[[Any, Any], Node]:
    def build(a: Any, b: Any) -> Node:
        a, b = weak(a, b)
        fixed = [x.primitive.name == "constant" for x in (a, b)]
        if name == "maximum" and fixed != [True, True]:
            for zero, other in ((a, b), (b, a)):
                if (
                    other.dtype.kind == "f"
                    and zero.primitive.name == "constant"
                    and zero.shape == ()
                    and zero.attributes["value"] == 0
                ):
                    return apply("relu", other)
        return apply(name, a, b, tie=0.0 if any(fixed) else 0.5)

    return build


def _hypot(a: Any, b: Any) -> Node:
    a, b = (floats(x) for x in weak(a, b))
    return sqrt(a * a + b * b)


def _heaviside(x: Any, at_zero: Any) -> Node:
    if not isinstance(at_zero, int | float) or at_zero != 1:
        raise UnsupportedError("np.heaviside of a node needs its value at 0 to be 1: np.heaviside(x, 1).")
    return apply("step", x)


def _of_truths(symbol: str, name: str) -> Callable[..., Node]:
    """Build what NumPy computes bit by bit; of truth values the bit is all there is."""

    def build(*operands: Any) -> Node:
        nodes = [as_node(np.bool_(x) if isinstance(x, bool) else x) for x in operands]
        other = next((n.dtype for n in nodes if n.dtype != bool), None)
        if other is not None:
            raise UnsupportedError(
                f"'{symbol}' joins truth values, and one of these holds {other}: nodes have no arithmetic of bits. "
                f"Compare first, as in (x > 0) & (y > 0), or say np.{name}, for which all but 0 is true."
            )
        return apply(name, *nodes)

    return build


FORMULAS: dict[np.ufunc, Callable[..., Any]] = {
    np.bitwise_and: _of_truths("&", "logical_and"),
    np.bitwise_or: _of_truths("|", "logical_or"),
    np.invert: _of_truths("~", "logical_not"),
    np.isnan: lambda x: np.not_equal(x, x),
    np.isinf: lambda x: np.equal(np.abs(floats(x)), np.inf),
    np.isfinite: lambda x: np.less(np.abs(floats(x)), np.inf),
    np.logical_xor: lambda a, b: np.not_equal(cast(a, bool), cast(b, bool)),
    np.fmax: lambda a, b: np.where(np.isnan(a), b, np.where(np.isnan(b), a, np.maximum(a, b))),
    np.fmin: lambda a, b: np.where(np.isnan(a), b, np.where(np.isnan(b), a, np.minimum(a, b))),
    np.divmod: lambda a, b: (floor_divide(a, b), remainder(a, b)),
    np.deg2rad: lambda x: floats(x) * (math.pi / 180),
    np.rad2deg: lambda x: floats(x) * (180 / math.pi),
    np.square: lambda x: power(x, 2),
    np.reciprocal: lambda x: 1 / as_node(x),
    np.positive: as_node,
    np.hypot: _hypot,
    np.maximum: _extreme("maximum"),
    np.minimum: _extreme("minimum"),
    np.log2: lambda x: apply("log", x) / LOG_2,
    np.log10: lambda x: apply("log", x) / np.log(10.0).item(),
    np.exp2: lambda x: power(2.0, floats(x)),  # x log 2, rounded, would be as many digits less as x has
    np.sinh: lambda x: (apply("expm1", x) - apply("expm1", -as_node(x))) / 2,
    np.cosh: lambda x: (apply("exp", x) + apply("exp", -as_node(x))) / 2,
    np.tan: lambda x: apply("sin", x) / apply("cos", x),
    np.arctanh: lambda x: (np.log1p(x) - np.log1p(-floats(x))) / 2,
    np.logaddexp2: lambda a, b: apply("logaddexp", *(x * LOG_2 for x in weak(a, b))) / LOG_2,
    np.heaviside: _heaviside,
}


def where(condition: Any, a: Any = None, b: Any = None) -> Node:
    if a is None or b is None:
        raise UnsupportedError(
            "np.where of a node needs three arguments: np.where(condition, a, b). "
            "Which positions are true is not known before the graph runs."
        )
    return apply("where", cast(condition, bool), *weak(a, b))


def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Node:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if not all(x is None or isinstance(x, int | float | np.number) for x in (low, high)):
        result = as_node(a)
        if low is not None:
            result = np.maximum(result, low)
        return result if high is None else np.minimum(result, high)
    if low is None and high is None:
        return as_node(a)
    a = as_node(a)
    bounds = [x for x in (low, high) if x is not None]
    a = cast(a, np.result_type(a.dtype, *bounds))  # as NumPy: its own numbers are strong, Python's are weak
    low, high = (x.item() if isinstance(x, np.number) else x for x in (low, high))
    return apply("clip", a, low=low, high=high)


def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    del copy  # nodes are frozen
    x = floats(x)
    large = float(np.finfo(x.dtype).max)
    above, below = large if posinf is None else posinf, -large if neginf is None else neginf
    return np.where(np.isnan(x), nan, np.where(x > large, above, np.where(x < -large, below, x)))


def ceil(x: Any) -> Any:
    return -np.floor(-x) if as_node(x).dtype.kind == "f" else x


def trunc(x: Any) -> Any:
    return np.where(x < 0, ceil(x), np.floor(x)) if as_node(x).dtype.kind == "f" else x


def rint(x: Any) -> Any:
    if as_node(x).dtype.kind != "f":
        return x
    below = np.floor(x)
    beyond = x - below
    even = np.equal(2 * np.floor(below / 2), below)
    return np.where((beyond > 0.5) | (np.equal(beyond, 0.5) & ~even), below + 1, below)


def round_(a: Any, decimals: int = 0) -> Any:
    if a.dtype.kind != "f":
        return a if decimals >= 0 else cast(round_(floats(a), decimals), a.dtype)
    scale = 10.0 ** abs(decimals)
    return rint(a) if decimals == 0 else rint(a * scale) / scale if decimals > 0 else rint(a / scale) * scale


def _pair(a: Any, b: Any) -> tuple[Any, Any, np.dtype]:
    """Return two operands as floats, and the dtype of what NumPy makes of them."""
    a, b = weak(a, b)
    dtype = np.result_type(a.dtype, b.dtype)
    return floats(a), floats(b), dtype if dtype.kind != "b" else np.dtype(np.int8)


def _as_whole(result: Any, divisor: Any, dtype: np.dtype) -> Any:
    """Give a result for whole numbers their dtype; by 0 they leave 0."""
    return result if dtype.kind == "f" else cast(np.where(np.equal(divisor, 0), 0, result), dtype)


def sqrt(x: Any) -> Node:
    """Return the root of ``x``; that of a sum of squares, which may be 0, has a derivative there."""
    known = range_of(as_node(x))
    return apply("root" if known.square and known.low <= 0 else "sqrt", x)


def power(x: Any, exponent: Any) -> Node:
    """Return ``x ** exponent``; an exponent that is a plain number belongs to the node."""
    if isinstance(exponent, np.number):
        node = as_node(x)  # NumPy's own numbers are strong: they decide the dtype as an array would
        return apply("raised", cast(node, np.result_type(node.dtype, exponent)), exponent=exponent.item())
    if isinstance(exponent, int | float):
        if exponent == 0.5 and range_of(as_node(x)).square:
            return sqrt(x)
        return apply("raised", x, exponent=exponent)
    return apply("power", x, exponent)


def fmod(a: Any, b: Any) -> Any:
    a, b, dtype = _pair(a, b)
    return _as_whole(apply("fmod", a, b), b, dtype)


def remainder(a: Any, b: Any) -> Any:
    a, b, dtype = _pair(a, b)
    left, beyond = _left(a, b)
    return _as_whole(np.where(beyond, left + b, left), b, dtype)


def floor_divide(a: Any, b: Any) -> Any:
    a, b, dtype = _pair(a, b)
    left, beyond = _left(a, b)
    ratio = (a - left) / b  # a whole number but for rounding, and in large ones there is no room for + ½
    below = np.floor(ratio)
    quotient = np.where(ratio - below > 0.5, below + 1, below)
    return _as_whole(
        np.where(np.equal(b, 0), np.floor(a / b), np.where(beyond, quotient - 1, quotient)), b, dtype
    )


def _left(a: Any, b: Any) -> tuple[Any, Any]:
    """Return what division towards 0 leaves of a, and where division downwards goes one b further."""
    left = apply("fmod", a, b)
    return left, np.not_equal(left, 0) & np.not_equal(left < 0, b < 0)


def float_power(a: Any, b: Any) -> Any:
    return np.power(cast(a, np.float64), b if isinstance(b, int | float) else cast(b, np.float64))
