"""What a model says of each point of a plane: its decision boundary with probabilities, or its surface."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import needing
from chainrule.explaining.pictures.examples import MOST_DRAWN, Truth, look_of, points_of, truth_of
from chainrule.explaining.pictures.grids import Grid, around, grid_of, middles, rounded
from chainrule.explaining.pictures.marks import Contours, Heat, Line, Mark, Points, Rule
from chainrule.explaining.pictures.neurons import curves_of_neurons, half_planes, maps_of_neurons
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.planes import Plane, plane
from chainrule.explaining.pictures.readings import Reading, read
from chainrule.explaining.pictures.truths import about_thinned
from chainrule.shown import counted, in_a_row
from chainrule.train.fit.settings import whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["boundary"]

SIZE = (420.0, 400.0)
FEW_ROWS = 20  # of which a number says more than a share
PLACES = 400  # of a curve
STRONGEST = 0.999  # how sure a cell of a class may be, below the next class


@public
def boundary(
    model: Any,
    X: "ArrayLike",
    y: "ArrayLike | None" = None,
    features: Any = (0, 1),
    *,
    neurons: bool = False,
    units: bool = False,
    level: float | None = None,
    classes: Sequence[Any] | None = None,
    output: int | None = None,
    steps: int = 100,
) -> Picture:
    """Draw what a model says of each point of a plane: where it says yes, how sure it is, and the rows it is about.

    Of two classes the colour is the probability of the second, with a line where it is one half; of several it is the
    likeliest class, stronger where it is surer; of numbers a surface with its contours. A table of one column, or one
    feature, gives a curve, with the place where it crosses the level.

    Args:
        model: A :class:`Network`, or a fitted estimator as scikit-learn has them.
        X: The rows that it is about, ``(n, columns)``, an array or a DataFrame; they say how far the map reaches.
        y: What is true of them: classes or numbers, ``(n,)``. Without it no rows are drawn.
        features: Two columns, by position or by name, or one. All others are held at their medians, and words at the
            most frequent; the picture says so.
        neurons: Whether a small map follows for each hidden neuron of a network, with a line where its sum z is 0; of
            one column, its curve.
        units: Whether the lines are drawn where a neuron of the first hidden layer has z = 0, with an arrow to the
            half-plane in which it is active.
        level: Where the line is: by default at a probability of 0.5; of numbers at round ones.
        classes: What the classes are called, in their order.
        output: Which output is drawn of a network that has several numbers, or yes-or-no labels.
        steps: So many cells from left to right, and from bottom to top.

    Returns:
        The picture; with y its title says how many rows are right.

    Raises:
        DataError: If the model does not predict, features are no columns, a number is not finite, or neurons are asked
            of what is no network.
        ShapeError: If X is no table, or y has another number of rows.
        UnknownNameError: If there is no column of a name.

    OR by one neuron, whose line separates one point from three:

    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 1])
    >>> network = cr.Network([cr.Dense(1, "sigmoid")], input_shape=2, seed=0)
    >>> network.parameters["W1"], network.parameters["b1"] = [[1.0], [1.0]], [-0.5]
    >>> cr.pictures.boundary(network, X, y).title
    'Decision boundary: 4 of 4 rows right'
    """
    steps = whole("steps", steps, 4, 1001)
    reading, where = read(model, classes, output), plane(X, features)
    truth = None if y is None else truth_of(y, reading, classes, len(where.seen))
    title, right = _title(reading, X, truth, level)
    if where.seen.shape[1] == 1:
        panels, said = _curve(reading, where, truth, level)
        if neurons:
            panels += curves_of_neurons(model, where)
    else:
        grid = grid_of(where.seen, steps)
        marks, said = map_of(reading, grid, reading.says(where.rows(grid.points)), level)
        if units:
            marks += half_planes(model, where, grid)
        marks += points_of(truth, where.seen[:, 0], where.seen[:, 1])
        x, height = Axis(where.names[0], limits=grid.x), Axis(where.names[1], limits=grid.y)
        panels = [Panel(marks, x=x, y=height, size=SIZE)]
        if neurons:
            panels += maps_of_neurons(model, where, truth, steps)
    notes = [where.held, *(about_thinned(len(where.seen), MOST_DRAWN) if truth else ())]
    words = f"{_what(reading)} over {' and '.join(where.names)}. {said}{right}"
    return Picture(panels, title, words=words.strip(), notes=[note for note in notes if note])


def map_of(reading: Reading, grid: Grid, found: np.ndarray, level: float | None) -> tuple[list[Mark], str]:
    """Return the colours and lines of what a model says of the places of a grid, and what there is to say of them."""
    if len(reading.names) == 2:
        yes, at = found[:, 1], 0.5 if level is None else level
        label = f"probability of {reading.names[1]}"
        heat = Heat(grid.square(yes), grid.x, grid.y, "diverging", (0, 1), label=label, faint=True)
        lines = grid.contours(yes, [at])
        return [heat, Contours(lines, colour="ink")], _share(yes > at, reading.names[1])
    if reading.names:
        winner, sure = found.argmax(axis=1), found.max(axis=1)
        strength = np.minimum(sure, STRONGEST)
        heat = Heat(
            grid.square(winner + strength), grid.x, grid.y, "classes", (0, len(reading.names) - 1), bar=False
        )
        lines = tuple(
            piece for i in range(len(reading.names)) for piece in grid.contours(_lead(found, i), [0.0])
        )
        shares = np.bincount(winner, minlength=len(reading.names)) / len(winner)
        told = [f"{share:.0%} {name}" for share, name in zip(shares, reading.names, strict=True)]
        return [heat, Contours(lines, colour="ink")], f"Of the map {in_a_row(told)}. "
    low, high = float(found.min()), float(found.max())
    heat = Heat(grid.square(found), grid.x, grid.y, label="prediction", faint=True)
    levels = rounded(low, high) if level is None else [level]
    drawn = Contours(grid.contours(found, levels), colour="ink", texts=level is None)
    return [heat, drawn], f"It says {low:.3g} to {high:.3g}. "


def _lead(found: np.ndarray, place: int) -> np.ndarray:
    """Return by how much a class is likelier than the likeliest other."""
    return found[:, place] - np.delete(found, place, axis=1).max(axis=1)


def _share(yes: np.ndarray, name: str) -> str:
    return f"Of the map {yes.mean():.0%} {'is' if yes.any() else 'are'} {name}. "


def _what(reading: Reading) -> str:
    if not reading.names:
        return "What is predicted"
    if len(reading.names) == 2:
        return f"The probability of {reading.names[1]}"
    return f"The likeliest of {counted(len(reading.names), 'class', 'classes')}"


def _title(reading: Reading, X: Any, truth: Truth | None, level: float | None) -> tuple[str, str]:
    """Return the title, and how good the model is on the rows, in words."""
    kind = "Decision boundary" if reading.names else "Prediction"
    of_two = (
        truth is not None and len(truth.names) == 2 and level is not None
    )  # numbers, and yes above a level
    if truth is None or not (reading.names or of_two):
        return kind, ""
    rows = np.asarray(X, np.float64).reshape(-1, 1) if not hasattr(X, "iloc") and np.ndim(X) == 1 else X
    found = reading.says(rows)
    if level is not None and len(reading.names) in (0, 2):
        said = (found[:, 1] if reading.names else found) > level
    else:
        said = found.argmax(axis=1)
    right, many = int((said == truth.codes).sum()), len(said)
    told = (
        f"{right} of {counted(many, 'row')} right"
        if many <= FEW_ROWS
        else f"{right / many:.1%} of {many:,} rows right"
    )
    return f"{kind}: {told}", f"{right:,} of {counted(many, 'row')} right."


def _curve(
    reading: Reading, where: Plane, truth: Truth | None, level: float | None
) -> tuple[list[Panel], str]:
    """Return what a model says along one column, and where it crosses the level."""
    low, high = around(where.seen[:, 0])
    x = middles((low, high), PLACES)
    found, seen = reading.says(where.rows(x[:, None])), where.seen[:, 0]
    two = len(reading.names) == 2
    level = 0.5 if two and level is None else level
    marks: list[Mark] = []
    if two or not reading.names:
        name = f"probability of {reading.names[1]}" if two else "prediction"
        marks.append(Line(x, found[:, 1] if two else found, name, "c1", ""))
        said = _crossings(reading, where, x, level, marks)
    else:
        marks += [
            Line(x, each, name, look_of(i, 3)[0])
            for i, (name, each) in enumerate(zip(reading.names, found.T, strict=True))
        ]
        said = ""
    marks += _rows(reading, where, truth, seen)
    label = "probability" if reading.names else "prediction"
    return [Panel(marks, x=Axis(where.names[0], limits=(low, high)), y=Axis(label))], said


def _rows(reading: Reading, where: Plane, truth: Truth | None, seen: np.ndarray) -> list[Points]:
    """Return the rows: of numbers and of two classes at what is true, of several at what is said of their class."""
    if truth is None:
        return []
    if len(reading.names) > 2:
        heights = reading.says(where.rows(seen[:, None]))[np.arange(len(seen)), truth.codes]
    else:
        heights = np.asarray(truth.codes, float)
    return points_of(truth, seen, heights, told=False)


def _crossings(reading: Reading, where: Plane, x: np.ndarray, level: float | None, marks: list[Mark]) -> str:
    """Mark the places where the curve crosses the level, to all digits, and say which they are."""
    with needing("cr.pictures.boundary"):
        from scipy.optimize import brentq  # noqa: PLC0415 -- SciPy's optimizers take long to import

    if level is None:
        return ""

    def above(at: float) -> float:
        said = reading.says(where.rows(np.array([[at]])))
        return float(said[0, 1] if said.ndim == 2 else said[0]) - level

    signs = np.sign([above(at) for at in x])
    marks.append(Rule(y=level, name=f"level {level:g}", dash="dotted"))
    found = [
        float(brentq(above, x[i], x[i + 1]))
        for i in np.flatnonzero(np.diff(signs) != 0)
        if signs[i] * signs[i + 1] <= 0
    ]
    found = sorted({round(place, 12) for place in found})
    marks += [
        Rule(x=place, name=f"threshold {where.names[0]} = {place:.4g}", colour="ink") for place in found
    ]
    if not found:
        return f"The level {level:g} is crossed nowhere. "
    return f"The level {level:g} is crossed at {where.names[0]} = {in_a_row([f'{place:.6g}' for place in found])}. "
