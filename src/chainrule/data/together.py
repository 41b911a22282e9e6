"""What is found out of a table about which of its rows belong together, where its owner says nothing."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from chainrule.data.labels import encode_target
from chainrule.data.repeated import repeated
from chainrule.data.series import series
from chainrule.data.target import Target

MOST_CLASSES = 20


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
