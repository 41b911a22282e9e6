"""A table made ready for a network: which rows are for what, and what those to learn from tell of its columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.cells import MISSING
from chainrule.data.columns import CategoryColumn, Columns, encode, fit_columns
from chainrule.data.labels import encode_target
from chainrule.data.splitting import FEWEST_ROWS, split
from chainrule.data.target import Target, alike_classes, drop_rows_without_target, target_columns, target_of
from chainrule.data.written import written_of

VALIDATION_FRACTION = 0.15


@dataclass(frozen=True)
class Prepared:
    """A table in three parts, as numbers.

    Attributes:
        learn: The rows to learn from.
        validation: Those that only say when to stop.
        test: Those that have no part in either.
        columns: What the first two tell of the columns.
        target: What they tell of what is predicted.
        notes: Sentences that the owner of the table should know.
    """

    learn: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    columns: Columns
    target: Target
    notes: tuple[str, ...]

    def arrays(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return features and targets of some of its rows."""
        return encode(self.columns, rows), encode_target(self.target, rows)


def prepare(
    table: pd.DataFrame,
    target: str | Sequence[str],
    task: str | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Prepared:
    """Make a table ready. All rows decide the task and with it how they are split; those of the test tell no more.

    See :func:`~chainrule.data.target.fit_target` and :func:`~chainrule.data.splitting.split`.
    """
    frame, dropped = drop_rows_without_target(table, target)
    whole = target_of(frame, target_columns(frame, target), task)
    by_class = whole.columns[0] if whole.task in {"binary", "multiclass"} else None
    training, test, notes = split(frame, test_fraction=test_fraction, seed=seed, stratify=by_class)
    fraction = VALIDATION_FRACTION if len(training) >= 4 * FEWEST_ROWS else 0.0
    # another seed, or the same rows of each class would be drawn again
    learn, validation, _ = split(training, test_fraction=fraction, seed=seed + 1, stratify=by_class)
    told = target_of(training, whole.columns, whole.task)
    columns = fit_columns(training.drop(columns=list(told.columns)))
    every = written_of(table).notes, dropped, alike_classes(told), notes, columns.notes
    return Prepared(learn, validation, test, columns, told, tuple(note for each in every for note in each))


def words_for_nothing(table: pd.DataFrame, columns: Columns, target: Target) -> dict[str, Sequence[str]]:
    """Return what the reader of the table was told, and where a usual word for nothing is a category or class."""
    known: dict[str, Sequence[Any]] = {
        each.name: each.categories for each in columns.columns if isinstance(each, CategoryColumn)
    }
    known |= dict.fromkeys(target.columns, target.classes)
    usual = {
        name: tuple(word for word in MISSING if word not in names)
        for name, names in known.items()
        if any(word in names for word in MISSING)
    }
    told = dict(written_of(table).missing)
    return told if "" in told else usual | told
