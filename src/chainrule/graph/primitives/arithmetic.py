"""Arithmetic, powers and roots: value and derivative of each, side by side, as formulas."""

import math
from typing import Any

import numpy as np

from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import UNKNOWN, Range, alike, not_below, product, rising
from chainrule.graph.primitives.primitive import (
    ADD,
    DIVISION,
    LIBRARY,
    MULTIPLY,
    NEGATE,
    NONZERO,
    POSITIVE,
    POWER,
    REAL,
    SERIES,
    Case,
    Primitive,
    floating,
    numeric,
    row,
)

plus: Primitive = row(
    "add", text="{0} + {1}", binds=ADD, needs=(ADD, ADD), forward=np.add, partials=lambda y, a, b: [1, 1],
    linear="together", commutative=True,
    range=lambda node, a, b: Range(a.low + b.low, a.high + b.high, a.finite and b.finite, a.square and b.square),
    domain=(REAL, REAL),
    note="a sum passes the gradient on unchanged to both its terms",
)  # fmt: skip
minus: Primitive = row(
    "subtract", text="{0} - {1}", binds=ADD, needs=(ADD, ADD + 1),
    forward=np.subtract, partials=lambda y, a, b: [1, -1],
    dtype=numeric, linear="together",
    range=lambda node, a, b: Range(a.low - b.high, a.high - b.low, a.finite and b.finite),
    domain=(REAL, REAL),
)  # fmt: skip


def _multiplied(node: Any, a: Range, b: Range) -> Range:
    # A factor that could be learned to be 0 has a corner of its own there.
    scaled = (a.square and (b.square or b.low > 0)) or (b.square and a.low > 0)
    return product(a, b, scaled or alike(*node.inputs))


times: Primitive = row(
    "multiply", text="{0} · {1}", latex=r"{0} \cdot {1}", binds=MULTIPLY, needs=(MULTIPLY, MULTIPLY),
    forward=np.multiply, partials=lambda y, a, b: [b, a],
    linear="each", commutative=True, range=_multiplied, domain=(REAL, REAL),
    note="each factor's gradient is scaled by the other factor",
)  # fmt: skip


def _weighed(w: Any, x: Any) -> Any:
    weighed = w * x
    if isinstance(weighed, np.ndarray) and weighed.dtype.kind == "f" and not np.isnan(weighed).any():
        return weighed  # nearly always, and four times as fast
    return w * np.where(np.equal(w, 0), np.minimum(np.maximum(x, -1.0), 1.0), x)


weigh: Primitive = row(
    "weigh", text="{0} · {1}", latex=r"{0} \cdot {1}", binds=MULTIPLY, needs=(MULTIPLY, MULTIPLY),
    forward=_weighed,
    partials=lambda y, w, x: [
        np.where(np.logical_and(np.equal(w, 0), np.equal(np.abs(x), np.inf)), 0, x),
        # w passes, and its own slope with it, but beside a logarithm that may be infinitely steep.
        np.where(np.logical_or(np.not_equal(w, 0), np.less(np.abs(x), 30)), w, 0),
    ],
    dtype=floating, range=lambda node, w, x: product(w, x), domain=(REAL, REAL),
    kink="0 by a weight of 0 beside an infinity, which counts 0 itself",
    note="a product with a weight: 0 times infinity is 0, as y · log(p) tends to 0 where y = p = 0",
)  # fmt: skip


def _divided(node: Any, a: Range, b: Range) -> Range:
    inverse = Range(1 / b.high, 1 / b.low, b.finite) if b.nonzero else UNKNOWN
    return product(a, inverse, a.square and b.low >= 0)


divide: Primitive = row(
    "divide", text="{0} / {1}", latex=r"\frac{{{0}}}{{{1}}}", binds=MULTIPLY, needs=(MULTIPLY, MULTIPLY + 1),
    forward=np.true_divide, partials=lambda y, a, b: [1 / b, -y / b],
    dtype=floating, linear="first", range=_divided, cost=DIVISION, domain=(REAL, NONZERO),
)  # fmt: skip
negative: Primitive = row(
    "negative", text="-{0}", binds=NEGATE, needs=(NEGATE,), forward=np.negative, partials=lambda y, x: [-1],
    dtype=numeric, linear="together", nan="input", range=lambda node, x: Range(-x.high, -x.low, x.finite),
    domain=(REAL,),
)  # fmt: skip


