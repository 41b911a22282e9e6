"""Waves and angles: value and derivative of each, side by side, as formulas."""

import math
from typing import Any

import numpy as np

from chainrule.graph.primitives.bounds import Range, between, not_below, rising
from chainrule.graph.primitives.primitive import NONZERO, REAL, SERIES, Primitive, floating, row

INSIDE = (-0.9, 0.9)
LARGE = 1e9  # beyond, 1 is too small to count beside a square, which may overflow


def _defined(low: float, high: float) -> Any:
    """Return the rule of an angle from ``low`` to ``high``, which is a number for a sine or cosine."""
    return lambda node, x: Range(low, high, x.finite and x.low >= -1 and x.high <= 1)


sin: Primitive = row(
    "sin", forward=np.sin, partials=lambda y, x: [np.cos(x)],
    dtype=floating, range=between(-1, 1), cost=SERIES, domain=(REAL,),
)  # fmt: skip
cos: Primitive = row(
    "cos", forward=np.cos, partials=lambda y, x: [-np.sin(x)],
    dtype=floating, range=between(-1, 1), cost=SERIES, domain=(REAL,),
)  # fmt: skip
arctan: Primitive = row(
    "arctan", forward=np.arctan, partials=lambda y, x: [1 / (1 + x * x)],
    dtype=floating, nan="input", range=between(-2, 2), cost=SERIES, domain=(REAL,),
)  # fmt: skip
arcsin: Primitive = row(
    "arcsin", forward=np.arcsin, partials=lambda y, x: [1 / np.sqrt((1 - x) * (1 + x))],
    dtype=floating, range=_defined(-2, 2), cost=2 * SERIES,
    made_of=lambda x: np.arctan(x / np.sqrt((1 - x) * (1 + x))), domain=(INSIDE,),
    kink="infinite at -1 and 1",
)  # fmt: skip
arccos: Primitive = row(
    "arccos", forward=np.arccos, partials=lambda y, x: [-1 / np.sqrt((1 - x) * (1 + x))],
    dtype=floating, range=_defined(0, 4), cost=2 * SERIES,
    made_of=lambda x: 2 * np.arctan(np.sqrt((1 - x) / (1 + x))), domain=(INSIDE,),
    kink="infinite at -1 and 1",
)  # fmt: skip


def _angle_in_rows(y: Any, x: Any) -> Any:
    high, wide = np.abs(y), np.abs(x)
    diagonal = np.equal(high, wide) & np.not_equal(high, 0)  # of two infinities, too
    ratio = np.where(diagonal, 1, high / np.where(np.equal(high, 0) & np.equal(wide, 0), 1, wide))
    angle = np.arctan(ratio)
    turned = np.where(_is_negative(x), math.pi - angle, angle)
    return np.where(_is_negative(y), -turned, turned)


def _is_negative(x: Any) -> Any:
    return (x < 0) | (1 / x < 0)  # -0 is


arctan2: Primitive = row(
    "arctan2", forward=np.arctan2, partials=lambda angle, y, x: [x / (x * x + y * y), -y / (x * x + y * y)],
    dtype=floating, range=between(-4, 4), cost=3 * SERIES, made_of=_angle_in_rows, domain=(REAL, NONZERO),
    note="the angle of the point (x, y), in (-π, π]",
)  # fmt: skip


def _arcsinh_in_rows(x: Any) -> Any:
    size = np.abs(x)
    near = np.minimum(size, LARGE)
    small = np.log1p(near + near * near / (1 + np.sqrt(1 + near * near)))
    found = np.where(size < LARGE, small, np.log(size) + math.log(2))
    return np.where(np.isnan(x), x, np.where(x < 0, -found, np.where(np.equal(x, 0), x, found)))


arcsinh: Primitive = row(
    "arcsinh", latex=r"\operatorname{{arsinh}}\left({0}\right)",
    forward=np.arcsinh, partials=lambda y, x: [1 / np.sqrt(x * x + 1)],
    dtype=floating, nan="input", range=rising(np.arcsinh), cost=3 * SERIES, made_of=_arcsinh_in_rows,
    domain=(REAL,),
)  # fmt: skip


def _arccosh_in_rows(x: Any) -> Any:
    above = np.minimum(x, LARGE) - 1
    near = np.log1p(above + np.sqrt(above) * np.sqrt(above + 2))
    return np.where(x >= LARGE, np.log(x) + math.log(2), near)


arccosh: Primitive = row(
    "arccosh", latex=r"\operatorname{{arcosh}}\left({0}\right)",
    forward=np.arccosh, partials=lambda y, x: [1 / np.sqrt((x - 1) * (x + 1))],
    dtype=floating, range=rising(np.arccosh, not_below(1)), cost=3 * SERIES, made_of=_arccosh_in_rows,
    domain=((1.1, 4.0),),
    kink="infinite at 1",
)  # fmt: skip
