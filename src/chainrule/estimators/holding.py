"""The rows of a fit: those that are learned from, and those that only say how good it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse


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


def cast(x: Any, dtype: np.dtype) -> Any:
    """Return numbers in a dtype; labels stay whole numbers, a sparse matrix stays one."""
    if scipy.sparse.issparse(x):
        return x.astype(dtype, copy=False)
    return x if x.dtype.kind == "i" and x.ndim == 1 else np.asarray(x, dtype)
