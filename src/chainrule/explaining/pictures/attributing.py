"""What made a prediction what it is, and which columns matter, as pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, ShapeError, short
from chainrule.explaining.attributing import Attributions
from chainrule.explaining.importance import PermutationImportance
from chainrule.explaining.pictures.marks import Bars, Heat, Mark, Rule, Spans
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.shown import cut

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["attributions", "importance"]

MOST_BARS = 12  # what matters less is one bar
HIGH = 26  # pixels of a bar with its name


@public
def attributions(found: Attributions, row: int = 0, image: "ArrayLike | None" = None) -> Picture:
    """Draw what made a prediction what it is: bars with names, or a map over a picture.

    Of a table, of words and of short sequences each part has a bar, the largest first; those that matter least are one.
    Of pictures, and of sequences of several features, a map shows what raised the prediction and what lowered it;
    channels are added up.

    Args:
        found: What ``cr.attributions`` returned.
        row: Which of its rows, from 0.
        image: The picture itself, (height, width) or (height, width, channels): drawn beside the map.

    Returns:
        The picture.

    Raises:
        DataError: If there is no such row, or there are several inputs.
        ShapeError: If the image has another shape than the map.

    >>> network = cr.Network([cr.Dense(1, initializer=[[2.0], [-1.0]])], input_shape=2)
    >>> picture = cr.pictures.attributions(cr.attributions(network, [[3.0, 1.0]]))
    >>> picture.panels[0].marks[0].heights.round(3)
    array([ 6., -1.])
    """
    if not isinstance(found, Attributions):
        raise DataError(
            f"Attributions are drawn, as cr.attributions(network, X) returns them; found {short(found)}."
        )
    if not isinstance(row, int | np.integer) or not 0 <= row < len(found.of):
        raise DataError(f"There are rows 0 to {len(found.of) - 1}; found row {short(row)}.")
    if len(found.parts) > 1:
        names = ", ".join(found.parts)
        raise DataError(
            f"There are {len(found.parts)} inputs ({names}), and one is drawn: give a network of one input."
        )
    (values,) = (np.asarray(each[row], np.float64) for each in found.parts.values())
    if values.ndim > 1:
        panels = _maps(values, image)
    elif image is not None:
        raise ShapeError("There is a number for each part of a row, and no map that could lie over an image.")
    else:
        panels = (_bars([(n, v) for n, v in found.largest(int(row), values.size)], "adds to the prediction"),)
    of = f" of {found.of[row]}" if isinstance(found.of[row], str) else ""
    told = "; ".join(f"{cut(name, 30)} {value:+.3g}" for name, value in found.largest(int(row), 3))
    held = (
        "they add up to what is between"
        if found.check.holds[row]
        else "they do not add up to what is between"
    )
    words = (
        f"The prediction{of} is {found.predicted[row]:.4g}, that of the baseline {found.baseline[row]:.4g}; {held}. "
        f"Most: {told}."
    )
    return Picture(panels, f"By {found.method.replace('_', ' ')}", words)


@public
def importance(found: PermutationImportance) -> Picture:
    """Draw how much each column matters to a score: by how much it is worse where the column is shuffled.

    Args:
        found: What ``cr.permutation_importance`` returned.

    Returns:
        The picture: a bar for each column, the one that matters most first, with a standard deviation to both sides.

    Raises:
        DataError: If that is something else.

    >>> network = cr.Network([cr.Dense(1, initializer=[[1.0], [0.0]])], input_shape=2)
    >>> picture = cr.pictures.importance(cr.permutation_importance(network, np.eye(2), [1.0, 0.0]))
    >>> [text for place, text in picture.panels[0].y.ticks]
    ['x[0]', 'x[1]']
    """
    if not isinstance(found, PermutationImportance):
        raise DataError(
            f"An importance is drawn, as cr.permutation_importance(network, X, y) returns it; found {short(found)}."
        )
    rows = found.rows
    panel = _bars(
        [(name, mean) for name, mean, _ in rows],
        f"{found.metric} is worse by",
        [(mean - std, mean + std) for _, mean, std in rows],
    )
    most = ", ".join(f"{cut(name, 30)} {mean:.3g}" for name, mean, _ in rows[:3])
    words = f"{found.metric} is {found.score:.4g}; where a column is shuffled it is worse, most by {most}."
    return Picture((panel,), "Importance of columns", words)


def _bars(parts: Sequence[tuple[str, float]], label: str, spans: Sequence[tuple[float, float]] = ()) -> Panel:
    """Return lying bars with names, the first on top; of many, the last are one."""
    shown = list(parts[:MOST_BARS])
    if rest := parts[MOST_BARS:]:
        shown.append((f"{len(rest):,} others", float(sum(value for _, value in rest))))
    places, values = np.arange(len(shown)), np.array([value for _, value in shown])
    colours = ["negative" if value < 0 else "positive" for value in values]
    marks: list[Mark] = [
        Bars(places, values, colours=colours, horizontal=True, texts=[f"{v:+.3g}" for v in values])
    ]
    if spans:
        low, high = np.array(spans[:MOST_BARS]).T
        marks = [Bars(places, values, colours=colours, horizontal=True)]
        marks.append(Spans(places[: len(low)], low, high, horizontal=True, colour="ink"))
    ticks = [(float(place), cut(name, 28)) for place, (name, _) in enumerate(shown)]
    ends = [0.0, *values, *(end for span in spans for end in span)]
    room = 0.16 * (max(ends) - min(ends))  # for the numbers at the ends of bars
    limits = min(ends) - room * (min(ends) < 0), max(ends) + room * (max(ends) > 0)
    x = Axis(label, limits=limits if room else None)
    y = Axis(ticks=ticks, limits=(-0.6, len(shown) - 0.4), reversed=True)
    size = 430, 90 + HIGH * len(shown)
    return Panel([*marks, Rule(x=0.0, colour="muted")], x=x, y=y, legend=False, size=size)


def _maps(values: np.ndarray, image: "ArrayLike | None") -> tuple[Panel, ...]:
    """Return a map of what raises and lowers a prediction, beside the picture it is of."""
    summed = values if values.ndim == 2 else values.reshape(*values.shape[:2], -1).sum(axis=-1)
    hidden = Axis(scale="none"), Axis(scale="none", reversed=True)
    title = f"adds {summed.min():+.2g} to {summed.max():+.2g}"
    heat = Heat(summed, palette="diverging", label="adds to the prediction")
    panel = Panel([heat], title, *hidden, equal=True)
    if image is None:
        return (panel,)
    seen = np.asarray(image, np.float64)
    seen = seen.reshape(*seen.shape[:2], -1).mean(axis=-1) if seen.ndim > 2 else seen
    if seen.shape != summed.shape:
        raise ShapeError(
            f"The image has shape {seen.shape}, and what lies over it {summed.shape}: give that of the row."
        )
    return Panel([Heat(seen, palette="grey", bar=False)], "what was given", *hidden, equal=True), panel
