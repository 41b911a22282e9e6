"""How good probabilities are: curves over all thresholds, and whether they say what they promise."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError
from chainrule.explaining.pictures.marks import Bars, Line, Mark, Rule
from chainrule.explaining.pictures.measuring import (
    average_precision,
    brier,
    precision_points,
    roc_points,
    said_and_true,
)
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.truths import Question, questions, telling, thinned
from chainrule.shown import in_a_row
from chainrule.train.fit.settings import whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["calibration", "precision_recall", "roc", "thresholds"]

SIZE = (420.0, 420.0)
MOST_CURVES = 8
MOST_PLACES = 400  # of a curve
SHARES = (-0.02, 1.02)


@public
def roc(y: "ArrayLike", p: "ArrayLike", classes: Sequence[Any] | None = None) -> Picture:
    """Draw the ROC curve: what share of yes each threshold finds, against the share of no that it takes for yes.

    Of two classes there is one curve, of the second class; of several, or of several labels, one for each against all
    others. The area under it (AUC) is the chance that a row of yes has a larger probability than one of no.

    Args:
        y: The true label of each row, ``(n,)``; of several yes-or-no labels ``(n, labels)`` of 0 and 1.
        p: The probability of the second class ``(n,)``, or those of all classes or labels, ``(n, classes)``. Of two
            classes any score does that is larger where yes is more likely.
        classes: The labels in the order of the columns of p; or their names, where they are whole numbers from 0.

    Returns:
        The picture.

    Raises:
        DataError: If there are no rows of both answers, or p has not a column for each class.
        ShapeError: If y and p have different numbers of rows.

    >>> picture = cr.pictures.roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> picture.panels[0].marks[0].name
    '1 (AUC 0.750)'
    """

    def curve(q: Question) -> tuple[np.ndarray, np.ndarray, float]:
        return roc_points(q.yes, q.said)

    guess = Line([0.0, 1.0], [0.0, 1.0], "guessing", "muted", "dotted")
    axes = Axis("share of no taken for yes", limits=SHARES), Axis("share of yes that is found", limits=SHARES)
    return _curves(
        questions(y, p, classes), curve, ("ROC curve", "AUC", "area under the ROC curve"), axes, guess
    )


@public
def precision_recall(y: "ArrayLike", p: "ArrayLike", classes: Sequence[Any] | None = None) -> Picture:
    """Draw precision against recall: what share of the yes that is said is right, against the share that is found.

    It tells more than :func:`pictures.roc` where yes is rare. The average precision (AP) is the mean of the precision
    over the steps of the recall, and that of guessing the share of yes.

    Args:
        y: As in :func:`pictures.roc`.
        p: Likewise.
        classes: Likewise.

    Returns:
        The picture.

    Raises:
        DataError: As of :func:`pictures.roc`.
        ShapeError: Likewise.

    >>> picture = cr.pictures.precision_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> picture.panels[0].marks[0].name
    '1 (AP 0.833)'
    """

    def curve(q: Question) -> tuple[np.ndarray, np.ndarray, float]:
        precision, recall, _ = precision_points(q.yes, q.said, corners=True)
        return recall, precision, average_precision(q.yes, q.said)

    asked = questions(y, p, classes)
    share = asked[0].yes.mean()
    guess = Line([0.0, 1.0], [share, share], "guessing", "muted", "dotted") if len(asked) == 1 else None
    axes = Axis("recall: share of yes that is found", limits=SHARES), Axis("precision", limits=SHARES)
    return _curves(asked, curve, ("Precision and recall", "AP", "average precision"), axes, guess, steps=True)


def _curves(
    asked: Sequence[Question],
    curve: Callable[[Question], tuple[np.ndarray, np.ndarray, float]],
    called: tuple[str, str, str],
    axes: tuple[Axis, Axis],
    guess: Mark | None,
    steps: bool = False,
) -> Picture:
    """Return a panel with a curve for each question, those of the least areas where there are many."""
    both, notes = telling(asked)
    found = [(q, *curve(q)) for q in both]
    title, short, long = called
    areas = [area for *_, area in found]
    if len(found) > MOST_CURVES:
        shown = sorted(np.argsort(areas, kind="stable")[:MOST_CURVES].tolist())
        notes += (f"Of {len(found)} classes those {MOST_CURVES} are drawn whose {long} is least.",)
        found = [found[i] for i in shown]
    marks: list[Mark] = []
    for q, x, height, area in found:
        at = thinned(len(x), MOST_PLACES)
        xs, ys = (x[at], height[at]) if not steps else _stairs(x[at], height[at])
        marks.append(Line(xs, ys, f"{q.name} ({short} {area:.3f})"))
    if guess is not None:
        marks.append(guess)
    mean = f", in the mean {np.mean(areas):.3f}" if len(areas) > 1 else ""
    words = f"The {long} is {in_a_row([f'{area:.3f} of {q.name}' for q, _, _, area in found])}{mean}."
    panel = Panel(marks, x=axes[0], y=axes[1], equal=True, size=SIZE)
    return Picture((panel,), title, words=words, notes=notes)


def _stairs(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve that keeps its height from the right until the next place: between them nothing is known."""
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


