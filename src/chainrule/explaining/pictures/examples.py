"""The examples that stand on a map: their classes or numbers, and the points that show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.explaining.pictures.marks import Points
from chainrule.explaining.pictures.readings import Reading
from chainrule.explaining.pictures.truths import coded, numbers_of, thinned
from chainrule.shown import counted

MOST_DRAWN = 800  # examples; numbers are taken of all
MOST_TOLD = 8  # examples that are called by their place
MARKERS = ("o", "s", "^", "d", "+", "x")
COLOURS = 8


@dataclass(frozen=True)
class Truth:
    """What is true of each row of a table.

    Attributes:
        names: What the classes are called; () of numbers.
        codes: The class of each row, by its position; of numbers these.
    """

    names: tuple[str, ...]
    codes: np.ndarray

    @property
    def kinds(self) -> list[tuple[str, np.ndarray]]:
        """The rows of each class that has some, by its name; of numbers all of them."""
        if not self.names:
            return [("rows", np.arange(len(self.codes)))]
        each = [(name, np.flatnonzero(self.codes == i)) for i, name in enumerate(self.names)]
        return [(name, rows) for name, rows in each if len(rows)]


def truth_of(y: Any, reading: Reading | None, classes: Sequence[Any] | None, rows: int) -> Truth:
    """Return what is true of each row, by the classes that a model knows; without a model, as y tells."""
    given = np.asarray(y)
    if given.ndim == 2 and given.shape[1] > 1 and (reading is None or len(reading.names) == given.shape[1]):
        given = given.argmax(axis=1)  # one-hot rows
    if given.ndim == 0 or len(given) != rows:
        raise ShapeError(
            f"X has {counted(rows, 'row')} and y {len(given) if given.ndim else 1}; expected as many."
        )
    if reading is not None and reading.names:
        labels = given.ravel().tolist()
        numbered = set(labels) <= set(reading.labels)
        _, (codes,) = coded(reading.labels if numbered else classes or reading.labels, ("y", given))
        return Truth(reading.names, codes)
    few = len(set(given.ravel().tolist())) <= COLOURS and (given.dtype.kind not in "f" or reading is not None)
    if given.dtype.kind in "OUSb" or classes is not None or (few and _whole(given)):
        names, (codes,) = coded(classes, ("y", given))
        return Truth(names, codes)
    return Truth((), numbers_of(given, "y").reshape(rows))


def _whole(given: np.ndarray) -> bool:
    return given.dtype.kind in "iu" or bool(np.all(given == np.round(given)))


def points_of(truth: Truth | None, x: np.ndarray, y: np.ndarray, told: bool = True) -> list[Points]:
    """Return the points of the rows, of each class in a marker and a colour of its own; of few, where each lies."""
    if truth is None:
        return []
    kinds, found = truth.kinds, []
    drawn = set(thinned(len(x), MOST_DRAWN).tolist())
    for name, rows in kinds:
        at = np.array([r for r in rows.tolist() if r in drawn], int)
        if not len(at):
            continue
        texts = _places(x[at], y[at]) if told and len(x) <= MOST_TOLD else ()
        place = truth.names.index(name) if truth.names else 0
        colour, marker = look_of(place, len(truth.names))
        found.append(Points(x[at], y[at], name if truth.names else "", colour, marker, texts=texts))
    return found


def _places(x: np.ndarray, y: np.ndarray) -> list[str]:
    """Return what stands beside each point; of those at one place beside the first."""
    found = [f"({a:.3g}, {b:.3g})" for a, b in zip(x, y, strict=True)]
    return [text if text not in found[:i] else "" for i, text in enumerate(found)]


def look_of(place: int, many: int) -> tuple[Any, Any]:
    """Return the colour and the marker of one of so many classes."""
    if many == 0:
        return "ink", "o"
    if many == 2:
        return ("negative", "positive")[place], MARKERS[place]
    return f"c{place % COLOURS + 1}", MARKERS[place % len(MARKERS)]
