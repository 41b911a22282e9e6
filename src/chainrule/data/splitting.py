"""Which rows are learned from and which judge: drawn by the seed, by whole groups, or the last ones in time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from chainrule.data.belonging import NOTHING_TOGETHER, Belonging, Groups, Times
from chainrule.data.labels import encode_target
from chainrule.data.target import Target
from chainrule.data.words import listed
from chainrule.errors import DataError
from chainrule.random import Draws
from chainrule.shown import counted

FEWEST_ROWS = 5
_MOST_STRATA = 20  # that are balanced where whole groups are dealt


def held_back(
    strata: np.ndarray, fraction: float, seed: int = 0, belonging: Belonging = NOTHING_TOGETHER
) -> np.ndarray:
    """Return which rows are held back, truth values of shape (rows,): random ones, whole groups, or the last in time.

    ``strata`` has a number for each row, such as its class. Rows of one number are held back in their share, and one
    of them is always left, since a class that training never saw cannot be predicted; where groups or times decide, as
    far as they let it. A fraction of 0 holds nothing back. Fewer than 5 rows, or a fraction outside [0, 1), raise
    :class:`~chainrule.errors.DataError`.

    >>> kinds = np.array([0, 0, 1, 0, 1, 0, 1, 1, 1, 0])
    >>> sorted(kinds[held_back(kinds, 0.4)].tolist())
    [0, 0, 1, 1]
    """
    rows = len(strata)
    if not 0 <= fraction < 1:
        raise DataError(f"test_fraction must be at least 0 and below 1, got {fraction}.")
    if not fraction:
        return np.zeros(rows, bool)
    if rows < FEWEST_ROWS:
        raise DataError(
            f"This table has {counted(rows, 'row')}, too few to hold some back for a test (at least "
            f"{FEWEST_ROWS}).\nAdd rows, or hold back nothing: test_fraction=0."
        )
    if belonging.times is not None:
        return np.asarray(_pieces(belonging.times, [1 - fraction, fraction], "test") == 1)
    if belonging.groups is not None:
        return np.asarray(_by_group(strata, belonging.groups, [1 - fraction, fraction], seed) == 1)
    strata = pd.factorize(strata)[0]
    by_stratum = _shuffled_by(strata, Draws(seed, "split"))
    _, first_of_stratum = np.unique(strata[by_stratum], return_index=True)
    free = np.delete(by_stratum, first_of_stratum)
    count = min(round(fraction * rows) or 1, len(free))
    # every (len(free) / count)-th row of a list sorted by stratum: each stratum in its share
    chosen = free[np.arange(count) * len(free) // max(count, 1)]
    return np.isin(np.arange(rows), chosen)


def folds(
    strata: np.ndarray, count: int, seed: int = 0, belonging: Belonging = NOTHING_TOGETHER
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the positions of the rows that each fold learns from, and of those that judge it.

    Each row judges once. In time those of a fold are all before those that judge it (expanding windows), so the first
    of ``count + 1`` pieces judges nothing.

    >>> two = folds(np.array([0, 0, 1, 1]), 2)
    >>> [len(learn) for learn, _ in two], sorted(row for _, judge in two for row in judge.tolist())
    ([2, 2], [0, 1, 2, 3])
    """
    rows = len(strata)
    if count < 2 or count > rows:
        raise DataError(f"folds must be from 2 to the number of rows, {rows:,}; found {count}.")
    if belonging.times is not None:
        piece = _pieces(belonging.times, [1 / (count + 1)] * (count + 1), "folds")
        return [(np.flatnonzero(piece < k), np.flatnonzero(piece == k)) for k in range(1, count + 1)]
    if belonging.groups is not None:
        piece = _by_group(strata, belonging.groups, [1 / count] * count, seed)
    else:
        piece = np.empty(rows, np.intp)
        piece[_shuffled_by(strata, Draws(seed, "folds"))] = np.arange(rows) % count
    return [(np.flatnonzero(piece != k), np.flatnonzero(piece == k)) for k in range(count)]


