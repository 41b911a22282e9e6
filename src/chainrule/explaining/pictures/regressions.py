"""How far predicted numbers are off."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError
from chainrule.explaining.pictures.grids import around
from chainrule.explaining.pictures.marks import Band, Bars, Line, Mark, Points, Rule, Spans
from chainrule.explaining.pictures.measuring import errors_of
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.truths import about_thinned, counted_in_bins, fitting, named, thinned
from chainrule.shown import counted, plainly

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["predicted_against_true", "residuals"]

SIZE = (420.0, 440.0)
ROOM = 0.05
MOST_SPANS = 150  # intervals, of which more are a haze
MOST_BINS = 30


@public
def predicted_against_true(
    y: "ArrayLike",
    predicted: "ArrayLike",
    names: Sequence[str] | None = None,
    *,
    low: "ArrayLike | None" = None,
    high: "ArrayLike | None" = None,
) -> Picture:
    """Draw predicted numbers against true ones: on the line they are right, above it too large.

    Args:
        y: The true numbers, ``(n,)``, or ``(n, outputs)``: then each output has a panel.
        predicted: What was predicted, of the same shape.
        names: What the outputs are called, with their units.
        low: The lower ends of prediction intervals, of the same shape.
        high: The upper ends.

    Returns:
        The picture.

    Raises:
        DataError: If there are no rows, a number is not finite, or one end of the intervals is missing.
        ShapeError: If they are of different shapes.

    >>> picture = cr.pictures.predicted_against_true([1.0, 2.0, 3.0], [1.5, 2.0, 2.5], ["price"])
    >>> picture.words
    'price: R² 0.750, mean absolute error 0.333, of 3 rows.'
    """
    true, said = fitting(y, predicted, "predicted")
    if (low is None) != (high is None):
        raise DataError("Intervals have two ends: give low= and high=, or none of them.")
    ends = None if low is None else (fitting(y, low, "low")[1], fitting(y, high, "high")[1])
    called = named(names, true.shape[1], "names", "output " if true.shape[1] > 1 else "")
    panels, told = [], []
    for i, name in enumerate(called):
        name = name if names is not None or true.shape[1] > 1 else ""
        t, p = true[:, i], said[:, i]
        low_end, high_end = float(min(t.min(), p.min())), float(max(t.max(), p.max()))
        line = np.array(around(np.array([low_end, high_end]), ROOM))
        marks: list[Mark] = []
        if ends is not None:
            marks += _intervals(t, p, ends[0][:, i], ends[1][:, i], line)
        at = thinned(len(t))
        marks.append(Points(t[at], p[at], "rows" if marks else "", "c1", "o"))
        marks.append(Line(line, line, "predicted = true", "ink", "dashed"))
        mae, fits = errors_of(t, p)
        error = plainly(float(f"{mae:.3g}"))
        r2 = f"R² {fits:.3f}, " if len(t) > 1 else ""  # of one row there is none
        of = f"{name}: " if name else ""
        title = f"{of}{r2}mean error {error}"
        limits = float(line[0]), float(line[1])
        x, height = (Axis(f"{what} {name}".strip(), limits=limits) for what in ("true", "predicted"))
        panels.append(Panel(marks, title, x, height, equal=True, size=SIZE))
        told.append(f"{of}{r2}mean absolute error {error}, of {counted(len(t), 'row')}.")
    return Picture(panels, "Predicted against true", words=" ".join(told[:3]), notes=about_thinned(len(true)))


def _intervals(
    t: np.ndarray, p: np.ndarray, low: np.ndarray, high: np.ndarray, line: np.ndarray
) -> list[Mark]:
    """Return prediction intervals: those that reach as far for all rows are one band, in which rows are held."""
    name = f"intervals: they hold {np.mean((low <= t) & (t <= high)):.0%}"
    below, above = p - low, high - p
    if np.allclose(below, below[0]) and np.allclose(above, above[0]):  # t ≤ p + above is p ≥ t − above
        return [Band(line, line - above[0], line + below[0], name, "c2")]
    at = thinned(len(t), MOST_SPANS)
    return [Spans(t[at], low[at], high[at], name, "faint")]


@public
def residuals(y: "ArrayLike", predicted: "ArrayLike", names: Sequence[str] | None = None) -> Picture:
    """Draw residuals, true less predicted: against the prediction, and how many there are of each size.

    A bend says that something is not learned, a fan that large predictions are less sure.

    Args:
        y: The true numbers, ``(n,)`` or ``(n, outputs)``.
        predicted: What was predicted, of the same shape.
        names: What the outputs are called, with their units.

    Returns:
        The picture: two panels for each output.

    Raises:
        DataError: If there are no rows, or a number is not finite.
        ShapeError: If they are of different shapes.

    >>> picture = cr.pictures.residuals([1.0, 2.0, 3.0], [1.5, 2.0, 2.5])
    >>> picture.panels[0].marks[0].y
    array([-0.5,  0. ,  0.5])
    """
    true, said = fitting(y, predicted, "predicted")
    called = named(names, true.shape[1], "names", "output ")
    panels, told = [], []
    for i, name in enumerate(called):
        name = name if names is not None or true.shape[1] > 1 else ""
        off, p = true[:, i] - said[:, i], said[:, i]
        at = thinned(len(off))
        points = Points(p[at], off[at], "", "c1")
        zero = Rule(y=0.0, colour="ink", dash="dashed")
        panels.append(Panel((points, zero), name, Axis("predicted"), Axis("residual: true less predicted")))
        counts, edges = counted_in_bins(off, min(MOST_BINS, max(5, int(np.sqrt(len(off))))))
        middle = (edges[:-1] + edges[1:]) / 2
        bars = Bars(middle, counts, colour="c1", width=float(edges[1] - edges[0]) * 0.94)
        mean, spread = float(off.mean()), float(off.std())
        panels.append(
            Panel((bars, Rule(x=0.0, colour="ink", dash="dashed")), name, Axis("residual"), Axis("rows"))
        )
        told.append(
            f"Residuals{f' of {name}' if name else ''}: mean {mean:.3g}, standard deviation {spread:.3g}."
        )
    return Picture(panels, "Residuals", words=" ".join(told[:3]), columns=2, notes=about_thinned(len(true)))
