"""What is found out of a table about which of its rows belong together, where its owner says nothing."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from chainrule.data.belonging import Groups
from chainrule.data.kinds import NEARLY_ALL, found_in
from chainrule.data.labels import encode_target
from chainrule.data.repeated import repeated
from chainrule.data.series import series
from chainrule.data.target import Target
from chainrule.data.told import Told
from chainrule.shown import counted

MOST_CLASSES = 20
FEWEST = 20  # rows that differ, where others are copies
LEAST = 0.05  # of the rows, from which on copies matter
AGREE = 1.1  # what differs with its target, over what differs without, at most: else the same was seen anew


def found_together(
    frame: pd.DataFrame, target: Target, taken: Sequence[str] = (), groups: bool = True, times: bool = True
) -> tuple[str | None, str | None, str]:
    """Return the column that says which rows stay together, or that of the times of a series, and a sentence.

    Args:
        frame: Rows that have all their targets.
        target: What is predicted.
        taken: Columns that are inputs for certain, since their owner said so.
        groups: Whether groups are looked for.
        times: Whether times are.

    >>> who = np.repeat(np.arange(20), 3)
    >>> table = pd.DataFrame({"patient": who, "age": 40 + who % 9, "ill": ["no", "yes", "no"] * 20})
    >>> from chainrule.data.target import fit_target
    >>> found_together(table, fit_target(table, "ill"))[:2]
    ('patient', None)
    """
    truth = _as_numbers(target, frame)
    perhaps = repeated(frame, truth, target.columns, taken) if groups else None
    if perhaps and perhaps.sure:
        return perhaps.column, None, perhaps.says
    if times and (found := series(frame, truth, target.columns)):
        return None, found.column, found.says
    return None, None, perhaps.says if perhaps else ""


def _as_numbers(target: Target, frame: pd.DataFrame) -> np.ndarray:
    """Return what is predicted, shape (rows, columns): ranks, so that no single number decides, or 1 for each class."""
    truth = encode_target(target, frame)
    if target.task == "regression":
        return np.asarray(pd.DataFrame(truth).rank().to_numpy(), dtype=float)
    if target.task == "multilabel":
        return truth
    classes = np.argsort(-np.bincount(truth), kind="stable")[:MOST_CLASSES]
    return np.asarray(truth[:, None] == classes).astype(float)


def copies(
    frame: pd.DataFrame, targets: Sequence[str], taken: Sequence[str] = ()
) -> tuple[Groups | None, str]:
    """Return which rows are copies of each other, if many are, and a sentence; None where they are alike by chance.

    By chance rows are alike that have few values in each column, such as answers to five questions; and the same may be
    seen again, with another outcome. Copies have one outcome, and a column that nearly tells them apart. What numbers
    the rows is no input, and differs between copies, unless it is among those ``taken``.

    >>> table = pd.DataFrame({"x": np.arange(40) ** 0.5, "y": np.arange(40) % 7})
    >>> groups, says = copies(pd.concat([table] * 3), ["y"])
    >>> len(set(groups.codes.tolist())), says[:60]
    (40, '120 of 120 rows are copies of each other: such are kept toge')
    >>> copies(table, ["y"])
    (None, '')
    """
    of_cells = {
        name: pd.util.hash_array(_cells(column))
        for name, column in frame.items()
        if name in targets or name in taken or not _numbers_rows(column)
    }
    inputs = [column for name, column in of_cells.items() if name not in targets]
    if not inputs:
        return None, ""
    distinct, codes, counts = np.unique(_joined(inputs, len(frame)), return_inverse=True, return_counts=True)
    copied = counts[codes] > 1
    if copied.mean() < LEAST or len(distinct) < FEWEST:
        return None, ""
    whole = _joined(list(of_cells.values()), len(frame))
    outcomes = len(np.unique(whole[copied])) / int((counts > 1).sum())
    if outcomes > AGREE or 2 * max(len(np.unique(column)) for column in inputs) < len(distinct):
        return None, ""
    return Groups("", codes), (
        f"{int(copied.sum()):,} of {counted(len(frame), 'row')} are copies of each other: such are kept together, so "
        "that none judges what another taught. If new rows are copies too: group='none'."
    )


def _numbers_rows(column: pd.Series) -> bool:
    """Say whether a column has another value in nearly each row, and is left out for that."""
    several = column.nunique() >= NEARLY_ALL * len(column)
    return several and found_in(column, Told()).kind == "identifier"


def _cells(column: pd.Series) -> np.ndarray:
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufb"
    return column.to_numpy() if plain else pd.factorize(np.array([str(x) for x in column], dtype=object))[0]


def _joined(columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """Return a number for each row, of the numbers of its cells."""
    found = np.zeros(rows, np.uint64)
    for column in columns:
        found = found * np.uint64(6364136223846793005) + column
    return found
