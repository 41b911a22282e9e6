"""Mean and standard deviation of a column, in float64 and never infinite."""

import numpy as np

from chainrule.errors import DataError


def mean_and_std(values: np.ndarray, column: str) -> tuple[float, float]:
    """Return mean and standard deviation of finite numbers, shape (rows,).

    A standard deviation of 0 becomes 1, so that one may divide by it. Numbers whose squares overflow raise
    :class:`~chainrule.errors.DataError`.

    >>> mean_and_std(np.array([1.0, 3.0]), "size")
    (2.0, 1.0)
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(values.mean()), float(values.std())
    if not np.isfinite([mean, std]).all():
        raise DataError(
            f"Column {column!r} holds numbers up to {np.abs(values).max():.3g}; their spread overflows.\n"
            "Give it in a larger unit, or take its logarithm."
        )
    return mean, std or 1.0
