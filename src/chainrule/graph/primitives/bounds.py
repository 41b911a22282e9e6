"""What a row says of its numbers before any run: between which bounds they lie, and whether all are finite.

A rule takes the node and the ranges of its inputs. All that is said holds for finite leaves, and for sums and products
that do not overflow. Where nothing is known nothing is claimed, so that "finite" and "above 0" can be relied on.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from chainrule.graph.identity import of_attributes


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

    @property
    def bounded(self) -> bool:
        """Whether none is infinite, though a leaf be."""
        return math.isfinite(self.low) and math.isfinite(self.high)


Rule = Callable[..., Range]
REAL, UNKNOWN = Range(), Range(finite=False)
DEEPEST = 5  # so many steps down the graph factors are compared
LARGEST_COMPARED = 64  # elements of constants that are compared


def real(node: Any, *_inputs: Range) -> Range:
    """Any number."""
    return REAL


def truth(node: Any, *_inputs: Range) -> Range:
    """From 0 to 1, whatever comes in."""
    return Range(0, 1)


def same(node: Any, x: Range, *_others: Range) -> Range:
    """Those of the first input."""
    return x


def hull(node: Any, *found: Range) -> Range:
    """Those of all inputs."""
    if not found:
        return REAL
    ends = min(r.low for r in found), max(r.high for r in found)
    return Range(*ends, all(r.finite for r in found), all(r.square for r in found))


def between(low: float, high: float) -> Rule:
    """Return the rule of what lies between two bounds, and is finite where its inputs are."""
    return lambda node, *inputs: Range(low, high, all(x.finite for x in inputs))


def rising(function: Callable[[Any], Any], finite: Callable[[Any, Range], bool] | None = None) -> Rule:
    """Return the rule of a function that rises; ``finite`` says when it makes finite numbers of finite ones."""

    def rule(node: Any, x: Range) -> Range:
        with np.errstate(all="ignore"):
            low, high = function(np.float64(x.low)), function(np.float64(x.high))
        still = x.finite and (finite is None or finite(node, x))
        return Range(-math.inf if math.isnan(low) else low, high, still)

    return rule


def not_below(low: float) -> Callable[[Any, Range], bool]:
    """Return the test whether no input is below ``low``."""
    return lambda node, x: x.low >= low


def above(low: float) -> Callable[[Any, Range], bool]:
    """Return the test whether all inputs are above ``low``."""
    return lambda node, x: x.low > low


def added(node: Any, x: Range, *_positions: Range) -> Range:
    """Sums of some of the numbers."""
    return Range(0.0 if x.low >= 0 else -math.inf, 0.0 if x.high <= 0 else math.inf, x.finite, x.square)


def product(a: Range, b: Range, square: bool = False) -> Range:
    """Return what is known of a · b."""
    ends = [_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Range(max(min(ends), 0.0) if square else min(ends), max(ends), a.finite and b.finite, square)


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def alike(a: Any, b: Any, depth: int = DEEPEST) -> bool:
    """Say whether two nodes are one number: the same node, or written the same way, as in ``v[0] * v[0]``."""
    if a is b:
        return True
    if a.primitive is not b.primitive or a.shape != b.shape or a.dtype != b.dtype:
        return False
    if "value" in a.attributes and a.attributes["value"].size > LARGEST_COMPARED:
        return False
    return (
        ("value" in a.attributes or (depth > 0 and len(a.inputs) > 0))
        and len(a.inputs) == len(b.inputs)
        and of_attributes(a.attributes) == of_attributes(b.attributes)
        and all(alike(x, y, depth - 1) for x, y in zip(a.inputs, b.inputs, strict=True))
    )
