"""How much nearer to the truth several networks are together than what is known of each by itself.

Out of fold a row has what one network says of it, a new row what all of them say together. That is nearer: what each
is off by itself is averaged away, what all are off alike stays (Krogh & Vedelsby 1995). How much is averaged away is
told by rows of which two networks speak that learned from neither: by how far these are from each other.
"""

from collections.abc import Sequence

import numpy as np

from chainrule.models.base import Ready
from chainrule.models.out_of_fold import Ensemble, at_epoch, in_step
from chainrule.models.prepared import Prepared


def nearer(
    ready: Ready[Prepared],
    ensemble: Ensemble,
    others: Ensemble | None,
    share: float,
    mixed: np.ndarray,
    plain: np.ndarray,
) -> np.ndarray:
    """Return what was said out of fold, moved as near to the truth as all networks together would be.

    Args:
        ready: What was learned from.
        ensemble: The networks that decide.
        others: More of them on some of the same folds.
        share: How much networks say beside a linear model.
        mixed: What both say out of fold, shape (rows, columns).
        plain: What that model says.
    """
    truth = ready.learn[1].reshape(mixed.shape)
    off: list[np.ndarray] = []
    judged: list[np.ndarray] = []
    for each in [ensemble] if others is None else [ensemble, others]:
        for member, own in zip(each.members, each.epochs, strict=True):
            rows = ready.data.folds[member.fold % len(ready.data.folds)][1]
            said = at_epoch(ready, member, ensemble.variant, ensemble.epochs[0] if in_step(ready) else own)
            off.append(share * said + (1 - share) * plain[rows] - truth[rows])
            judged.append(rows)
    times = np.bincount(np.concatenate(judged[: len(ensemble.members)]), minlength=len(truth))
    return truth + (mixed - truth) * nearness(off, judged, times, len(ensemble.members))


def nearness(
    off: Sequence[np.ndarray], judged: Sequence[np.ndarray], times: np.ndarray, members: int
) -> np.ndarray:
    """Return for each column how far off the mean of ``members`` is, in units of what it is out of fold.

    Args:
        off: How far each network is off in rows that it did not learn from, shape (rows, columns).
        judged: Which rows these are.
        times: Of how many networks the mean is in each row, out of fold.
        members: Of how many it is in new rows.

    >>> alike, opposite = np.ones((4, 1)), -np.ones((4, 1))
    >>> rows, once = np.arange(4), np.ones(4)
    >>> nearness([alike, alike], [rows, rows], once, 8), nearness([alike, opposite], [rows, rows], once, 4)
    (array([1.]), array([0.5]))
    """
    columns = off[0].shape[1]
    count, total, squares = np.zeros((len(times), 1)), *np.zeros((2, len(times), columns))
    for errors, rows in zip(off, judged, strict=True):
        count[rows] += 1
        total[rows] += errors
        squares[rows] += errors**2
    several = count[:, 0] > 1
    if not several.any():
        return np.ones(columns)
    n = count[several]
    each, common = squares[several] / n, (total[several] / n) ** 2
    own = ((each - common) * n / (n - 1)).mean(axis=0)  # the part that the others do not share
    now = each.mean(axis=0) - own * (1 - (1 / times[times > 0]).mean())
    then = each.mean(axis=0) - own * (1 - 1 / members)
    return np.sqrt(np.clip(then / np.maximum(now, 1e-300), 1 / members, 1.0))
