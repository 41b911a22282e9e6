"""What was found of each class, and what was taken for what: as text, and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.shown import WIDE, columns, counted, cut

MOST_CLASSES = 8  # whose confusion is a table, and of each of which is told what was found
WORST = 5
MOST_DENSE = 100
NAME = 24


@dataclass(frozen=True)
class ClassFound:
    """How many rows a class has, and how many of them were found.

    Attributes:
        label: The class, or the column of one of several labels, of which the rows are those that have it.
        rows: How many rows are of it.
        found: How many of them were predicted to be.
        said: How many rows were predicted to be of it, rightly or not.

    >>> ClassFound("spam", rows=40, found=30, said=60).precision
    0.5
    """

    label: str
    rows: int
    found: int
    said: int

    @property
    def precision(self) -> float | None:
        """The share of what was predicted to be of this class that is; None where nothing was."""
        return self.found / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        """The share of this class that was found; None where there is no row of it."""
        return self.found / self.rows if self.rows else None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {**vars(self), "precision": self.precision, "recall": self.recall}


Cells = tuple[tuple[int, ...], ...]


def found_of(
    labels: Sequence[str], true: np.ndarray, said: np.ndarray
) -> tuple[tuple[ClassFound, ...], Cells]:
    """Return what was found of each class, and the cells of the confusion that hold rows.

    ``true`` and ``said`` are the positions of classes, shape (rows,); of several labels yes or no, (rows, labels),
    which are not taken for each other.

    >>> found_of(["a", "b"], np.array([0, 0, 1]), np.array([0, 1, 1]))[1]
    ((0, 0, 1), (0, 1, 1), (1, 1, 1))
    """
    if true.ndim == 2:
        numbers = ((true.sum(axis=0)), (true & said).sum(axis=0), said.sum(axis=0))
        each = zip(labels, *(n.tolist() for n in numbers), strict=True)
        return tuple(ClassFound(*one) for one in each), ()
    many = len(labels)
    pairs, times = np.unique(true * many + said, return_counts=True)
    cells = tuple((int(p) // many, int(p) % many, int(n)) for p, n in zip(pairs, times, strict=True))
    rows, of_said = np.bincount(true, minlength=many).tolist(), np.bincount(said, minlength=many).tolist()
    right = np.bincount(true[true == said], minlength=many).tolist()
    return tuple(ClassFound(*one) for one in zip(labels, rows, right, of_said, strict=True)), cells


def dense(classes: Sequence[ClassFound], cells: Cells) -> dict[str, Any] | None:
    """Return the confusion as a matrix, a row for each class; of very many classes, the cells that hold rows."""
    if not cells:
        return None
    labels = [each.label for each in classes]
    if len(labels) > MOST_DENSE:
        return {"labels": labels, "cells": [list(cell) for cell in cells]}
    counts = [[0] * len(labels) for _ in labels]
    for true, said, rows in cells:
        counts[true][said] = rows
    return {"labels": labels, "counts": counts}


def confusion_table(classes: Sequence[ClassFound], cells: Cells) -> list[tuple[str, ...]]:
    """Return the confusion as a table with heads; [] where there is none, or too many classes for one."""
    found = dense(classes, cells) if len(classes) <= MOST_CLASSES else None
    if found is None:
        return []
    labels = [cut(label, NAME) for label in found["labels"]]
    body = zip(labels, found["counts"], strict=True)
    return [("true \\ predicted", *labels), *((label, *(f"{n:,}" for n in row)) for label, row in body)]


def confusion_lines(classes: Sequence[ClassFound], cells: Cells) -> list[str]:
    """Return the lines of the table, where it fits the screen."""
    lines = columns(table) if (table := confusion_table(classes, cells)) else []
    return ["", *lines, ""] if lines and len(lines[0]) <= WIDE else []


def words_by_class(classes: Sequence[ClassFound], cells: Cells) -> list[str]:
    """Say what was found and missed of each class; of many classes, of those of which least was found."""
    if not classes:
        return []
    if cells and len(classes) == 2:
        return [_of_two(*classes), f"Precision and recall: {'; '.join(map(_shares, classes))}."]
    if len(classes) <= MOST_CLASSES:
        return [_of(each) for each in classes]
    there = [each for each in classes if each.rows]
    worst = sorted(there, key=lambda each: each.recall or 0.0)[:WORST]
    lines = [f"Of {len(classes):,} classes least was found of these:", *map(_of, worst)]
    mistakes = sorted(((n, t, s) for t, s, n in cells if t != s), key=lambda cell: (-cell[0], cell[1:]))[
        :WORST
    ]
    if mistakes:
        pairs = "; ".join(
            f"{_name(classes[t])} for {_name(classes[s])} ({n:,} of {classes[t].rows:,})"
            for n, t, s in mistakes
        )
        lines.append(f"Most often taken for another: {pairs}.")
    return lines


def _of_two(no: ClassFound, yes: ClassFound) -> str:
    wrong = yes.said - yes.found
    return (
        f"Of {counted(yes.rows, 'row')} of {_name(yes)} {yes.found:,} {_were(yes.found)} found and "
        f"{yes.rows - yes.found:,} missed; of {no.rows:,} of {_name(no)} {wrong:,} {_were(wrong)} taken for "
        f"{_name(yes)}."
    )


def _of(each: ClassFound) -> str:
    recall = "" if each.recall is None else f" (recall {each.recall:.3f})"
    of = f"{_name(each)}: of {counted(each.rows, 'row')} {each.found:,} {_were(each.found)} found{recall}"
    if each.precision is None:
        return f"{of}; it was never predicted."
    right = "is" if each.found == 1 else "are"
    return (
        f"{of}; of {each.said:,} predicted to be so {each.found:,} {right} (precision {each.precision:.3f})."
    )


def _shares(each: ClassFound) -> str:
    precision, recall = ("none" if x is None else f"{x:.3f}" for x in (each.precision, each.recall))
    return f"{precision} and {recall} of {_name(each)}"


def _name(each: ClassFound) -> str:
    return repr(cut(each.label, NAME))


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
