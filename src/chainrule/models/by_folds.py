"""What the folds of a cross-validation say together: means, and how far these can be believed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.models.found import Cells, ClassFound
from chainrule.models.scores import Coverage, Scores, larger_is_better

LEVEL = 0.95
SHARES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "auc")


def mean_of(scores: Sequence[Scores]) -> Scores:
    """Return the mean of the scores of several folds; a metric that has no value in some is the mean of the others.

    What was found of each class is that of all folds together, in which each row was judged once.
    """
    first = scores[0]
    of = {
        "network": [each.network for each in scores],
        "linear": [each.linear for each in scores],
        "baseline": [each.baseline for each in scores],
    }
    if not all(of["linear"]):
        of["linear"] = []
    return replace(
        first,
        rows=sum(each.rows for each in scores),
        network=_means(of["network"]),
        baseline=_means(of["baseline"]),
        linear=_means(of["linear"]),
        linear_is=first.linear_is if of["linear"] else "",
        intervals=_intervals(of),
        classes=_together([each.classes for each in scores]),
        confusion=_counted([each.confusion for each in scores]),
        coverage=tuple(map(_covered, zip(*(each.coverage for each in scores), strict=False))),
        notes=(),
        folds=len(scores),
    )


def _intervals(of: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, tuple[float, ...]]]:
    """Return the intervals of all means, and of by how much the network is better in the same fold."""
    wanted: dict[str, dict[str, list[float]]] = {whose: _by_name(each) for whose, each in of.items()}
    for than in ("linear", "baseline"):
        gains = wanted[f"over_{than}"] = {}
        for mine, others in zip(of["network"], of[than], strict=False):
            for name in mine.keys() & others.keys():
                larger = larger_is_better(name)
                if larger is not None:
                    gain = mine[name] - others[name]
                    gains.setdefault(name, []).append(gain if larger else -gain)
    return {
        whose: {
            name: possible(name, ends) if whose in of else ends
            for name, values in names.items()
            if (ends := interval_over(values))
        }
        for whose, names in wanted.items()
    }


def possible(name: str, ends: tuple[float, float]) -> tuple[float, float]:
    """Return as much of an interval as a metric can be: Student's t knows nothing of that no share is above 1.

    >>> possible("accuracy", (0.9, 1.05)), possible("mae_price", (-2.0, 5.0)), possible("my_own", (-2.0, 5.0))
    ((0.9, 1.0), (0.0, 5.0), (-2.0, 5.0))
    """
    low, high = ends
    if any(name == share or name.startswith(f"{share}_") for share in SHARES):
        return max(low, 0.0), min(high, 1.0)
    if name == "r2" or name.startswith("r2_"):
        return low, min(high, 1.0)
    return (max(low, 0.0), high) if larger_is_better(name) is False else ends


def _together(classes: Sequence[tuple[ClassFound, ...]]) -> tuple[ClassFound, ...]:
    """Return what was found of each class in all folds."""
    return tuple(
        ClassFound(
            each[0].label, *(sum(getattr(x, part) for x in each) for part in ("rows", "found", "said"))
        )
        for each in zip(*classes, strict=False)
    )


def _counted(cells: Sequence[Cells]) -> Cells:
    """Return what was taken for what in all folds."""
    found: dict[tuple[int, int], int] = {}
    for true, said, rows in (cell for each in cells for cell in each):
        found[true, said] = found.get((true, said), 0) + rows
    return tuple((*pair, rows) for pair, rows in sorted(found.items()))


def _covered(each: Sequence[Coverage]) -> Coverage:
    """Return how many intervals held the truth in all folds."""
    rows = sum(one.rows for one in each)
    held = sum(one.held * one.rows for one in each) / rows
    return replace(each[0], width=float(np.mean([one.width for one in each])), held=held, rows=rows)


def in_a_sentence(crossed: Scores) -> str:
    """Return the means over folds as a sentence, for scores that are those of other rows."""
    means = ", ".join(f"{name} {value:.4g}" for name, value in crossed.network.items())
    return f"By {crossed.folds} folds of the {crossed.rows:,} other rows, in the mean: {means}."


def _by_name(of: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    names = dict.fromkeys(name for each in of for name in each)
    return {name: [each[name] for each in of if name in each] for name in names}


def _means(of: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean(values)) for name, values in _by_name(of).items()}


def interval_over(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean of one value for each fold, by Student's t; None for a single one.

    The networks of two folds share most of what they learned from, so that it is rather too narrow (Bengio & Grandvalet
    2004).

    >>> [round(end, 3) for end in interval_over([0.8, 0.9, 1.0])]
    [0.652, 1.148]
    """
    from scipy.special import stdtrit  # noqa: PLC0415 -- for folds alone

    count = len(values)
    if count < 2:
        return None
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / count**0.5
    far = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * error
    return mean - far, mean + far
