"""Integrated gradients: the gradient added up on the straight way from a baseline to a row (Sundararajan 2017).

On every piece of the way what the gradient promises, ``∇f · Δx``, can be held against what the prediction does,
``f(end) - f(begin)``. Pieces where they differ are halved: so a kink of a ReLU takes a few steps in place of thousands.
"""

from dataclasses import dataclass

import numpy as np

from chainrule.explaining.ways import ROUNDED, Way
from chainrule.graph.evaluate import Arrays

MOST_NUMBERS = 2**24  # of points that are there at a time: 64 MB
PIECES, MOST_STEPS = 16, 4096  # of a way at first, and at most
STRICTER = (2.0**-5, 2.0**-8, 2.0**-11)  # a piece may be off by such a share of what all may be


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of the ways of some rows.

    Attributes:
        row: Whose way it is a piece of, by its place among those rows.
        begin: Where it begins, from 0 to 1.
        length: How long it is.
        before: The explained output where it begins.
        after: The same where it ends.
    """

    row: np.ndarray
    begin: np.ndarray
    length: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def part(self, some: np.ndarray | slice) -> "Pieces":
        """Return some of them."""
        return Pieces(*(each[some] for each in vars(self).values()))

    def halved(self, middle: np.ndarray) -> "Pieces":
        """Return both halves of each, where ``middle`` is the explained output in its middle."""
        half = self.length / 2
        return Pieces(
            np.concatenate([self.row, self.row]),
            np.concatenate([self.begin, self.begin + half]),
            np.concatenate([half, half]),
            np.concatenate([self.before, middle]),
            np.concatenate([middle, self.after]),
        )


def integrated(way: Way, tolerance: float) -> tuple[dict[str, np.ndarray], int]:
    """Return integrated gradients by input, and how many steps the longest way took.

    Args:
        way: The ways.
        tolerance: How far the attributions of a row may be off, as a share of what their sizes add up to.
    """
    totals = [np.zeros(x.shape) for x in way.moving(way.here)]
    rows, taken = np.arange(way.rows), np.zeros(way.rows, np.int64)
    at_a_time = max(1, MOST_NUMBERS // (way.size * PIECES))
    for stricter in STRICTER:
        for first in range(0, len(rows), at_a_time):
            some = rows[first : first + at_a_time]
            found, steps = _along(way, some, tolerance * stricter)
            taken[some] += steps
            for total, each in zip(totals, found, strict=True):
                total[some] = each
        parts = way.times_distance(totals)
        rows = rows[~way.adds_up(parts, tolerance)[rows]]
        if not len(rows) or taken[rows].min() >= MOST_STEPS:
            break
    return parts, int(taken.max())


def _along(way: Way, rows: np.ndarray, share: float) -> tuple[Arrays, np.ndarray]:
    """Return the mean gradient on the way of each of some rows, and in how many steps it was found.

    ``share`` is how far a piece may be off, of all that the prediction goes up and down on the way.
    """
    marks = np.linspace(0.0, 1.0, PIECES + 1)
    values = np.stack([_values(way, rows, np.full(len(rows), t)) for t in marks], axis=1)
    allowed = share * np.abs(np.diff(values)).sum(axis=1) + ROUNDED / PIECES * np.abs(values).max(axis=1)
    todo = Pieces(
        np.repeat(np.arange(len(rows)), PIECES), np.tile(marks[:-1], len(rows)),
        np.full(len(rows) * PIECES, 1 / PIECES), values[:, :-1].ravel(), values[:, 1:].ravel(),
    )  # fmt: skip
    totals = [np.zeros((len(rows), *x.shape[1:])) for x in way.moving(way.here)]
    taken, together = np.zeros(len(rows), np.int64), max(1, MOST_NUMBERS // way.size)
    while len(todo.row):
        np.add.at(taken, todo.row, 1)
        halves: list[Pieces] = []
        for begin in range(0, len(todo.row), together):
            piece = todo.part(slice(begin, begin + together))
            whose = rows[piece.row]
            middle, slopes = way.sensed.at(points(way, whose, piece.begin + piece.length / 2), whose)
            promised = way.rise(slopes, whose) * piece.length
            off = np.abs(piece.after - piece.before - promised) > allowed[piece.row]
            off &= taken[piece.row] < MOST_STEPS
            kept = ~off
            for total, slope in zip(totals, slopes, strict=True):
                length = piece.length[kept].reshape(-1, *[1] * (slope.ndim - 1))
                np.add.at(total, piece.row[kept], slope[kept] * length)
            halves.append(piece.part(off).halved(middle[off]))
        todo = Pieces(
            *(np.concatenate(each) for each in zip(*(vars(h).values() for h in halves), strict=True))
        )
    return totals, taken


def points(way: Way, rows: np.ndarray, shares: np.ndarray) -> Arrays:
    """Return points on the ways of rows, a share of the way from the baseline each."""
    found: Arrays = []
    for base, x in zip(way.start, way.here, strict=True):
        t = shares.reshape(-1, *[1] * (x.ndim - 1))
        found.append((base[rows] + t * (x[rows].astype(np.float64) - base[rows])).astype(x.dtype))
    return found


def _values(way: Way, rows: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return way.sensed.at(points(way, rows, shares), rows)[0]
