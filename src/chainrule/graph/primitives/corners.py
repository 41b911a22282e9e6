"""Functions with corners and jumps: every convention is in the row."""

import math
from typing import Any

import numpy as np

from chainrule.errors import GraphError
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import Range, between, hull, rising, truth
from chainrule.graph.primitives.identities import cast
from chainrule.graph.primitives.primitive import (
    LIBRARY,
    NONZERO,
    REAL,
    Case,
    Primitive,
    floating,
    numeric,
    row,
)

relu: Primitive = row(
    "relu", latex=r"\max\left(0, {0}\right)",
    forward=lambda x: np.maximum(x, 0), partials=lambda y, x: [x > 0],
    dtype=floating, nan="input", range=rising(lambda x: np.maximum(x, 0)), domain=(REAL,),
    kink="0 at z = 0", note="passes the gradient where z > 0 and stops it elsewhere",
)  # fmt: skip


def _size(node: Any, x: Range) -> Range:
    low = 0.0 if x.low <= 0 <= x.high else min(abs(x.low), abs(x.high))
    return Range(low, max(abs(x.low), abs(x.high)), x.finite)


absolute: Primitive = row(
    "abs", text="|{0}|", latex=r"\left|{0}\right|", needs=(0,),
    forward=np.abs, partials=lambda y, x: [np.sign(x)],
    nan="input", range=_size, numpy=(np.absolute, np.fabs), domain=(NONZERO,),
    kink="0 at x = 0",
)  # fmt: skip
sign: Primitive = row(
    "sign", forward=np.sign, partials=lambda y, x: [None],
    dtype=numeric, nan="input", range=between(-1, 1), domain=(NONZERO,),
    kink="0 everywhere, at x = 0 too",
)  # fmt: skip
floor: Primitive = row(
    "floor", text="⌊{0}⌋", latex=r"\left\lfloor {0} \right\rfloor", needs=(0,),
    forward=np.floor, partials=lambda y, x: [None],
    dtype=floating, nan="input", range=rising(np.floor), domain=((1.1, 1.9),),
    kink="0 everywhere, at whole numbers too",
)  # fmt: skip
fmod: Primitive = row(
    "fmod", forward=np.fmod,
    partials=lambda y, a, b: [1, -np.floor((a - y) / b + 0.5)],  # a whole number but for rounding
    dtype=floating, range=lambda node, a, b: Range(min(a.low, 0), max(a.high, 0), a.finite and b.finite and b.nonzero),
    cost=LIBRARY, domain=((2.2, 2.9), (1.0, 1.05)),  # between jumps
    kink="where it jumps, as if it did not",
    note="what is left of a when b is taken from it as often as it goes; it has the sign of a",
)  # fmt: skip
TIES: dict[str, Any] = {
    "attributes": {"tie": kind.NUMBER},
    "domain": (REAL, REAL),
    "cases": (Case(tie=0.5), Case(tie=0.0)),
    "kink": "two nodes that tie share ½ each; a node that ties with a constant gets 0",
}
maximum: Primitive = row(
    "maximum", text="max({0}, {1})", latex=r"\max\left({0}, {1}\right)",
    forward=lambda a, b, tie: np.maximum(a, b), partials=lambda y, a, b, tie: _shares(a, b, tie, y),
    range=lambda node, a, b: Range(max(a.low, b.low), max(a.high, b.high), a.finite and b.finite),
    **TIES,
)  # fmt: skip
minimum: Primitive = row(
    "minimum", text="min({0}, {1})", latex=r"\min\left({0}, {1}\right)",
    forward=lambda a, b, tie: np.minimum(a, b), partials=lambda y, a, b, tie: _shares(b, a, tie, y),
    range=lambda node, a, b: Range(min(a.low, b.low), min(a.high, b.high), a.finite and b.finite),
    **TIES,
)  # fmt: skip


def _shares(larger: Any, smaller: Any, tie: float, y: Any) -> list[Any]:
    if tie == 0:
        return [larger > smaller, larger < smaller]
    share = np.where(np.equal(larger, smaller), np.asarray(tie, y.dtype), np.asarray(1, y.dtype))
    return [np.where(larger >= smaller, share, 0), np.where(larger <= smaller, share, 0)]


def _clipped(x: np.dtype, low: float | None, high: float | None) -> np.dtype:
    bounds = [b for b in (low, high) if b is not None]
    if not bounds:
        raise GraphError("There is nothing to clip to: give a low bound or a high one.")
    made = np.result_type(x, *bounds)
    if made.kind in "iu":
        held = np.iinfo(made)
        if (low is not None and low > held.max) or (high is not None and high < held.min):
            raise GraphError(f"clip: no {made.name} lies between the bounds {low} and {high}.")
    return made


def _between_its_bounds(node: Any, x: Range) -> Range:
    low, high = node.attributes["low"], node.attributes["high"]
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    return Range(min(max(x.low, low), high), min(max(x.high, low), high), x.finite)


clip: Primitive = row(
    "clip", text="clip({0}, {low}, {high})", latex=r"\operatorname{{clip}}\left({0}, {low}, {high}\right)",
    forward=lambda x, low, high: np.clip(x, low, high),
    partials=lambda y, x, low, high: [_inside(x, low, high)],
    attributes={"low": kind.BOUND, "high": kind.BOUND}, dtype=_clipped, range=_between_its_bounds,
    domain=(REAL,), cases=tuple(Case(low=a, high=b) for a, b in ((-1.0, 1.0), (0.5, None), (None, 0.5))),
    kink="0 at both edges",
)  # fmt: skip


def _inside(x: Any, low: float | None, high: float | None) -> Any:
    if low is None:
        return x < high
    if high is None:
        return x > low
    return np.logical_and(x > low, x < high)


def _truth(c: Any) -> Any:
    return c if c.dtype == bool else np.not_equal(c, 0)


where: Primitive = row(
    "where", text="where({0}, {1}, {2})",
    latex=r"\begin{{cases}} {1} & {0} \\ {2} & \text{{else}} \end{{cases}}", needs=(0, 0, 0),
    forward=np.where, partials=lambda y, c, a, b: [None, _truth(c), np.logical_not(c)],
    dtype=lambda c, a, b: np.result_type(a, b), linear="together",
    range=lambda node, c, a, b: hull(node, a, b), domain=(REAL, REAL, REAL),
    kink="the gradient follows the selected branch",
)  # fmt: skip
step: Primitive = row(
    "step", latex=r"H\left({0}\right)", forward=lambda x: cast(x >= 0, dtype=x.dtype.name),
    no_derivative="the derivative of a step is 0 wherever it exists, so gradient descent learns nothing through it. "
    "Train with 'sigmoid' or 'relu' in its place, and use the step to predict",
    dtype=floating, elementwise=True, nan="never", range=truth, domain=(REAL,),
    kink="step(0) = 1",
)  # fmt: skip