def _to_a_number(node: Any, x: Range) -> Range:
    exponent = node.attributes["exponent"]
    whole = exponent == int(exponent) if math.isfinite(exponent) else False
    defined = (whole or x.low >= 0) and (exponent >= 0 or x.nonzero)
    low = 0.0 if (whole and exponent % 2 == 0) or x.low >= 0 else -math.inf
    return Range(low, math.inf, x.finite and defined, exponent >= 2 and low == 0)


def _cost_of_a_power(exponent: float) -> float:
    if exponent == 0.5:
        return DIVISION
    return max(1.0, abs(exponent) - 1) if abs(exponent) <= 3 and exponent % 1 == 0 else LIBRARY


raised: Primitive = row(
    "raised", text="{0}^{exponent}", latex="{{{0}}}^{{{exponent}}}", binds=POWER, needs=(POWER + 1,),
    forward=lambda x, exponent: np.power(x, exponent),
    # The exponent is a number, so that the derivative of x² at 0 and below is 2x and no logarithm.
    partials=lambda y, x, exponent: [
        None if exponent == 0 else 2 * x if exponent == 2 else exponent * x ** (exponent - 1)
    ],
    attributes={"exponent": kind.NUMBER}, dtype=floating, range=_to_a_number, cost=_cost_of_a_power,
    domain=(POSITIVE,), cases=tuple(Case(exponent=p) for p in (2, 3, 1, 0, -1, 0.5, -1.5)),
)  # fmt: skip
power: Primitive = row(
    "power", text="{0}^{1}", latex="{{{0}}}^{{{1}}}", binds=POWER, needs=(POWER + 1, POWER + 1),
    forward=np.power,
    partials=lambda y, x, p: [
        p * np.power(x, np.where(np.equal(p, 0), 1, p - 1)),  # 0 · x, and not 0 · ∞, where p is 0
        y * np.log(np.where(np.equal(x, 0), 1, x)),
    ],
    dtype=floating,
    range=lambda node, x, p: Range(
        0 if x.low >= 0 else -math.inf, math.inf, x.finite and p.finite and x.low > 0
    ),
    cost=LIBRARY, domain=(POSITIVE, REAL),
    kink="the gradient of the exponent needs log(x): 0 at x = 0, NaN below",
)  # fmt: skip
sqrt: Primitive = row(
    "sqrt", latex=r"\sqrt{{{0}}}", forward=np.sqrt, partials=lambda y, x: [1 / (2 * y)],
    dtype=floating, range=rising(np.sqrt, not_below(0)), cost=DIVISION, domain=(POSITIVE,),
    kink="infinite at 0",
)  # fmt: skip
root: Primitive = row(
    "root", text="sqrt({0})", latex=r"\sqrt{{{0}}}",
    forward=np.sqrt,
    # At 0 the other branch is 0 too, and infinitely steep: a second derivative there is NaN, and not a silent 0.
    partials=lambda y, x: [np.where(y > 0, 1 / (2 * y), sqrt(x))],
    dtype=floating, range=rising(np.sqrt, not_below(0)), cost=DIVISION, made_of=sqrt, domain=(POSITIVE,),
    kink="0 at 0, as for |x|",
    note="the root of a sum of squares: a norm, a standard deviation, a root mean square",
)  # fmt: skip


def _cube_root(x: Any) -> Any:
    size = np.abs(x)
    near = raised(size, exponent=1 / 3)
    # A third is no float: one step of Newton's mends the last digits.
    better = near - (near - size / (near * near)) / 3
    return np.sign(x) * np.where((size > 0) & (size < np.inf), better, near)


cbrt: Primitive = row(
    "cbrt", latex=r"\sqrt[3]{{{0}}}", forward=np.cbrt, partials=lambda y, x: [1 / (3 * y * y)],
    dtype=floating, nan="input", range=rising(np.cbrt), cost=LIBRARY + SERIES, made_of=_cube_root,
    domain=(NONZERO,),
    kink="infinite at 0",
)  # fmt: skip
