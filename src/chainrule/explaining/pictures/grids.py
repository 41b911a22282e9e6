"""Places of a plane, and lines of equal height on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import needing

MARGIN = 0.12  # of the range of the data, around it
ROOM = 0.3  # around few rows
FEW_ROWS = 8
FEW = 2  # points of a line; fewer are none


@dataclass(frozen=True)
class Grid:
    """Places of a plane: the middles of cells of equal size.

    Attributes:
        x: Where the plane begins and ends, from left to right.
        y: Likewise from bottom to top.
        steps: How many cells there are in each direction.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    steps: int

    @property
    def xs(self) -> np.ndarray:
        """The places from left to right, (steps,)."""
        return middles(self.x, self.steps)

    @property
    def ys(self) -> np.ndarray:
        """The places from bottom to top, (steps,)."""
        return middles(self.y, self.steps)

    @property
    def points(self) -> np.ndarray:
        """All places, (steps · steps, 2), row after row from the bottom."""
        x, y = np.meshgrid(self.xs, self.ys)
        return np.column_stack([x.ravel(), y.ravel()])

    def square(self, values: np.ndarray) -> np.ndarray:
        """Return what was found at the points as rows from the bottom, (steps, steps)."""
        return values.reshape(self.steps, self.steps)

    def contours(self, values: np.ndarray, levels: Sequence[float]) -> tuple[tuple[float, np.ndarray], ...]:
        """Return the lines on which values at the points have these levels: pairs of a level and points (n, 2)."""
        with needing("A picture with contours"):
            from contourpy import contour_generator  # noqa: PLC0415 -- Matplotlib's; it is not always needed

        drawn: Any = contour_generator(self.xs, self.ys, self.square(values))
        return tuple(
            (float(level), line) for level in levels for line in drawn.lines(level) if len(line) >= FEW
        )


def middles(ends: tuple[float, float], steps: int) -> np.ndarray:
    """Return the middles of so many cells.

    >>> middles((0.0, 4.0), 4)
    array([0.5, 1.5, 2.5, 3.5])
    """
    width = (ends[1] - ends[0]) / steps
    return ends[0] + width * (np.arange(steps) + 0.5)


def around(values: np.ndarray, margin: float = MARGIN) -> tuple[float, float]:
    """Return a range with all values, and a margin around them.

    >>> around(np.array([0.0, 1.0]), 0.5)
    (-0.5, 1.5)
    """
    low, high = float(values.min()), float(values.max())
    room = margin * (high - low) or max(abs(high) * margin, 1.0)
    return low - room, high + room


def grid_of(seen: np.ndarray, steps: int) -> Grid:
    """Return the grid of a map of rows, (rows, 2); around few of them, whose places are told, there is more room."""
    x, y = (around(each, MARGIN if len(seen) > FEW_ROWS else ROOM) for each in seen.T)
    return Grid(x, y, steps)


def rounded(low: float, high: float, count: int = 7) -> list[float]:
    """Return round numbers between two.

    >>> rounded(0.0, 1.0, 5)
    [0.2, 0.4, 0.6, 0.8]
    """
    if not high > low:
        return []
    raw = (high - low) / count
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * s for s in (1, 2, 2.5, 5, 10) if power * s >= raw * 0.999)
    first = int(np.floor(low / step)) + 1
    found = [round(float(k * step), 12) for k in range(first, int(np.ceil(high / step)))]
    return [level for level in found if low < level < high]
