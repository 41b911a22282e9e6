"""What was taken for what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, ShapeError, short
from chainrule.explaining.pictures.marks import Heat
from chainrule.explaining.pictures.measuring import taken_for
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.truths import coded, fitting, named
from chainrule.graph.show import number
from chainrule.shown import counted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["confusion"]

MOST_TEXTS = 20  # classes, whose cells have room for a number
MOST_TOLD = 3


@public
def confusion(y: "ArrayLike", predicted: "ArrayLike", classes: Sequence[Any] | None = None) -> Picture:
    """Draw what was taken for what: how many rows of each class were predicted to be of which.

    A cell's number counts rows, its colour is the share of the rows of that class. Several yes-or-no labels have a
    panel each.

    Args:
        y: The true label of each row, ``(n,)``; of several yes-or-no labels ``(n, labels)`` of 0 and 1.
        predicted: Those that were predicted, of the same shape.
        classes: The labels in an order of your own; or their names, where they are whole numbers from 0.

    Returns:
        The picture.

    Raises:
        DataError: If there are no rows, one has no label, or one that is not among the classes; if what was predicted
            are probabilities.
        ShapeError: If the two are of different shapes.

    >>> picture = cr.pictures.confusion(["cat", "cat", "dog"], ["cat", "dog", "dog"])
    >>> picture.panels[0].marks[0].texts
    (('1', '1'), ('0', '1'))
    """
    true, said = np.asarray(y), np.asarray(predicted)
    _check_labels(true, said)
    if true.ndim == 2 and true.shape[1] > 1:
        true, said = fitting(y, predicted)
        names = named(classes, true.shape[1], "classes", "label ")
        pairs = zip(names, true.T.astype(int), said.T.astype(int), strict=True)
        tables: list[tuple[str, tuple[str, ...], np.ndarray]] = [
            (name, ("no", "yes"), taken_for(t, s, 2)) for name, t, s in pairs
        ]
    else:
        if true.ndim == 0 or said.ndim == 0:
            which, what = ("y", y) if true.ndim == 0 else ("predicted", predicted)
            raise DataError(f"{which} must hold a label for each row; found {short(what)}.")
        if len(true) != len(said):
            raise ShapeError(
                f"y has {counted(len(true), 'row')} and predicted {len(said)}; expected as many."
            )
        names, (t, s) = coded(classes, ("y", y), ("predicted", predicted))
        tables = [("", names, taken_for(t, s, len(names)))]
    right = sum(int(counts.trace()) for *_, counts in tables) / sum(
        int(counts.sum()) for *_, counts in tables
    )
    panels = tuple(_panel(title, names, counts) for title, names, counts in tables)
    told = " ".join(_words(title, names, counts) for title, names, counts in tables[:MOST_TOLD])
    return Picture(panels, f"Confusion: {right:.1%} right", words=told)


def _check_labels(true: np.ndarray, said: np.ndarray) -> None:
    """Raise where there are fractions, each of which would be a class of its own."""
    instead = {
        "y": "Numbers are compared by cr.pictures.predicted_against_true(y, predicted).",
        "predicted": "Give the classes that they lead to: network.predict_classes(X).",
    }
    for what, labels in (("y", true), ("predicted", said)):
        if labels.dtype.kind != "f":
            continue
        fractions = labels[np.isfinite(labels) & (labels != np.round(labels))]
        if fractions.size:
            raise DataError(f"{what} holds {number(fractions[0])}, which is no class. {instead[what]}")
    if said.ndim == 2 and said.shape[1] > 1 and true.size == len(true) == len(said):
        raise ShapeError(
            f"predicted has shape {said.shape}; expected one label for each row, as y has. "
            + instead["predicted"]
        )


def _panel(title: str, names: Sequence[str], counts: np.ndarray) -> Panel:
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, rows, out=np.zeros(counts.shape), where=rows > 0)
    many = len(names)
    texts = tuple(tuple(f"{n:,}" for n in row) for row in counts) if many <= MOST_TEXTS else None
    ticks = tuple(enumerate(names))
    heat = Heat(shares, limits=(0, 1), texts=texts, label="share")
    true = Axis("true", ticks=ticks, reversed=True)
    return Panel([heat], title, Axis("predicted", ticks=ticks), true, equal=True)


def _words(title: str, names: Sequence[str], counts: np.ndarray) -> str:
    """Say how many were right, and what was most often taken for what."""
    of = f"{title}: " if title else ""
    wrong = counts - np.diag(counts.diagonal())
    worst = np.argsort(wrong, axis=None, kind="stable")[::-1][:MOST_TOLD]
    pairs = [(divmod(int(place), len(names)), int(wrong.flat[place])) for place in worst if wrong.flat[place]]
    said = [f"{n:,} of {names[i]} for {names[j]}" for (i, j), n in pairs]
    mistakes = f"; most often taken for another: {', '.join(said)}" if said else ""
    return f"{of}{int(counts.trace()):,} of {counted(int(counts.sum()), 'row')} right{mistakes}."
