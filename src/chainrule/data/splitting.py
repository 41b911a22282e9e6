"""Which rows are learned from and which judge: drawn by the seed, by whole groups, or the last ones in time."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from chainrule.data.belonging import Belonging, Groups, Times
from chainrule.data.labels import encode_target
from chainrule.data.target import Target
from chainrule.data.words import check_columns, checked_table, listed
from chainrule.data.written import texts_of
from chainrule.errors import DataError
from chainrule.random import Draws
from chainrule.shown import counted

FEWEST_ROWS = 5
_MOST_STRATA = 20  # that are balanced where whole groups are dealt


class Split(NamedTuple):
    """A table in two parts, each in its old order and with its old index; ``notes`` are to be printed."""

    train: pd.DataFrame
    test: pd.DataFrame
    notes: tuple[str, ...]


def split(
    frame: pd.DataFrame,
    *,
    test_fraction: float = 0.2,
    seed: int = 0,
    stratify: str | None = None,
    belonging: Belonging | None = None,
) -> Split:
    """Hold back a part of the rows for a test: a random one, whole groups, or the last in time.

    ``stratify`` names a column whose values (classes) get the same shares in both parts. One row of each
    class always stays in training, since a class that training never saw cannot be predicted; where groups
    or times decide, as far as they let it. A fraction of 0 holds nothing back. Fewer than 5 rows, or a
    fraction outside [0, 1), raise :class:`~chainrule.errors.DataError`.

    >>> table = pd.DataFrame({"x": range(10), "kind": list("aabababbba")})
    >>> train, test, notes = split(table, test_fraction=0.4, stratify="kind")
    >>> len(train), sorted(test["kind"]), notes
    (6, ['a', 'a', 'b', 'b'], ())
    """
    frame = checked_table(frame)
    rows = len(frame)
    check_fraction(test_fraction)
    if test_fraction and rows < FEWEST_ROWS:
        raise DataError(
            f"This table has {counted(rows, 'row')}, too few to hold some back for a test (at least "
            f"{FEWEST_ROWS}).\nAdd rows, or hold back nothing: test_fraction=0."
        )
    strata = np.zeros(rows, dtype=np.intp)
    notes: tuple[str, ...] = ()
    if stratify is not None:
        check_columns(frame, [stratify])
        strata, values = pd.factorize(texts_of(frame[stratify]))
        single = values[np.bincount(strata[strata >= 0]) == 1]
        notes = _about_single_rows(stratify, single) if belonging in (None, Belonging()) else ()
    is_test = held_back(strata, test_fraction, seed, belonging or Belonging())
    return Split(frame[~is_test], frame[is_test], notes)


def check_fraction(test_fraction: float) -> None:
    """Raise :class:`~chainrule.errors.DataError` for what is no share of the rows."""
    if not 0 <= test_fraction < 1:
        raise DataError(f"test_fraction must be at least 0 and below 1, got {test_fraction}.")


def held_back(strata: np.ndarray, fraction: float, seed: int, belonging: Belonging) -> np.ndarray:
    """Return which rows are held back, truth values of shape (rows,).

    ``strata`` has a number for each row; those of one number are held back in their share.
    """
    rows = len(strata)
    if not fraction:
        return np.zeros(rows, bool)
    if belonging.times is not None:
        return np.asarray(_pieces(belonging.times, [1 - fraction, fraction], "test") == 1)
    if belonging.groups is not None:
        return np.asarray(_by_group(strata, belonging.groups, [1 - fraction, fraction], seed) == 1)
    by_stratum = _shuffled_by(strata, Draws(seed, "split"))
    _, first_of_stratum = np.unique(strata[by_stratum], return_index=True)
    free = np.delete(by_stratum, first_of_stratum)
    count = min(round(fraction * rows) or 1, len(free))
    # every (len(free) / count)-th row of a list sorted by stratum: each stratum in its share
    chosen = free[np.arange(count) * len(free) // max(count, 1)]
    return np.isin(np.arange(rows), chosen)


def folds(
    strata: np.ndarray, count: int, seed: int, belonging: Belonging
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the positions of the rows that each fold learns from, and of those that judge it.

    Each row judges once. In time those of a fold are all before those that judge it (expanding windows), so the first
    of ``count + 1`` pieces judges nothing.

    >>> two = folds(np.array([0, 0, 1, 1]), 2, 0, Belonging())
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
        raise DataError(
            f"Column {groups.column!r} has {counted(number, 'group')}, and {len(shares)} parts are asked for; a group "
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


def _about_single_rows(column: str, values: pd.Index) -> tuple[str, ...]:
    if not len(values):
        return ()
    return (
        f"{counted(len(values), 'class', 'classes')} of '{column}' ({listed(values)}) "
        f"{'has' if len(values) == 1 else 'have'} a single row, kept for training: "
        "the test says nothing about it.",
    )
