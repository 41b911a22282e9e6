"""How much more alike rows are that share something than any two rows are."""

import numpy as np

CHANCE = 5.0  # standard errors, beyond which rows are not alike by chance


def likeness(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the intraclass correlation of each column of some values, shape (columns,); 0 where chance may be all.

    1 says that rows of one group have one value, 0 that groups tell nothing of it (Fisher 1925; of groups of unequal
    sizes after Donner 1986).

    Args:
        codes: The group of each row, by number from 0, shape (rows,); fewer groups than rows.
        values: Finite numbers, shape (rows, columns).

    >>> pairs = np.repeat(np.arange(50), 2)
    >>> likeness(pairs, np.column_stack([pairs, np.arange(100) % 2])).round(2).tolist()
    [1.0, 0.0]
    """
    sizes = np.bincount(codes).astype(float)
    groups, rows = len(sizes), len(codes)
    centred = values - values.mean(axis=0)
    sums = np.column_stack([np.bincount(codes, column, minlength=groups) for column in centred.T])
    of_means = (sums**2 / sizes[:, None]).sum(axis=0)
    between = of_means / (groups - 1)
    within = np.maximum((centred**2).sum(axis=0) - of_means, 0) / (rows - groups)
    usual_size = (rows - (sizes**2).sum() / rows) / (groups - 1)
    spread = between + (usual_size - 1) * within
    found = np.divide(between - within, spread, out=np.zeros_like(spread), where=spread > 1e-12)
    # the logarithm of their ratio is nearly normal (Fisher 1924)
    by_chance = np.exp(CHANCE * np.sqrt(2 / (groups - 1) + 2 / (rows - groups)))
    return np.where(between > by_chance * within, found, 0.0)
