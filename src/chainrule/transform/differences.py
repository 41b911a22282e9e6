"""Measuring the slope of a function by differences, and comparing it with a derivative that is claimed.

It knows nothing of graphs: a function is asked for its value when one element has been moved.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

ROUNDING = 16 * float(np.finfo(np.float64).eps)  # relative error of a computed J, generously

Index = tuple[int, ...]
Verdict = Literal["right", "kink", "wrong", "undefined"]
At = Callable[[Index, float], float]  # J, when one element has been moved by a distance


@dataclass(frozen=True)
class Rules:
    """The first step, the relative error allowed, and how many elements to compare (None: all)."""

    eps: float
    tolerance: float
    elements: int | None


@dataclass(frozen=True)
class Element:
    """One element compared; the slopes to both sides where the numbers disagree.

    A derivative that is NaN is "undefined": there is nothing that it could agree with.
    """

    index: Index
    analytic: float
    numeric: float
    error: float
    verdict: Verdict = "right"
    left: float = math.nan
    right: float = math.nan


def compare(at: At, scale: float, value: np.ndarray, analytic: np.ndarray, rules: Rules) -> list[Element]:
    """Compare the elements of one parameter; one that is infinite or NaN cannot be moved, and is left out."""

    def element(index: Index) -> Element:
        return _judge(
            lambda t: at(index, t), float(value[index]), index, float(analytic[index]), scale, rules
        )

    return [element(index) for index in _indices(value.shape, rules.elements) if np.isfinite(value[index])]


def _indices(shape: tuple[int, ...], limit: int | None) -> Iterator[Index]:
    size = math.prod(shape)
    flat = range(size) if limit is None or limit >= size else np.linspace(0, size - 1, limit).astype(int)
    for position in flat:
        yield tuple(int(i) for i in np.unravel_index(position, shape))


@dataclass(frozen=True)
class _Slope:
    value: float
    doubt: float  # how far the two steps it was made of disagree
    rounding: float  # what the rounding of J alone may do to it
    noise: float  # what the rounding of all that J is computed from may do

    @property
    def uncertainty(self) -> float:
        """How far it may be from the slope, whose size is the same for every step."""
        return self.doubt + self.noise if math.isfinite(self.value) else math.inf

    @property
    def allowance(self) -> float:
        """How far a right derivative may be from it: never so much that one wrong by 1% would pass."""
        return max(self.rounding, min(self.doubt, max(1e-3 * abs(self.value), self.noise)))


def _slope(f: Callable[[float], float], h: float, scale: float) -> _Slope:
    """Return the slope of ``f`` at 0 from central differences of steps h and h/2."""
    ends = [f(h), f(-h), f(h / 2), f(-h / 2)]
    wide, narrow = (ends[0] - ends[1]) / (2 * h), (ends[2] - ends[3]) / h
    value = (4 * narrow - wide) / 3
    largest = max(map(abs, ends))
    return _Slope(value, 10 * abs(value - narrow), ROUNDING * largest / h, ROUNDING * max(scale, largest) / h)


def _steps(x: float, eps: float) -> list[float]:
    size = abs(x)
    near = [eps * size, eps * size / 10] if 1e-200 < size < 1 else []
    return [eps * max(1.0, size) / 10**k for k in range(4)] + near


def _judge(
    f: Callable[[float], float], x: float, index: Index, analytic: float, scale: float, rules: Rules
) -> Element:
    def judged(slope: _Slope, allowance: float) -> Element:
        size = max(abs(analytic), abs(slope.value), allowance / rules.tolerance)
        error = abs(analytic - slope.value) / size if size else 0.0
        return Element(index, analytic, slope.value, error if math.isfinite(error) else math.inf)

    steps = _steps(x, rules.eps)
    first = _slope(f, steps[0], scale)
    element = judged(first, first.rounding)
    if math.isnan(analytic):
        return replace(element, verdict="undefined")
    if element.error <= rules.tolerance:
        return element
    best = min([first, *(_slope(f, h, scale) for h in steps[1:])], key=lambda slope: slope.uncertainty)
    element = judged(best, best.allowance)
    if element.error <= rules.tolerance:
        return element
    left, right, kink = _sides(f, analytic, scale, steps[2])
    return replace(element, verdict="kink" if kink else "wrong", left=left, right=right)


def _sides(f: Callable[[float], float], analytic: float, scale: float, h: float) -> tuple[float, float, bool]:
    """Return the slopes to the left and right of 0, and whether ``analytic`` is an answer at such a kink.

    A kink is what stays when one looks closer: at h, h/10 and h/100.
    """
    here = f(0.0)
    noise = ROUNDING * max(scale, abs(here)) / (h / 100)
    sides = [
        [side * (-3 * here + 4 * f(side * t) - f(2 * side * t)) / (2 * t) for t in (h, h / 10, h / 100)]
        for side in (-1, 1)
    ]
    left, right = (math.copysign(math.inf, s[2]) if _grows(s, noise) else s[1] for s in sides)
    if not math.isfinite(left + right):
        return left, right, True  # J jumps here, or is steeper than any number, or has an edge
    slack = 1e-3 * max(abs(left), abs(right)) + noise
    differ = min(abs(right - left), 2 * abs(sides[1][2] - sides[0][2])) > slack
    between = min(left, right) - slack <= analytic <= max(left, right) + slack
    return _tidy(left, noise), _tidy(right, noise), differ and between


def _grows(slopes: list[float], noise: float) -> bool:
    return all(abs(near) > 2 * abs(far) + noise for far, near in pairwise(slopes))


def _tidy(slope: float, noise: float) -> float:
    return 0.0 if abs(slope) <= noise else slope
