"""What is known of a node's numbers before any run: their bounds, and whether they can be infinite or NaN.

All that is said holds for finite leaves, and for sums and products that do not overflow. Where nothing is known
nothing is claimed, so that "finite" and "above 0" can be relied on.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from chainrule.graph.identity import of_attributes
from chainrule.graph.shapes import contraction


class Range(NamedTuple):
    """What is known of all numbers of a node.

    Attributes:
        low: None that is not NaN is below.
        high: None is above.
        finite: None is NaN or infinite.
        square: Each is a sum of squares: where it is 0, so is all that was squared, and so is its derivative.
    """

    low: float = -math.inf
    high: float = math.inf
    finite: bool = True
    square: bool = False

    @property
    def nonzero(self) -> bool:
        """Whether 0 lies outside."""
        return self.low > 0 or self.high < 0


REAL, UNKNOWN = Range(), Range(finite=False)
DEEPEST = 5  # so many steps down the graph factors are compared
LARGEST_COMPARED = 64  # elements of constants that are compared
_KNOWN: WeakKeyDictionary[Any, Range] = WeakKeyDictionary()


def range_of(node: Any) -> Range:
    """Return what is known of the numbers of ``node``.

    >>> from chainrule.graph.node import variable
    >>> x = variable([1.0, 2.0])
    >>> range_of(x * x + 1).low, range_of(np.log(x)).finite, range_of(np.log(x * x + 1)).finite
    (1.0, False, True)
    """
    known = _KNOWN.get(node)
    stack = [] if known else [node]
    while stack:
        n = stack[-1]
        inputs = [_KNOWN.get(x) for x in n.inputs]
        waiting = [x for x, found in zip(n.inputs, inputs, strict=True) if found is None]
        if waiting:
            stack.extend(waiting)
        else:
            stack.pop()
            known = _KNOWN[n] = _found(n, inputs)
    return known or UNKNOWN


def _found(node: Any, inputs: list[Any]) -> Range:
    rule = RANGES.get(node.primitive.name)
    if rule is None:
        return UNKNOWN
    low, high, finite, square = rule(node, *inputs)
    if low != low or high != high:  # NaN
        low, high = -math.inf, math.inf
    if 0 < low < 1 and (node.dtype.kind != "f" or low < np.finfo(node.dtype).tiny):
        low = 0.0  # what is so small may be rounded to 0
    if -1 < high < 0 and node.dtype.kind != "f":
        high = 0.0
    return Range(float(low), float(high), bool(finite), square)


def _hull(node: Any, *found: Range) -> Range:
    if not found:
        return REAL
    ends = min(r.low for r in found), max(r.high for r in found)
    return Range(*ends, all(r.finite for r in found), all(r.square for r in found))


def _same(node: Any, x: Range, *_others: Range) -> Range:
    return x


def _between(low: float, high: float) -> Callable[..., Range]:
    return lambda node, *inputs: Range(low, high, all(x.finite for x in inputs))


def _truth(node: Any, *_inputs: Range) -> Range:
    return Range(0, 1)


def _rising(function: Callable[[Any], Any], finite: Callable[[Any, Range], bool]) -> Callable[..., Range]:
    """Return the rule of a function that rises; ``finite`` says when it makes finite numbers of finite ones."""

    def rule(node: Any, x: Range) -> Range:
        with np.errstate(all="ignore"):
            low, high = function(np.float64(x.low)), function(np.float64(x.high))
        return Range(-math.inf if math.isnan(low) else low, high, x.finite and finite(node, x))

    return rule


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _add(node: Any, a: Range, b: Range) -> Range:
    return Range(a.low + b.low, a.high + b.high, a.finite and b.finite, a.square and b.square)


def _product(a: Range, b: Range, square: bool = False) -> Range:
    ends = [_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Range(max(min(ends), 0.0) if square else min(ends), max(ends), a.finite and b.finite, square)


def _multiply(node: Any, a: Range, b: Range) -> Range:
    # A factor that could be learned to be 0 has a corner of its own there.
    scaled = (a.square and (b.square or b.low > 0)) or (b.square and a.low > 0)
    return _product(a, b, scaled or _alike(*node.inputs))


def _alike(a: Any, b: Any, depth: int = DEEPEST) -> bool:
    """Say whether two nodes are one number: the same node, or written the same way, as in ``v[0] * v[0]``."""
    if a is b:
        return True
    if a.primitive is not b.primitive or a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.primitive.name == "constant":
        return a.attributes["value"].size <= LARGEST_COMPARED and of_attributes(
            a.attributes
        ) == of_attributes(b.attributes)
    return (
        depth > 0
        and 0 < len(a.inputs) == len(b.inputs)
        and of_attributes(a.attributes) == of_attributes(b.attributes)
        and all(_alike(x, y, depth - 1) for x, y in zip(a.inputs, b.inputs, strict=True))
    )


def _divide(node: Any, a: Range, b: Range) -> Range:
    return _product(a, _inverse(b), a.square and b.low >= 0)


def _inverse(x: Range) -> Range:
    if not x.nonzero:
        return UNKNOWN
    return Range(1 / x.high, 1 / x.low, x.finite)


def _raised(node: Any, x: Range) -> Range:
    exponent = node.attributes["exponent"]
    whole = exponent == int(exponent) if math.isfinite(exponent) else False
    defined = (whole or x.low >= 0) and (exponent >= 0 or x.nonzero)
    low = 0.0 if (whole and exponent % 2 == 0) or x.low >= 0 else -math.inf
    return Range(low, math.inf, x.finite and defined, exponent >= 2 and low == 0)


def _sum(node: Any, x: Range) -> Range:
    return Range(0.0 if x.low >= 0 else -math.inf, 0.0 if x.high <= 0 else math.inf, x.finite, x.square)


def _contract(node: Any, a: Range, b: Range) -> Range:
    plan = contraction(node.attributes["spec"])
    left, right = (_unmoved(x) for x in node.inputs)
    row_by_column = all(e == 1 for e in node.shape) and sum(e != 1 for e in left.shape) <= 1
    square = _alike(left, right) and (row_by_column or (_alike(*node.inputs) and plan.left == plan.right))
    low = 0.0 if square or (a.low >= 0 and b.low >= 0) else -math.inf
    return Range(low, math.inf, a.finite and b.finite, square)


def _unmoved(node: Any) -> Any:
    while node.primitive.name in ("reshape", "transpose", "mark"):
        node = node.inputs[0]
    return node


def _constant(node: Any) -> Range:
    value = node.attributes["value"]
    low, high = (np.fmin.reduce(value, None), np.fmax.reduce(value, None)) if value.size else (0, 0)
    return Range(low, high, np.isfinite(value).all(), bool(low >= 0))  # it has no derivative


def _clip(node: Any, x: Range) -> Range:
    low, high = node.attributes["low"], node.attributes["high"]
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    return Range(min(max(x.low, low), high), min(max(x.high, low), high), x.finite)


def _absolute(node: Any, x: Range) -> Range:
    low = 0.0 if x.low <= 0 <= x.high else min(abs(x.low), abs(x.high))
    return Range(low, max(abs(x.low), abs(x.high)), x.finite)


def _fits(node: Any, x: Range) -> bool:
    kind = node.dtype if node.dtype.kind == "f" else np.dtype(np.float64)
    return x.high < float(np.log(np.finfo(kind).max))


def _always(node: Any, x: Range) -> bool:
    return True


RANGES: dict[str, Callable[..., Range]] = {
    "variable": lambda node: REAL,
    "input": lambda node: REAL,
    "constant": _constant,
    "length": lambda node: Range(1, math.inf),
    "add": _add,
    "subtract": lambda node, a, b: Range(a.low - b.high, a.high - b.low, a.finite and b.finite),
    "multiply": _multiply,
    "weigh": lambda node, w, x: _product(w, x),
    "divide": _divide,
    "negative": lambda node, x: Range(-x.high, -x.low, x.finite),
    "raised": _raised,
    "power": lambda node, x, p: Range(0 if x.low >= 0 else -math.inf, math.inf, x.finite and p.finite and x.low > 0),
    "exp": _rising(np.exp, _fits),
    "expm1": _rising(np.expm1, _fits),
    "log": _rising(np.log, lambda node, x: x.low > 0),
    "log1p": _rising(np.log1p, lambda node, x: x.low > -1),
    "sqrt": _rising(np.sqrt, lambda node, x: x.low >= 0),
    "root": _rising(np.sqrt, lambda node, x: x.low >= 0),
    "relu": _rising(lambda x: np.maximum(x, 0), _always),
    "softplus": _rising(lambda x: np.logaddexp(0, x), _always),
    "log_softplus": lambda node, x: Range(-math.inf, max(x.high, 0), x.finite),
    "floor": _rising(np.floor, _always),
    "sin": _between(-1, 1),
    "cos": _between(-1, 1),
    "tanh": _between(-1, 1),
    "arctan": _between(-2, 2),
    "arcsin": lambda node, x: Range(-2, 2, x.finite and x.low >= -1 and x.high <= 1),
    "arccos": lambda node, x: Range(0, 4, x.finite and x.low >= -1 and x.high <= 1),
    "arctan2": _between(-4, 4),
    "arcsinh": _rising(np.arcsinh, _always),
    "arccosh": _rising(np.arccosh, lambda node, x: x.low >= 1),
    "cbrt": _rising(np.cbrt, _always),
    "fmod": lambda node, a, b: Range(min(a.low, 0), max(a.high, 0), a.finite and b.finite and b.nonzero),
    "sigmoid": _between(0, 1),
    "sign": _between(-1, 1),
    "softmax": _between(0, 1),
    "log_softmax": _between(-math.inf, 0),
    "logsumexp": _between(-math.inf, math.inf),
    "logaddexp": lambda node, a, b: Range(max(a.low, b.low), math.inf, a.finite and b.finite),
    "abs": _absolute,
    "maximum": lambda node, a, b: Range(max(a.low, b.low), max(a.high, b.high), a.finite and b.finite),
    "minimum": lambda node, a, b: Range(min(a.low, b.low), min(a.high, b.high), a.finite and b.finite),
    "clip": _clip,
    "where": lambda node, c, a, b: _hull(node, a, b),
    **dict.fromkeys(
        ["step", "one_hot", "random_uniform", "greater", "greater_equal", "less", "less_equal", "equal", "not_equal",
         "logical_and", "logical_or", "logical_not"],
        _truth,
    ),
    **dict.fromkeys(
        ["cast", "stop_gradient", "mark", "reshape", "transpose", "broadcast_to", "slice", "gather", "max"], _same
    ),
    "concatenate": _hull,
    "place": lambda node, x: Range(min(x.low, 0), max(x.high, 0), x.finite, x.square),
    "sum": _sum,
    "cumsum": _sum,
    "scatter_add": lambda node, x, indices: _sum(node, x),
    "contract": _contract,
    "argmax": lambda node, x: Range(0, math.inf),
}  # fmt: skip