@public
def calibration(
    y: "ArrayLike", p: "ArrayLike", classes: Sequence[Any] | None = None, *, bins: int = 10
) -> Picture:
    """Draw whether probabilities are what they promise: of the rows said to be yes at 70 %, 70 % should be.

    The rows are put into bins of equal width by their probability. Beside the curve stands how many rows each has.

    Args:
        y: As in :func:`pictures.roc`.
        p: Likewise, probabilities from 0 to 1.
        classes: Likewise.
        bins: How many bins.

    Returns:
        The picture.

    Raises:
        DataError: As of :func:`pictures.roc`, and where p is no probability.
        ShapeError: Likewise.

    >>> picture = cr.pictures.calibration([0, 0, 1, 1], [0.1, 0.3, 0.8, 0.9], bins=2)
    >>> picture.panels[0].marks[0].x, picture.panels[0].marks[0].y
    (array([0.2 , 0.85]), array([0., 1.]))
    """
    bins = whole("bins", bins, 1, 100)
    both, notes = telling(_of_probabilities(questions(y, p, classes)))
    marks: list[Mark] = []
    told = []
    for q in both[:MOST_CURVES]:
        said, share = said_and_true(q.yes, q.said, bins)
        off = brier(q.yes, q.said)
        marks.append(Line(said, share, f"{q.name} (Brier {off:.3f})", marker="auto"))
        told.append(f"{off:.3f} of {q.name}")
    if len(both) > MOST_CURVES:
        notes += (f"The first {MOST_CURVES} of {len(both)} classes are drawn.",)
    marks.append(Line([0.0, 1.0], [0.0, 1.0], "what is promised", "muted", "dotted"))
    x, share_of_yes = Axis("said probability", limits=SHARES), Axis("share of yes", limits=SHARES)
    panels = [Panel(marks, x=x, y=share_of_yes, equal=True, size=SIZE)]
    if len(both) == 1:
        counts, edges = np.histogram(both[0].said, bins, (0.0, 1.0))
        middle = (edges[:-1] + edges[1:]) / 2
        bars = Bars(middle, counts, colour="c1", width=0.9 / bins)
        panels.append(Panel((bars,), "", Axis("said probability", limits=SHARES), Axis("rows")))
    words = f"The Brier score (the mean squared error of a probability, 0 at best) is {in_a_row(told)}."
    return Picture(tuple(panels), "Calibration", words=words, columns=len(panels), notes=notes)


@public
def thresholds(y: "ArrayLike", p: "ArrayLike", classes: Sequence[Any] | None = None) -> Picture:
    """Draw what each threshold gives: precision, recall and F1 where yes is said from that probability on.

    Args:
        y: As in :func:`pictures.roc`.
        p: Likewise.
        classes: Likewise.

    Returns:
        The picture; several classes or labels have a panel each. A line stands where F1 is largest.

    Raises:
        DataError: As of :func:`pictures.roc`.
        ShapeError: Likewise.

    >>> picture = cr.pictures.thresholds([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> picture.words
    'F1 of 1 is largest, 0.800, where yes is said from 0.35 on: precision 0.667, recall 1.000.'
    """
    both, notes = telling(questions(y, p, classes))
    if len(both) > MOST_CURVES:
        notes += (f"The first {MOST_CURVES} of {len(both)} classes are drawn.",)
    panels, told = [], []
    for q in both[:MOST_CURVES]:
        precision, recall, at = precision_points(q.yes, q.said)
        precision, recall = precision[:-1], recall[:-1]  # the last is of no threshold
        total = precision + recall
        f1 = np.divide(2 * precision * recall, total, out=np.zeros(len(at)), where=total > 0)
        best = int(f1.argmax())
        kept = thinned(len(at), MOST_PLACES)
        curves = {"precision": precision, "recall": recall, "F1": f1}
        lines = tuple(Line(at[kept], each[kept], name) for name, each in curves.items())
        rule = Rule(
            x=float(at[best]),
            name=f"largest F1, {f1[best]:.3f}, at {at[best]:.3g}",
            colour="muted",
            dash="dashed",
        )
        several = q.name if len(both) > 1 else ""
        panels.append(Panel((*lines, rule), several, Axis("threshold"), Axis("", limits=SHARES)))
        told.append(
            f"F1 of {q.name} is largest, {f1[best]:.3f}, where yes is said from {at[best]:.3g} on: "
            f"precision {precision[best]:.3f}, recall {recall[best]:.3f}."
        )
    title = f"Thresholds of {both[0].name}" if len(both) == 1 else "Thresholds"
    return Picture(tuple(panels), title, words=" ".join(told[:3]), notes=notes)


def _of_probabilities(asked: list[Question]) -> list[Question]:
    for q in asked:
        if q.said.min() < 0 or q.said.max() > 1:
            wrong = q.said.min() if q.said.min() < 0 else q.said.max()
            raise DataError(f"p holds {wrong:g}, which is no probability: they are from 0 to 1.")
    return asked
