"""Sparse rows, which are written out a block at a time: what is written out at once has a bound."""

from typing import Any

import numpy as np
import scipy.sparse

BLOCK_BYTES = 2**25  # of sparse rows that are written out at a time


def written_out(X: Any) -> Any:
    """Return X, row after row in memory: a sparse one written out if it is small, else so that rows can be taken."""
    if not scipy.sparse.issparse(X):
        return np.ascontiguousarray(X)  # a frame's columns would be turned in each run
    return X.toarray() if rows_at_once(X) >= X.shape[0] else X.tocsr()


def rows_at_once(X: Any) -> int:
    """Return how many rows of a sparse matrix are written out at a time."""
    return max(1, BLOCK_BYTES // max(X.shape[1] * X.dtype.itemsize, 1))


def blocks(X: Any) -> list[slice]:
    """Return how the rows of a sparse matrix are cut to be written out, a block at a time.

    >>> blocks(scipy.sparse.csr_array((3, 2**22)))
    [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    size = rows_at_once(X)
    return [slice(start, start + size) for start in range(0, X.shape[0], size)]
