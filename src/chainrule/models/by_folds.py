"""What the folds of a cross-validation say together: means, and how far these can be believed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.models.scores import Scores

LEVEL = 0.95


def mean_of(scores: Sequence[Scores]) -> Scores:
    """Return the mean of the scores of several folds; a metric that has no value in some is the mean of the others."""
    return replace(
        scores[0],
        rows=sum(each.rows for each in scores),
        network=_means([each.network for each in scores]),
        baseline=_means([each.baseline for each in scores]),
        notes=(),
        folds=len(scores),
    )


def in_a_sentence(crossed: Scores) -> str:
    """Return the means over folds as a sentence, for scores that are those of other rows."""
    means = ", ".join(f"{name} {value:.4g}" for name, value in crossed.network.items())
    return f"By {crossed.folds} folds of the {crossed.rows:,} other rows, in the mean: {means}."


def _means(of: Sequence[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for each in of for name in each)
    return {name: float(np.mean([each[name] for each in of if name in each])) for name in names}


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
