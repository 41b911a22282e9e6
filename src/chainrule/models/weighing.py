"""What counts for how much, and what decides: weights of classes, thresholds, and the metric that is watched."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.data.labels import in_units, predicted_codes
from chainrule.data.target import Target
from chainrule.data.words import listed
from chainrule.data.written import places
from chainrule.errors import DataError, short
from chainrule.models.options import CHOICES
from chainrule.models.scores import larger_is_better
from chainrule.models.scoring import chosen, decides, measured
from chainrule.names import closest
from chainrule.shown import counted
from chainrule.train import measures
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.metrics import METRICS, Known, Metric, Watched

MOST_TRIED = 200  # thresholds
WORTH_SAYING = 0.01  # of f1
RELATIVE = ("mape", "mean_absolute_percentage_error")


def check_choices(target: Target, metric: Any, weight: Any, threshold: Any) -> None:
    """Raise for what makes no sense of a target, before anything is done."""
    chosen(target, metric)
    class_weights(target, weight)
    if threshold is None or target.task in ("binary", "multilabel"):
        return
    holds = "numbers" if target.task == "regression" else f"{len(target.classes)} classes"
    if len(target.classes) == 2:
        holds = (
            "two, each of which has a probability of its own with task='multiclass'; task='binary' has one"
        )
    raise DataError(
        f"threshold is for two classes, or for several labels; this target holds {holds}. Leave it out."
    )


def decided_at(target: Target, threshold: float | None) -> Target:
    """Return the target whose classes are said from another probability on; None leaves it as it is.

    >>> decided_at(Target("binary", ("kind",), ("ham", "spam"), (0.8, 0.2)), 0.3).thresholds
    (0.3,)
    """
    if threshold is None:
        return target
    found = CHOICES["threshold"].kind.read(threshold)
    if found is None or found == "best":
        raise DataError(
            "A threshold for predictions is a number between 0 and 1, neither of them; found "
            f"{short(threshold)}.\nThe best one is looked for in training."
        )
    check_choices(target, (), None, found)
    return with_thresholds(target, found)[0]


def class_weights(target: Target, choice: Any) -> dict[int, float] | None:
    """Return what each class weighs, by its number; None where rows are equal.

    "balanced" weighs a class by 1 / (classes · its share), so that all weigh the same together, as in scikit-learn. A
    class that a dict leaves out weighs 1.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.8, 0.2))
    >>> class_weights(target, "balanced"), class_weights(target, {"spam": 5})
    ({0: 0.625, 1: 2.5}, {0: 1.0, 1: 5.0})
    """
    if choice is None:
        return None
    if target.task not in ("binary", "multiclass"):
        holds, instead = "several labels", "threshold='best' finds more of the rare ones."
        if target.task == "regression":
            holds, instead = "numbers", "Leave it out."
        raise DataError(f"class_weight weighs the classes of one target; this one holds {holds}. {instead}")
    if choice == "balanced":
        known = sum(share > 0 for share in target.shares)  # of a class that all judge no row is learned from
        return {i: 1 / (known * share) if share else 1.0 for i, share in enumerate(target.shares)}
    labels = list(choice)
    found = dict.fromkeys(range(len(target.classes)), 1.0)
    for label, place in zip(labels, places(labels, target.classes), strict=True):
        if place < 0:
            near = closest(str(label), [str(each) for each in target.classes])
            hint = f" Did you mean {near!r}?" if near else ""
            raise DataError(
                f"class_weight names no class of '{target.columns[0]}': {str(label)!r}.{hint} Its classes are "
                f"{listed(target.classes, 8)}."
            )
        found[place] = float(choice[label])
    if not any(found.values()):
        raise DataError(
            "class_weight leaves no class that weighs anything; give one of them a weight above 0."
        )
    return found


def weights_of(by_class: Mapping[int, float] | None, y: np.ndarray) -> np.ndarray | None:
    """Return what each row weighs, of whose class ``y`` is the number; None where all are equal.

    >>> weights_of({0: 1.0, 1: 5.0}, np.array([0, 1, 1])).tolist()
    [1.0, 5.0, 5.0]
    """
    return None if by_class is None else np.array([by_class[i] for i in range(len(by_class))])[y]


def watching(target: Target, metric: Any, patience: int) -> tuple[tuple[Metric, ...], EarlyStopping]:
    """Return what is recorded of each epoch, and what decides which was best: the first metric, or the cost.

    Of epochs with the same value the one of the lower cost is the better: what is counted is alike for many. Numbers
    are measured in the target's units; of several, which may have different ones, as they are learned.
    """
    if not (named := _first(target, metric)):
        return (), EarlyStopping(patience)
    name, meant = named

    def value(y: np.ndarray, p: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
        y, p = (x.reshape(len(x), -1) if target.task != "multiclass" or x is p else x for x in (y, p))
        if target.task == "regression" and (len(target.columns) == 1 or name in RELATIVE):
            y, p = in_units(target, y), in_units(target, p)
        elif target.thresholds and decides(meant):
            p = predicted_codes(target, p).astype(p.dtype)
        return meant(y, p, sample_weight)

    larger = larger_is_better(name)
    stopping = EarlyStopping(patience, monitor=f"val_{name}", larger_is_better=larger, then_cost=True)
    return (Metric(value, name=name),), stopping


def with_thresholds(
    target: Target,
    choice: Any,
    metric: Any = (),
    rows: tuple[np.ndarray, np.ndarray] | None = None,
    that: str = "said when to stop",
) -> tuple[Target, str]:
    """Return the target with its thresholds, and a sentence about how they were found, or "".

    Args:
        target: What is predicted.
        choice: A number; "best", for what is best by the metric in rows that were not learned from; None for one half.
            Several labels have one threshold: that of each by itself would be luck where it is rare.
        metric: As in :func:`~chainrule.models.scoring.score`; the first counts, and f1 where that knows no threshold.
        rows: The encoded targets of such rows, and the outputs for them.
        that: What these rows did.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))
    >>> rows = np.array([0, 0, 1, 1]), np.array([[0.1], [0.2], [0.3], [0.9]])
    >>> with_thresholds(target, "best", rows=rows)
    (Target(task='binary', ...thresholds=(0.25,)), 'That is best by f1 in 4 rows that said when to stop.')
    """
    if choice is None:
        return target, ""
    if choice != "best":
        return replace(target, thresholds=(float(choice),) * target.width), ""
    if rows is None:
        return target, "No row said when to stop, so none says which threshold is best: it stays at 0.5."
    name, meant = _of_thresholds(target, metric)
    y, p = measured(target, *rows)
    how = f"That is best by {name} in {counted(len(y), 'row')} that {that}."
    return replace(target, thresholds=(_best(meant, y, p),) * target.width), how


def about_another(target: Target, rows: tuple[np.ndarray, np.ndarray], that: str) -> str:
    """Return a sentence about the threshold of several labels that is best by f1, where that is well above one half.

    One half, which nobody chose, has the fewest wrong labels; who looks for rare ones would rather find more of them.

    >>> target = Target("multilabel", ("u", "v"), ("no", "yes"), (0.5, 0.5))
    >>> about_another(target, (np.eye(2), 0.4 * np.eye(2)), "had not been seen")
    'Labels are said above a probability of 0.5. Above 0.2 f1 would be 1 instead of 0, in 2 rows that had not been ...'
    """
    if target.task != "multilabel" or target.thresholds:
        return ""
    f1, (y, p) = METRICS["f1"], measured(target, *rows)
    best = round(_best(f1, y, p), 3)
    found, usual = (float(f1(y, (p > t).astype(p.dtype))) for t in (best, 0.5))
    if not found > usual + WORTH_SAYING:
        return ""
    return (
        f"Labels are said above a probability of 0.5. Above {best:g} f1 would be {found:.3g} instead of {usual:.3g}, "
        f"in {counted(len(y), 'row')} that {that}: predict with threshold={best:g}."
    )


def _first(target: Target, metric: Any) -> tuple[str, Watched] | None:
    """Return the metric that decides; one of the user's own does not: nobody knows whether more of it is better."""
    first = next(iter(chosen(target, metric).items())) if metric else None
    return None if first is None or larger_is_better(first[0]) is None else first


def _of_thresholds(target: Target, metric: Any) -> tuple[str, Watched]:
    """Return the metric that a threshold is to be best by: one that a threshold changes, and that has a best one."""
    found = _first(target, metric)
    if found is None or not isinstance(found[1], Known) or not decides(found[1]):
        return "f1", METRICS["f1"]
    alone = found[1].formula in (
        measures.precision,
        measures.recall,
    )  # perfect where all is yes, or nearly nothing
    return ("f1", METRICS["f1"]) if alone else found


def _best(metric: Watched, y: np.ndarray, p: np.ndarray) -> float:
    """Return the threshold of outputs, shape (rows, outputs), that is best; of equal ones the nearest to one half."""
    levels = np.unique(np.append(p, [0.0, 1.0]).astype(np.float64))
    tried = (levels[1:] + levels[:-1]) / 2
    if len(tried) > MOST_TRIED:
        tried = tried[np.linspace(0, len(tried) - 1, MOST_TRIED).astype(int)]
    values = np.array([metric(y, (p > t).astype(p.dtype)) for t in tried])
    best = tried[values == values.max()]
    return float(best[np.abs(best - 0.5).argmin()])
