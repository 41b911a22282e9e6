"""The rows of a fit: those that are learned from, and those that only say how good it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from chainrule.errors import DataError
from chainrule.shown import counted


@dataclass(frozen=True)
class Rows:
    """Examples, as a network takes them.

    Attributes:
        X: One row for each, an array or a sparse matrix.
        y: Their targets, encoded.
        weight: What each weighs, or None.
        factor: What the class of each weighs, or None: it counts where something is learned, and in no score.
        known: X and y as a scorer is given them, or None: these.
    """

    X: Any
    y: np.ndarray
    weight: np.ndarray | None = None
    factor: np.ndarray | None = None
    known: tuple[Any, Any] | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def __getitem__(self, rows: Any) -> "Rows":
        weights = [None if x is None else x[rows] for x in (self.weight, self.factor)]
        return Rows(self.X[rows], self.y[rows], *weights)

    @property
    def mass(self) -> np.ndarray | None:
        """What each weighs where something is learned, its class counted."""
        if self.weight is None or self.factor is None:
            return self.factor if self.weight is None else self.weight
        return np.asarray(self.weight * self.factor, self.weight.dtype)


def split_off(rows: Rows, share: float, random_state: Any, stratify: Any) -> tuple[Rows, Rows]:
    """Return the rows to learn from and those to be scored on, as ``train_test_split`` cuts them.

    Raises:
        ValueError: If less than two are left to be scored on, in scikit-learn's words.
    """
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 -- for early stopping alone

    learned, held = train_test_split(
        np.arange(len(rows)), random_state=random_state, test_size=share, stratify=stratify
    )
    if len(held) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
        )
    return rows[learned], rows[held]


def check_numbers(y: np.ndarray, before: int | None, counts: bool, name: str) -> None:
    """Raise where targets that are numbers have other columns than those that are known, or are counts below 0.

    Args:
        y: The targets, (rows,) or (rows, columns).
        before: How many columns there were before, or None.
        counts: Whether they are counts.
        name: What the user calls them.

    Raises:
        DataError: Which of both it is.

    >>> check_numbers(np.zeros((3, 2)), 1, False, "y_val")
    Traceback (most recent call last):
        ...
    chainrule.errors.DataError: y_val has 2 columns, and there was 1 in the targets that were learned from before.
    """
    columns = 1 if y.ndim == 1 else y.shape[1]
    if before not in (None, columns):
        were = "was 1" if before == 1 else f"were {before}"
        raise DataError(
            f"{name} has {counted(columns, 'column')}, and there {were} in the targets that were learned from before."
        )
    if counts and (least := np.asarray(y, np.float64).min()) < 0:
        raise DataError(
            f"{name} goes down to {least:g}, and loss='poisson' is of counts: none is below 0. Take "
            "loss='squared_error'."
        )


def cast(x: Any, dtype: np.dtype) -> Any:
    """Return numbers in a dtype; labels stay whole numbers, a sparse matrix stays one."""
    if scipy.sparse.issparse(x):
        return x.astype(dtype, copy=False)
    return x if x.dtype.kind == "i" and x.ndim == 1 else np.asarray(x, dtype)