def strata_of(target: Target, frame: pd.DataFrame) -> np.ndarray:
    """Return a number for each row, shape (rows,): rows of equal ones are alike in what is predicted.

    They are the classes; of numbers the tenths of their range, by rank; of several columns what they hold together, in
    an order by the rarest label, so that rows with neighbouring numbers are alike too.

    >>> from chainrule.data.target import fit_target
    >>> table = pd.DataFrame({"a": [0, 1, 0, 1], "b": [0, 0, 1, 0]})
    >>> strata_of(fit_target(table, ["a", "b"]), table).tolist()
    [0, 1, 2, 1]
    """
    y = encode_target(target, frame)
    if target.task == "regression":
        ranks = np.argsort(np.argsort(y, axis=0, kind="stable"), axis=0, kind="stable")
        parts = 10 if y.shape[1] == 1 else 4
        y = ranks * min(parts, max(1, len(y) // 10)) // max(len(y), 1)
    elif target.task == "multilabel":
        y = y[:, np.argsort(y.mean(axis=0), kind="stable")]
    return np.asarray(np.unique(y, axis=0, return_inverse=True)[1]).reshape(-1)


def about_rare_classes(column: str, labels: pd.Series, fewest: int = 2) -> tuple[str, ...]:
    """Return a sentence about classes of so few rows that not all parts can have one.

    >>> about_rare_classes("kind", pd.Series(["a", "b", "a"]))
    ("1 class of 'kind' (b) has a single row, kept for training: the test says nothing about it.",)
    """
    codes, values = pd.factorize(labels)
    rare = np.asarray(values, dtype=object)[np.bincount(codes[codes >= 0]) < fewest]
    if not len(rare):
        return ()
    have = "has" if len(rare) == 1 else "have"
    which = f"{counted(len(rare), 'class', 'classes')} of '{column}' ({listed(rare)}) {have}"
    if fewest == 2:
        return (f"{which} a single row, kept for training: the test says nothing about it.",)
    return (
        f"{which} fewer rows than there are folds: not every fold judges {'it' if len(rare) == 1 else 'them'}.",
    )


def _shuffled_by(strata: np.ndarray, draws: Draws) -> np.ndarray:
    """Return the positions of all rows, sorted by stratum and shuffled within each."""
    shuffled = draws.permutation(len(strata))
    return shuffled[np.argsort(strata[shuffled], kind="stable")]


def _pieces(times: Times, shares: Sequence[float], what: str) -> np.ndarray:
    """Return for each row the number of its piece in time; equal times are in one piece, and none is empty."""
    distinct, ranks, sizes = np.unique(times.values, return_inverse=True, return_counts=True)
    if len(distinct) < len(shares):
        raise DataError(
            f"Column {times.column!r} has {counted(len(distinct), 'different time')}, and {len(shares)} are needed to "
            f"tell what comes later ({what}).\nRows of one time stay together: name another column, or fewer folds."
        )
    ends, last = np.cumsum(sizes), 0
    pieces = np.zeros(len(distinct), np.intp)
    for number, wanted in enumerate(np.cumsum(shares)[:-1] * len(ranks), start=1):
        after = int(np.abs(ends - wanted).argmin()) + 1  # the first time of the piece
        last = min(max(after, last + 1), len(distinct) - len(shares) + number)
        pieces[last:] = number
    return np.asarray(pieces[ranks])


def _by_group(strata: np.ndarray, groups: Groups, shares: Sequence[float], seed: int) -> np.ndarray:
    """Return for each row the number of its part: whole groups, dealt so that sizes and strata come near the shares.

    From the large to the small each group goes where it lessens what is lacking most, by the sum of squared
    deviations over what is wanted (Pearson's chi-square).
    """
    units, strata = groups.codes, np.unique(strata, return_inverse=True)[1]
    if (number := int(units.max()) + 1) < len(shares):
        which = f"Column {groups.column!r} has {counted(number, 'group')}"
        if not groups.column:
            which = f"The table has {counted(number, 'row')} that differ"
        raise DataError(
            f"{which}, and {len(shares)} parts are asked for; a group "
            "stays together.\nName another column, or fewer folds."
        )
    ranks = np.argsort(np.argsort(-np.bincount(strata), kind="stable"), kind="stable")
    table = np.zeros((number, min(len(ranks), _MOST_STRATA)))
    np.add.at(table, (units, np.minimum(ranks[strata], _MOST_STRATA - 1)), 1.0)
    sizes = table.sum(axis=1)
    table = np.column_stack([table[:, table.sum(axis=0) > 0], sizes])
    wanted = np.outer(shares, table.sum(axis=0))
    held, part = np.zeros_like(wanted), np.zeros(number, np.intp)
    drawn = Draws(seed, "groups").permutation(number)
    for unit in drawn[np.argsort(-np.floor(np.log2(sizes[drawn])), kind="stable")]:
        more = table[unit] * (2 * (held - wanted) + table[unit]) / wanted
        part[unit] = more.sum(axis=1).argmin()
        held[part[unit]] += table[unit]
    for empty in set(range(len(shares))) - set(part.tolist()):
        rich = np.bincount(part, minlength=len(shares)).argmax()
        part[min(np.flatnonzero(part == rich), key=lambda unit: sizes[unit])] = empty
    return np.asarray(part[units])
