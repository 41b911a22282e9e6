"""Exponentials, logarithms and their kin: value and derivative of each, side by side, as formulas."""

import math
from typing import Any

import numpy as np

from chainrule.graph.primitives.bounds import Range, above, between, rising
from chainrule.graph.primitives.primitive import POSITIVE, REAL, SERIES, Primitive, floating, row


def _fits(node: Any, x: Range) -> bool:
    kind = node.dtype if node.dtype.kind == "f" else np.dtype(np.float64)
    return x.high < float(np.log(np.finfo(kind).max))


exp: Primitive = row(
    "exp", latex="e^{{{0}}}", forward=np.exp, partials=lambda y, x: [y],
    dtype=floating, nonzero=True, nan="input", range=rising(np.exp, _fits), cost=SERIES, domain=(REAL,),
    note="its own derivative",
)  # fmt: skip
expm1: Primitive = row(
    "expm1", latex=r"\left(e^{{{0}}} - 1\right)", forward=np.expm1, partials=lambda y, x: [y + 1],
    dtype=floating, nan="input", range=rising(np.expm1, _fits), cost=SERIES, domain=(REAL,),
)  # fmt: skip
log: Primitive = row(
    "log", forward=np.log, partials=lambda y, x: [1 / x],
    dtype=floating, logarithm="number", range=rising(np.log, above(0)), cost=SERIES, domain=(POSITIVE,),
    note="the natural logarithm",
)  # fmt: skip
log1p: Primitive = row(
    "log1p", latex=r"\log\left(1 + {0}\right)", forward=np.log1p, partials=lambda y, x: [1 / (1 + x)],
    dtype=floating, logarithm="number", range=rising(np.log1p, above(-1)), cost=SERIES, domain=(POSITIVE,),
)  # fmt: skip
tanh: Primitive = row(
    "tanh",
    forward=np.tanh,
    # In terms of y it costs nothing and cannot overflow, as 1/cosh² would.
    partials=lambda y, x: [1 - y * y],
    dtype=floating, nan="input", range=between(-1, 1), cost=SERIES, domain=(REAL,),
    note="never above 1, and 0.01 at |z| = 3: it still vanishes",
)  # fmt: skip
sigmoid: Primitive = row(
    "sigmoid", text="σ({0})", latex=r"\sigma\left({0}\right)",
    # Below -709 the exponential is infinite and the quotient exactly 0, as it should be.
    forward=lambda x: 1 / (1 + np.exp(-x)), partials=lambda y, x: [y * (1 - y)],
    dtype=floating, nonzero=True, nan="input", range=between(0, 1), cost=SERIES, domain=(REAL,),
    note="never above 1/4: deep stacks of it starve their first layers",
)  # fmt: skip
softplus: Primitive = row(
    "softplus",
    forward=lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), partials=lambda y, x: [sigmoid(x)],
    dtype=floating, logarithm="exponentials", nonzero=True, nan="input",
    range=rising(lambda x: np.logaddexp(0, x)), cost=2 * SERIES, domain=(REAL,),
    note="log(1 + exp(z)) without overflow; Dugas et al. 2001",
)  # fmt: skip
log_softplus: Primitive = row(
    "log_softplus", text="log(softplus({0}))", latex=r"\log \operatorname{{softplus}}\left({0}\right)",
    # Below -40 it is x to the last digit, and softplus may be 0.
    forward=lambda x: np.where(x > -40, np.log(softplus(x)), x),
    partials=lambda y, x: [np.where(x > -40, sigmoid(x) / softplus(x), 1)],
    dtype=floating, logarithm="exponentials", nan="input",
    range=lambda node, x: Range(-math.inf, max(x.high, 0), x.finite), cost=3 * SERIES, domain=(REAL,),
)  # fmt: skip


def _apart(a: Any, b: Any) -> Any:
    """Return a - b, and 0 where both are the same infinity."""
    return np.where(np.equal(a, b), 0, a - b)


def _share(a: Any, b: Any) -> Any:
    """Return the share of exp(a) in exp(a) + exp(b); where a = b it moves with them, as a second derivative asks."""
    difference = a - b
    return sigmoid(np.where(np.equal(difference, difference), difference, _apart(a, b)))


logaddexp: Primitive = row(
    "logaddexp", latex=r"\log\left(e^{{{0}}} + e^{{{1}}}\right)",
    forward=lambda a, b: np.maximum(a, b) + softplus(-np.abs(_apart(a, b))),
    partials=lambda y, a, b: [_share(a, b), _share(b, a)],
    dtype=floating, commutative=True, logarithm="exponentials",
    range=lambda node, a, b: Range(max(a.low, b.low), math.inf, a.finite and b.finite), cost=2 * SERIES,
    numpy=(np.logaddexp,), domain=(REAL, REAL),
    kink="½ each where both are the same infinity",
    note="log(exp(a) + exp(b)) without overflow, and with every digit of a small part",
)  # fmt: skip
