"""Holding rows back for a test."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from chainrule.data.words import check_columns, checked_table, listed
from chainrule.data.written import texts_of
from chainrule.errors import DataError
from chainrule.random import Draws
from chainrule.shown import counted

FEWEST_ROWS = 5


class Split(NamedTuple):
    """A table in two parts, each in its old order and with its old index; ``notes`` are to be printed."""

    train: pd.DataFrame
    test: pd.DataFrame
    notes: tuple[str, ...]


def split(
    frame: pd.DataFrame, *, test_fraction: float = 0.2, seed: int = 0, stratify: str | None = None
) -> Split:
    """Hold back a random part of the rows for a test.

    ``stratify`` names a column whose values (classes) get the same shares in both parts. One row of each
    class always stays in training, since a class that training never saw cannot be predicted. A fraction of
    0 holds nothing back. Fewer than 5 rows, or a fraction outside [0, 1), raise
    :class:`~chainrule.errors.DataError`.

    >>> table = pd.DataFrame({"x": range(10), "kind": list("aabababbba")})
    >>> train, test, notes = split(table, test_fraction=0.4, stratify="kind")
    >>> len(train), sorted(test["kind"]), notes
    (6, ['a', 'a', 'b', 'b'], ())
    """
    frame = checked_table(frame)
    rows = len(frame)
    if not 0 <= test_fraction < 1:
        raise DataError(f"test_fraction must be at least 0 and below 1, got {test_fraction}.")
    if test_fraction and rows < FEWEST_ROWS:
        raise DataError(
            f"This table has {counted(rows, 'row')}, too few to hold some back for a test (at least "
            f"{FEWEST_ROWS}).\nAdd rows, or hold back nothing: test_fraction=0."
        )
    groups = np.zeros(rows, dtype=np.intp)
    notes: tuple[str, ...] = ()
    if stratify is not None:
        check_columns(frame, [stratify])
        groups, values = pd.factorize(texts_of(frame[stratify]))
        notes = _about_single_rows(stratify, values[np.bincount(groups[groups >= 0]) == 1])

    shuffled = Draws(seed, "split").permutation(rows)
    by_group = shuffled[np.argsort(groups[shuffled], kind="stable")]
    _, first_of_group = np.unique(groups[by_group], return_index=True)
    free = np.delete(by_group, first_of_group)
    count = min(round(test_fraction * rows) or bool(test_fraction), len(free))
    # every (len(free) / count)-th row of a list sorted by group: each group in its share
    chosen = free[np.arange(count) * len(free) // max(count, 1)]
    is_test = np.isin(np.arange(rows), chosen)
    return Split(frame[~is_test], frame[is_test], notes)


def _about_single_rows(column: str, values: pd.Index) -> tuple[str, ...]:
    if not len(values):
        return ()
    return (
        f"{counted(len(values), 'class', 'classes')} of '{column}' ({listed(values)}) "
        f"{'has' if len(values) == 1 else 'have'} a single row, kept for training: "
        "the test says nothing about it.",
    )
